"""What is recorded of an error that ends a run."""

import psycopg
import pytest

from idexx_sync.core.errors import (
    ConfigurationInvalid,
    CredentialsRejected,
    DatabaseUnavailable,
    DeadlineExceeded,
    InternalError,
    InvalidInput,
    LeaseLost,
    PimsSlow,
    SyncError,
)
from idexx_sync.jobs.ending import explained
from idexx_sync.jobs.heartbeat import Lifetime

EXPLAINED: list[tuple[Exception, type[SyncError], str | None]] = [
    (psycopg.errors.UniqueViolation("Key (name)=(Robin)"), InternalError, "23505"),
    (psycopg.DataError("a date of Robin's"), InternalError, "value_unreadable"),
    (psycopg.errors.AdminShutdown("of Robin's"), DatabaseUnavailable, "adminshutdown"),
    (InvalidInput("from", "a day"), ConfigurationInvalid, "refused_within_a_run"),
    (KeyError("Robin"), InternalError, None),
    (PimsSlow("no answer", code="read"), PimsSlow, "read"),
]


@pytest.mark.parametrize(("error", "kind", "code"), EXPLAINED)
def test_r27_each_error_has_a_kind_and_a_code(
    error: Exception, kind: type[SyncError], code: str | None
) -> None:
    told = explained(error, Lifetime())

    assert (type(told), told.code) == (kind, code)
    assert "Robin" not in told.message


def test_r27_what_nobody_has_to_mend_is_explained_by_the_end_of_the_time() -> None:
    rejected, slow = CredentialsRejected("wrong password"), PimsSlow("no answer")
    over = Lifetime(lambda: 0)

    assert isinstance(explained(slow, over), DeadlineExceeded)
    assert explained(rejected, over) is rejected
    over.end(LeaseLost("taken over"))
    assert isinstance(explained(slow, over), LeaseLost)
    assert isinstance(explained(rejected, over), LeaseLost)
