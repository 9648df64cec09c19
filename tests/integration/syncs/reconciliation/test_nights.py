"""Which discrepancies are the same, on how many nights they were there, and when they end."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from idexx_sync.jobs.model import Job
from idexx_sync.pims.protocol import Unknown
from idexx_sync.syncs.reconciliation.sync import ReconciliationSync
from tests.kit.database import as_json, query, update
from tests.kit.reconciliation_bench import ReconciliationBench
from tests.kit.records import chart, patient_visit, seen, visits

VISIT = "600101"
OTHERS = visits(5, first=600201, patient_id="40031")


def _synced(bench: ReconciliationBench) -> None:
    bench.shows(patient_visit(), *OTHERS)
    bench.synced()
    bench.night()


def _only(bench: ReconciliationBench, kind: str = "appointment") -> dict[str, Any]:
    found = [one for one in bench.discrepancies() if one["kind"] == kind]
    assert len(found) == 1, found
    return found[0]


def _all(bench: ReconciliationBench, kind: str = "appointment") -> list[tuple[Any, ...]]:
    """Nights and whether it has ended, of all there ever were, the oldest first."""
    found = [one for one in bench.discrepancies(ended=True) if one["kind"] == kind]
    found.sort(key=lambda one: (one["ended_at"] is None, one["first_seen_at"]))
    return [(one["nights"], one["ended_at"] is not None) for one in found]


def test_a_discrepancy_is_counted_once_for_each_night(bench: ReconciliationBench) -> None:
    _synced(bench)
    bench.pims.replace(VISIT, client_phone="555-555-0199")
    seen_on: list[tuple[Any, int]] = []
    for night in (1, 1, 2, 3, 3):
        bench.night(night)
        bench.later()
        bench.reconcile()
        one = _only(bench)
        seen_on.append((one["id"], one["nights"]))

    assert len({id_ for id_, _ in seen_on}) == 1
    assert [nights for _, nights in seen_on] == [1, 1, 2, 3, 3]
    assert _only(bench)["last_night"] == date(2026, 5, 7)


def test_another_difference_is_another_discrepancy(bench: ReconciliationBench) -> None:
    _synced(bench)
    bench.pims.replace(VISIT, client_phone="555-555-0199")
    bench.reconcile()
    bench.night(2)
    bench.pims.replace(VISIT, client_phone="555-555-0122")

    bench.reconcile()

    assert _all(bench) == [(1, True), (1, False)]


def test_what_is_found_no_more_has_ended(bench: ReconciliationBench) -> None:
    _synced(bench)
    bench.pims.replace(VISIT, client_phone="555-555-0199")
    bench.reconcile()
    bench.night(2)
    bench.pims.replace(VISIT, client_phone="555-555-0100")
    bench.pims.is_whole = False

    bench.reconcile()
    assert _all(bench) == [(1, False)]
    bench.pims.is_whole = True
    bench.reconcile()

    assert _all(bench) == [(1, True)]


def test_a_run_that_is_incomplete_counts_no_night(bench: ReconciliationBench) -> None:
    _synced(bench)
    bench.pims.replace(VISIT, client_phone="555-555-0199")
    bench.reconcile()
    bench.pims.is_whole = False
    bench.night(2)

    bench.reconcile()

    assert _only(bench)["nights"] == 1
    assert _only(bench)["last_night"] == date(2026, 5, 5)


@pytest.mark.parametrize("keeps_old", [True, False])
def test_another_fingerprint_key_keeps_the_nights(
    bench: ReconciliationBench, keeps_old: bool
) -> None:
    _synced(bench)
    bench.pims.replace(VISIT, client_phone="555-555-0199")
    bench.reconcile()
    first = _only(bench)
    bench.replace_fingerprint_key(keep_old=keeps_old)
    bench.night(2)

    bench.reconcile()

    one = _only(bench)
    assert (one["id"], one["nights"]) == (first["id"], 2)
    assert one["fingerprint"].partition(":")[0] != first["fingerprint"].partition(":")[0]


def _restore(bench: ReconciliationBench, table: str, rows: list[dict[str, Any]]) -> None:
    """Somebody undoes what we have put right."""
    columns = {
        "schedule_appointments": ("deleted_at", "date", "start_time", "end_time", "status"),
        "cases": ("status", "metadata", "scheduled_at"),
    }[table]
    for row in rows:
        values = as_json({name: row[name] for name in columns})
        update(bench.conn, f"public.{table}", values, id=row["id"])


FIXED: dict[str, Callable[[ReconciliationBench], object]] = {
    "deleted_in_neo": lambda bench: bench.pims.delete(VISIT),
    "cancelled_in_neo": lambda bench: bench.pims.replace(VISIT, status="Cancelled"),
    "moved": lambda bench: bench.pims.replace(
        VISIT, start="2026-05-04 08:00:00", end="2026-05-04 08:30:00"
    ),
}


@pytest.mark.parametrize("cause", FIXED)
def test_what_somebody_undoes_each_day_is_not_fixed_on_the_third_night(
    bench: ReconciliationBench, cause: str
) -> None:
    _synced(bench)
    rows, cases = bench.rows(), bench.all_cases()
    FIXED[cause](bench)
    outcomes = []
    for night in (1, 2, 3, 4):
        bench.night(night)
        bench.reconcile()
        outcomes.append(bench.found())
        _restore(bench, "schedule_appointments", rows)
        _restore(bench, "cases", cases)

    both = [("appointment", cause), ("case", cause)]
    fixed, left = dict.fromkeys(both, "fixed"), dict.fromkeys(both, "left")
    assert outcomes == [fixed, fixed, left, left]
    assert {one["nights"] for one in bench.discrepancies()} == {4}


def test_a_run_that_only_reports_does_not_let_it_be_fixed_again(bench: ReconciliationBench) -> None:
    _synced(bench)
    rows, cases = bench.rows(), bench.all_cases()
    FIXED["moved"](bench)
    for night in (1, 2, 3):
        bench.night(night)
        bench.reconcile()
        _restore(bench, "schedule_appointments", rows)
        _restore(bench, "cases", cases)
        told = bench.reconcile(fix=False)
        assert told.result is not None
        assert told.result["discrepancies"] == {"moved": {"left": 2}}

    assert set(bench.found().values()) == {"left"}


def test_what_was_only_reported_for_three_nights_is_fixed(bench: ReconciliationBench) -> None:
    _synced(bench)
    FIXED["moved"](bench)
    for night in (1, 2, 3):
        bench.night(night)
        bench.reconcile(fix=False)

    bench.reconcile()

    assert set(bench.found().values()) == {"fixed"}


def test_what_was_never_proven_is_fixed_once_it_is(bench: ReconciliationBench) -> None:
    _synced(bench)
    bench.pims.forget(VISIT)
    bench.pims.answers[VISIT] = Unknown("http_500")
    for night in (1, 2, 3, 4):
        bench.night(night)
        bench.reconcile()
        assert set(bench.found().values()) == {"left"}
    bench.pims.answers.clear()
    for night in (5, 6):
        bench.night(night)
        bench.reconcile()

    assert set(bench.found().values()) == {"fixed"}
    assert not bench.has(VISIT)


@pytest.mark.parametrize("fix", [True, False], ids=["fix", "report"])
def test_a_visit_that_moved_from_piece_to_piece_is_one_discrepancy(
    bench: ReconciliationBench, fix: bool
) -> None:
    early = patient_visit(VISIT, "2026-05-04 06:00:00")
    bench.shows(early, *OTHERS)
    bench.synced()
    bench.pims.replace(VISIT, start="2026-05-12 06:00:00", end="2026-05-12 06:30:00")
    ids = set()
    for night in (9, 10):
        bench.night(night)
        bench.reconcile(fix=fix, lookback_days=20)
        if night == 10 and fix:
            break
        assert bench.found() == dict.fromkeys(
            [("appointment", "moved"), ("case", "moved")], "fixed" if fix else "reported"
        )
        ids |= {one["id"] for one in bench.discrepancies(ended=True)}

    assert len(ids) == 2
    nights = {one["nights"] for one in bench.discrepancies(ended=True)}
    assert nights == ({1} if fix else {2})
    if fix:
        assert bench.discrepancies() == []


def test_a_difference_of_a_record_ends_only_where_the_record_was_read(
    bench: ReconciliationBench,
) -> None:
    bench.writes(chart())
    bench.shows(seen(), *OTHERS)
    bench.synced()
    bench.writes(chart(notes_html="<p>S: four days lame.</p>"))
    bench.night()
    bench.reconcile()
    assert bench.found() == {("case", "record_differs"): "reported"}
    bench.writes(chart())
    bench.night(2)

    bench.reconcile(sync=ReconciliationSync(records=0))
    assert bench.found() == {("case", "record_differs"): "reported"}
    bench.reconcile()

    assert bench.discrepancies() == []


def test_edits_in_a_record_are_the_same_whether_it_was_read_or_not(
    bench: ReconciliationBench,
) -> None:
    bench.writes(chart())
    bench.shows(seen(), *OTHERS)
    bench.synced()
    bench.edit("patients", bench.patient()["id"], breed="Poodle")
    bench.writes(chart(breed="Terrier"))
    bench.night(2)
    bench.cases()
    for night, records in ((3, 60), (4, 0), (5, 60)):
        bench.night(night)
        bench.reconcile(sync=ReconciliationSync(records=records))

    assert _all(bench, "case") == [(3, False)]
    assert bench.found() == {("case", "edited_in_odis"): "reported"}


def test_what_a_job_saw_stays_known(bench: ReconciliationBench) -> None:
    _synced(bench)
    bench.pims.delete(VISIT)
    job: Job = bench.reconcile()
    bench.night(2)
    bench.reconcile()

    seen_by_job = query(
        bench.conn,
        "SELECT d.kind, s.outcome, d.ended_at IS NOT NULL AS ended FROM idexx_sync.sightings s "
        "JOIN idexx_sync.discrepancies d ON d.id = s.discrepancy_id WHERE job_id = %s "
        "ORDER BY 1",
        (job.id,),
    )
    assert seen_by_job == [
        {"kind": "appointment", "outcome": "fixed", "ended": True},
        {"kind": "case", "outcome": "fixed", "ended": True},
    ]
