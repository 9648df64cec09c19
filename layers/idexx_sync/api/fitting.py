"""Answers whose texts name no command that their reader can't run."""

from idexx_sync.operations.clinic_models import ClinicList, ClinicStatusView
from idexx_sync.operations.hints import for_the_api
from idexx_sync.operations.models import JobList, JobView


def fitting_job(job: JobView) -> JobView:
    """The job with a message and an error for whoever has only the API."""
    message = None if job.message is None else for_the_api(job.message)
    error = job.error
    if error is not None and error.message is not None:
        error = error.model_copy(update={"message": for_the_api(error.message)})
    return job.model_copy(update={"message": message, "error": error})


def fitting_jobs(page: JobList) -> JobList:
    return page.model_copy(update={"jobs": tuple(map(fitting_job, page.jobs))})


def fitting_clinic(clinic: ClinicStatusView) -> ClinicStatusView:
    """The clinic with needs for whoever has only the API."""
    needs = (need.model_copy(update={"what": for_the_api(need.what)}) for need in clinic.needs)
    return clinic.model_copy(update={"needs": tuple(needs)})


def fitting_clinics(page: ClinicList) -> ClinicList:
    return page.model_copy(update={"clinics": tuple(map(fitting_clinic, page.clinics))})
