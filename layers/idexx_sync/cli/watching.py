"""Watching a job that runs elsewhere until it has ended."""

import math
from dataclasses import dataclass
from typing import Final

from idexx_sync.cli.backend import Backend
from idexx_sync.cli.context import Cli
from idexx_sync.cli.errors import CommandError
from idexx_sync.cli.job_view import progress_of
from idexx_sync.core.errors import DatabaseUnavailable
from idexx_sync.database.connection import LOST
from idexx_sync.operations.models import JobView

LOOKS_EVERY_S: Final = 2.0
FAILURES_IN_A_ROW: Final = 5
"""At so many failed looks the watch gives up."""
_FAILURES: Final = (CommandError, DatabaseUnavailable, *LOST)


def watch(
    cli: Cli,
    backend: Backend,
    job: JobView,
    *,
    timeout_s: float | None = None,
    interval_s: float = LOOKS_EVERY_S,
) -> JobView:
    """The job once it has ended, or as it stands when the time is up.

    Whatever becomes of the watch, an interrupt included, the job does not depend on it.
    """
    ends = math.inf if timeout_s is None else cli.elapsed() + timeout_s
    patience, said = _Patience(backend), ""
    try:
        while not job.is_final:
            if (progress := progress_of(job)) != said:
                cli.say(f"job {job.id}: {progress}")
                said = progress
            left = ends - cli.elapsed()
            if left <= 0:
                cli.say(f"job {job.id} has not ended within {timeout_s:g} s and goes on")
                break
            cli.sleep(min(interval_s, left))
            job = patience.look_again(job)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"interrupted: job {job.id} goes on; end it with: idexx-sync jobs cancel {job.id}"
        ) from None
    except _FAILURES:
        cli.say(f"job {job.id} does not depend on this; see: idexx-sync jobs watch {job.id}")
        raise
    return job


@dataclass
class _Patience:
    """Looks on when a look fails that may succeed a little later."""

    backend: Backend
    failures: int = 0

    def look_again(self, job: JobView) -> JobView:
        try:
            found = self.backend.job(job.id)
        except _FAILURES as error:
            self.failures += 1
            lasts = isinstance(error, CommandError) and not error.may_pass
            if lasts or self.failures == FAILURES_IN_A_ROW:
                raise
            return job
        self.failures = 0
        return found
