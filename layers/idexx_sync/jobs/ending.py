"""How a run ends that did not succeed: what is said of it, and that its clinic is free (R27)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from idexx_sync.core.catalog import CATALOG
from idexx_sync.core.errors import ConfigurationInvalid, InternalError, RequestRefused, SyncError
from idexx_sync.core.phrases import phrase
from idexx_sync.core.vocabulary import JobStatus
from idexx_sync.database.connection import LOST, Conn, Database, DriverError, unavailable, writing
from idexx_sync.database.refusal import refusal
from idexx_sync.jobs import leases
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.heartbeat import Lifetime
from idexx_sync.jobs.leases import Lease
from idexx_sync.jobs.model import Job, RunOrder
from idexx_sync.jobs.store import Queued

ENDS_WITHIN_S: Final = 15.0
"""How long a run that was ended may wait for Postgres to say so; its reserve is longer."""


def explained(error: BaseException, lifetime: Lifetime) -> SyncError:
    """What is recorded of an error that ends a run, without anybody else's words.

    Whatever breaks when a run's time is over broke because of that.
    """
    if isinstance(error, RequestRefused):  # it would be refused in every retry
        error = ConfigurationInvalid(error.message, code="refused_within_a_run")
    elif isinstance(error, LOST):
        error = unavailable(error)
    elif isinstance(error, DriverError):
        return _refused_by_postgres(error)
    elif not isinstance(error, SyncError):
        return InternalError("an unexpected error; see the log")
    is_nobodys = error.who_acts == "nobody"
    return (lifetime.why_ended() if is_nobodys else lifetime.ended_by) or error


def _refused_by_postgres(error: DriverError) -> InternalError:
    """What Postgres refused, by the names of things and never by their values."""
    if error.sqlstate is None:
        return InternalError(
            f"a value of the database can't be held here: {refusal(error)}",
            code="value_unreadable",
        )
    return InternalError(f"Postgres refused a statement: {refusal(error)}", code=error.sqlstate)


@dataclass(frozen=True)
class Ending:
    """Writes how an order's run ended. Every method raises DatabaseUnavailable if it can't.

    Then the lease is nobody's as soon as it expires, and the next attempt takes it over.
    """

    order: RunOrder
    database: Database
    retried: bool
    is_last: bool = False
    """Whether nobody delivers the order once more, whatever attempts are left."""

    def fail(self, lease: Lease, attempt: int, error: SyncError) -> None:
        """Give the job back to the queue if an attempt is left that may help, or end it.

        What a retry might have healed is `dead` once no attempt is left.
        """
        status: JobStatus = "failed"
        if error.retryable and self.retried:
            is_last = self.is_last or attempt >= CATALOG[self.order.sync].attempts
            status = "dead" if is_last else "queued"
        try:
            self.end(lease, status, error)
        except DriverError:  # its words, perhaps: the job has to end all the same
            plain = InternalError(
                f"the run failed ({phrase({}, error.kind)}), and why can't be written down"
            )
            self.end(lease, status, plain)

    def fail_if_unfinished(self, lease: Lease, attempt: int, error: SyncError) -> None:
        """The last commit may have succeeded and only its acknowledgement been lost."""
        job = self.job()
        if job is not None and not job.is_final:
            self.fail(lease, attempt, error)

    def end(
        self,
        lease: Lease,
        status: JobStatus,
        error: SyncError | None = None,
        why: str | None = None,
    ) -> None:
        """End the job and free the lease."""

        def write(conn: Conn) -> None:
            with writing(conn):
                job_store.end(conn, lease, status, error=error, why=why)

        self._twice(write)

    def end_waiting(self, status: JobStatus, error: SyncError | None, why: str | None) -> None:
        """End a job that no run has begun."""

        def write(conn: Conn) -> None:
            with writing(conn):
                job_store.end(conn, Queued(self.order.job_id), status, error=error, why=why)

        self._twice(write)

    def give_way(self) -> None:
        """Count this delivery; the job goes on waiting for the next one."""

        def write(conn: Conn) -> None:
            with writing(conn):
                job_store.count_attempt(conn, self.order.job_id)

        self._twice(write)

    def begun_unknowingly(self) -> tuple[Lease, int] | None:
        """The lease that the order's start took before it broke, and the attempt that it is."""
        return self._twice(
            lambda conn: leases.taken_by(conn, self.order.job_id, self.order.invocation)
        )

    def job(self) -> Job | None:
        """The job as it stands."""
        return self._twice(lambda conn: job_store.job_by_id(conn, self.order.job_id))

    def _twice[T](self, ask: Callable[[Conn], T]) -> T:
        """On the kept connection, and on a new one if that does not answer."""
        try:
            return ask(self.database.connection())
        except LOST:
            self.database.close()
        try:
            return ask(self.database.connection())
        except LOST as error:
            raise unavailable(error) from None
