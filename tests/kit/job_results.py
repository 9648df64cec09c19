"""What a job's result says, in the form that tests compare."""

from idexx_sync.jobs.model import Job


def warnings(job: Job) -> dict[str, int]:
    assert job.result is not None, job.error_message
    return dict(job.result["warnings"])


def held(job: Job) -> dict[str, int]:
    """Cause -> how many records the job held back."""
    assert job.result is not None, job.error_message
    return dict(job.result["held"])


def counts(job: Job) -> dict[str, int]:
    """The job's counts that are not zero."""
    assert job.result is not None, job.error_message
    return {name: count for name, count in job.result["counts"].items() if count}
