"""Which sync should have found a difference, over real runs."""

from collections.abc import Callable

import pytest

from tests.kit.reconciliation_bench import ReconciliationBench
from tests.kit.records import chart, patient_visit, seen, visits

VISIT = "600101"
OTHERS = visits(5, first=600201, patient_id="40031")
BEFORE, AFTER = "2026-05-04 06:30:00", "2026-05-04 19:00:00"
"""The other syncs run at seven in the morning."""
LATER = {"start": "2026-05-04 10:00:00", "end": "2026-05-04 10:30:00"}


def _missed(bench: ReconciliationBench, kind: str = "case") -> list[str | None]:
    return [one["missed_by"] for one in bench.discrepancies() if one["kind"] == kind]


def _synced(bench: ReconciliationBench) -> None:
    bench.shows(patient_visit(), *OTHERS)
    bench.synced()
    bench.night()


@pytest.mark.parametrize(("stamp", "missed"), [(BEFORE, True), (AFTER, False)])
def test_what_neo_changed_before_the_last_run_was_missed_by_it(
    bench: ReconciliationBench, stamp: str, missed: bool
) -> None:
    _synced(bench)
    bench.pims.replace(VISIT, **LATER, last_updated_at=stamp)

    bench.reconcile()

    assert _missed(bench) == ["cases" if missed else None]
    assert _missed(bench, "appointment") == ["inbound" if missed else None]


def test_a_row_of_a_past_day_is_nobodys_to_find(bench: ReconciliationBench) -> None:
    _synced(bench)
    bench.night(2)
    bench.sync()
    bench.cases()
    bench.pims.replace(VISIT, **LATER, last_updated_at="2026-05-05 12:00:00")

    bench.reconcile()

    assert (_missed(bench), _missed(bench, "appointment")) == (["cases"], [None])


def test_a_run_that_was_not_fresh_has_missed_nothing(bench: ReconciliationBench) -> None:
    bench.shows(patient_visit(), *OTHERS)
    bench.pims.is_whole = False
    bench.synced()
    bench.pims.is_whole = True
    bench.night()
    bench.pims.replace(VISIT, **LATER, last_updated_at=BEFORE)

    bench.reconcile()

    assert _missed(bench) == [None]


UNKNOWN: dict[str, Callable[[ReconciliationBench], object]] = {
    "deleted": lambda bench: bench.pims.delete(VISIT),
    "edited in ODIS": lambda bench: bench.edit("patients", bench.patient()["id"], name="ZULU"),
    "a second case": lambda bench: bench.add_case(f"idexx-appt-{VISIT}", source="extension"),
    "no word of when": lambda bench: bench.pims.replace(VISIT, **LATER, last_updated_at=None),
    "moved beyond the days": lambda bench: bench.pims.replace(
        VISIT, start="2026-08-04 08:00:00", end="2026-08-04 08:30:00", last_updated_at=BEFORE
    ),
    "an owner's number": lambda bench: bench.pims.replace(
        VISIT, client_phone="555-555-0199", last_updated_at=BEFORE
    ),
}


@pytest.mark.parametrize("happens", UNKNOWN.values(), ids=UNKNOWN)
def test_where_neo_does_not_say_when_nobody_has_missed_it(
    bench: ReconciliationBench, happens: Callable[[ReconciliationBench], object]
) -> None:
    _synced(bench)
    happens(bench)

    bench.reconcile()

    assert set(_missed(bench)) == {None}


def test_when_a_record_changed_neo_does_not_say(bench: ReconciliationBench) -> None:
    bench.writes(chart())
    bench.shows(seen(), *OTHERS)
    bench.synced()
    bench.writes(chart(notes_html="<p>S: four days lame.</p>"))
    bench.night()

    bench.reconcile()

    assert [one["cause"] for one in bench.discrepancies()] == ["record_differs"]
    assert _missed(bench) == [None]
