"""What is told of each kind of alert: a sentence, what to do, and a command that there is."""

import re
from collections.abc import Iterator
from typing import get_args
from uuid import UUID

import pytest
import typer.main

from idexx_sync.alerts.kinds import (
    CLOSED_CASE_HAS_CALL,
    DISCREPANCY_STAYS,
    HELD,
    MOST_RECORDS,
    SAID_ANEW,
    STALE,
    Closing,
)
from idexx_sync.alerts.texts import CLOSED, KINDS, happened, next_step
from idexx_sync.cli.app import app
from idexx_sync.core.bounds import LONGEST_TEXT
from idexx_sync.core.errors import SyncError
from idexx_sync.operations.hints import INSTEAD, for_the_api

CLINIC, JOB, MANY = (UUID(int=n) for n in (1, 2, 3))
COMMAND = re.compile(r"idexx-sync ([a-z]+) ([a-z]+)")


def kinds_of_errors(base: type[SyncError] = SyncError) -> Iterator[str]:
    for error in base.__subclasses__():
        yield from ([error.kind] if hasattr(error, "kind") else [])
        yield from kinds_of_errors(error)


def there_is(command: str) -> bool:
    groups = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return all(
        group in groups and name in groups[group].commands
        for group, name in COMMAND.findall(command)
    )


def test_every_kind_of_error_and_our_own_have_a_text() -> None:
    assert set(KINDS) == {*kinds_of_errors(), HELD, STALE, *SAID_ANEW}
    assert CLOSED.keys() == set(get_args(Closing))


@pytest.mark.parametrize("job_id", [JOB, None], ids=["job", "no job"])
@pytest.mark.parametrize("kind", [*KINDS, "of_another_release"])
def test_each_says_what_has_happened_and_names_a_command_that_there_is(
    kind: str, job_id: UUID | None
) -> None:
    said = happened(kind, "no_data")
    of_one = next_step(kind, None, clinic_id=CLINIC, job_id=job_id, incident_id=None)
    of_many = next_step(kind, None, clinic_id=None, job_id=job_id, incident_id=None)

    assert said[0].isupper()
    assert said.endswith(" (no data).")
    for step in (of_one, of_many):
        assert COMMAND.search(step)
        assert there_is(step)
        assert "{" not in step
        assert "None" not in step
    assert str(CLINIC) in of_one or str(job_id) in of_one


def test_one_that_stands_for_many_says_of_how_many() -> None:
    assert happened("shape_changed", None, 214, 300) == (
        "An answer of Neo no longer has the shape that is read, in 214 of 300 clinics."
    )
    assert next_step("held", None, clinic_id=None, job_id=None, incident_id=None) == (
        "Look for one cause of all: idexx-sync alerts list --kind held --status open"
    )


def test_one_that_another_stands_for_leads_there() -> None:
    step = next_step("shape_changed", None, clinic_id=CLINIC, job_id=JOB, incident_id=MANY)

    assert step.endswith(f"idexx-sync alerts show {MANY}")


def test_data_that_have_grown_old_are_told_with_what_keeps_them_so() -> None:
    assert happened(STALE, "pims_slow") == (
        "The clinic's data have grown old: Neo does not answer in time."
    )
    assert happened(STALE, None) == "The clinic's data have grown old."
    step = next_step(STALE, "pims_slow", clinic_id=CLINIC, job_id=None, incident_id=None)
    assert step == (
        f"It passes by itself; look how long it has been so: idexx-sync clinics show {CLINIC}"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_over_the_api_a_command_that_needs_the_database_is_asked_of_somebody(kind: str) -> None:
    step = next_step(kind, None, clinic_id=CLINIC, job_id=JOB, incident_id=None)
    needs_database = "credentials set" in step

    assert (INSTEAD in for_the_api(step)) is needs_database
    assert ("idexx-sync" in for_the_api(step)) is not needs_database


@pytest.mark.parametrize(
    ("records", "named"),
    [
        ([], ""),
        (["7d1f0a52"], ": case 7d1f0a52"),
        (["7d1f0a52", "9c2e6f0a"], ": cases 7d1f0a52, 9c2e6f0a"),
    ],
)
def test_cases_with_a_call_are_named(records: list[str], named: str) -> None:
    assert happened(CLOSED_CASE_HAS_CALL, None, records=records) == (
        "A case was closed because its visit is gone or called off, while a call or an e-mail for "
        f"it is queued in ODIS{named}."
    )


def test_as_many_cases_as_an_alert_names_fit_and_may_not_be_all() -> None:
    said = happened(CLOSED_CASE_HAS_CALL, None, records=[str(JOB)] * MOST_RECORDS)

    assert said.endswith(f"{JOB} and perhaps more.")
    assert len(said) <= LONGEST_TEXT


def test_discrepancies_are_no_part_of_the_sentence() -> None:
    assert str(JOB) not in happened(DISCREPANCY_STAYS, "moved", records=[str(JOB)])
