"""Visits that Neo shows no more: what proves it, what is closed, and what waits for a person."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from idexx_sync.core.errors import Conflict
from idexx_sync.jobs.model import Job
from idexx_sync.operations.decisions import revive_hold
from idexx_sync.operations.lookup import find_hold
from idexx_sync.pims.protocol import Found, Gone, SourceRecord, Unknown
from tests.kit.clinic import add_clinic, add_user
from tests.kit.database import query, update
from tests.kit.job_results import held, warnings
from tests.kit.reconciliation_bench import ReconciliationBench
from tests.kit.records import MONDAY, block, chart, patient_visit, seen, visits

VISIT = "600101"
OTHERS = visits(6, first=600201, patient_id="40031")


def _is_closed(case: dict[str, Any]) -> bool:
    removed = case["metadata"].get("reconciliation", {}).get("softDeleted") is True
    cancelled = case["metadata"]["pimsAppointment"]["status"] == "cancelled"
    assert removed == cancelled
    return removed


def _synced(bench: ReconciliationBench, *shown: Any, nights: int = 1) -> None:
    bench.shows(*(shown or [patient_visit()]), *OTHERS)
    bench.synced()
    bench.night(nights)


def _ok(job: Job) -> Job:
    assert job.status in ("succeeded", "succeeded_with_warnings"), (job.error_message, job.result)
    return job


# Finalised visits


def _finalised_in_calendar(bench: ReconciliationBench) -> None:
    _synced(bench, patient_visit(status="Finalized"))


def _completed_by_a_person(bench: ReconciliationBench) -> None:
    _synced(bench)
    bench.edit("cases", bench.case()["id"], status="completed")


def _finalised_since(bench: ReconciliationBench) -> None:
    _synced(bench)
    bench.pims.replace(VISIT, status="Finalized")


def _with_a_final_record(bench: ReconciliationBench) -> None:
    bench.writes(chart())
    _synced(bench, seen())
    case = bench.case()
    assert case["status"] == "completed"


FINALISED = [
    _finalised_in_calendar,
    _completed_by_a_person,
    _finalised_since,
    _with_a_final_record,
]


@pytest.mark.parametrize("happens", FINALISED)
def test_a_finalised_visit_is_never_removed_without_a_person(
    bench: ReconciliationBench, happens: Any
) -> None:
    happens(bench)
    bench.pims.delete(VISIT)
    before = bench.case()["status"]

    job = bench.reconcile()

    assert (job.status, held(job)) == ("held", {"finalised_visit_removed": 1})
    assert bench.has(VISIT)
    assert not _is_closed(bench.case())
    assert bench.case()["status"] == before
    assert bench.found() == {
        ("appointment", "deleted_in_neo"): "held",
        ("case", "deleted_in_neo"): "held",
    }
    bench.decide("finalised_visit_removed", "approved")
    _ok(bench.reconcile())
    assert not bench.has(VISIT)
    assert _is_closed(bench.case())
    assert bench.case()["status"] == "reviewed"


@pytest.mark.parametrize("happens", FINALISED)
def test_a_finalised_visit_without_a_row_is_not_closed_without_a_person(
    bench: ReconciliationBench, happens: Any
) -> None:
    happens(bench)
    row_id = bench.row(VISIT)["id"]
    bench.conn.execute("DELETE FROM public.schedule_appointments WHERE id = %s", (row_id,))
    bench.pims.delete(VISIT)
    if happens is _finalised_since:
        found = bench.pims.answers[VISIT]
        assert isinstance(found, Found)
        bench.pims.answers[VISIT] = replace(found, status="Finalized")

    job = bench.reconcile()

    assert held(job) == {"finalised_visit_removed": 1}
    assert not _is_closed(bench.case())


@pytest.mark.parametrize("has_row", [True, False])
def test_only_a_row_that_an_approval_removed_can_be_revived(
    bench: ReconciliationBench, has_row: bool
) -> None:
    bench.writes(chart())
    bench.shows(seen(), *OTHERS)
    if has_row:
        bench.synced()
    else:
        bench.cases()
    bench.night()
    bench.pims.delete(VISIT)
    bench.reconcile()
    hold = bench.hold("finalised_visit_removed")["id"]
    bench.decide("finalised_visit_removed", "approved")
    bench.reconcile()

    def revive() -> None:
        revive_hold(bench.conn, find_hold(bench.conn, hold), by="a tester")

    if has_row:
        revive()
        return
    with pytest.raises(Conflict, match="only cases were closed, of 1 visit without a row"):
        revive()
    assert [one["cause"] for one in bench.holds()] == ["finalised_visit_removed"]


def test_what_a_person_rejects_is_not_removed_by_any_later_night(
    bench: ReconciliationBench,
) -> None:
    _finalised_in_calendar(bench)
    bench.pims.delete(VISIT)
    bench.reconcile()
    bench.decide("finalised_visit_removed", "rejected")

    for night in (2, 3, 4):
        bench.night(night)
        job = _ok(bench.reconcile())
        assert warnings(job) == {"kept_out_by_a_person": 1}

    assert bench.has(VISIT)
    assert not _is_closed(bench.case())


def test_of_what_a_person_would_be_asked_a_run_that_only_reports_says_so_and_asks_nobody(
    bench: ReconciliationBench,
) -> None:
    _finalised_in_calendar(bench)
    bench.pims.delete(VISIT)

    job = bench.reconcile(fix=False)

    assert job.result is not None
    assert job.result["discrepancies"] == {"deleted_in_neo": {"held": 2}}
    assert bench.holds() == []
    told = "SELECT kind FROM idexx_sync.alerts WHERE clinic_id = %s"
    assert query(bench.conn, told, (bench.clinic_id,)) == []


def test_a_finalised_visit_that_is_not_found_waits_too(bench: ReconciliationBench) -> None:
    _finalised_in_calendar(bench)
    bench.pims.forget(VISIT)
    _ok(bench.reconcile())
    bench.later()

    job = bench.reconcile()

    assert held(job) == {"finalised_visit_removed": 1}
    assert bench.has(VISIT)
    assert not _is_closed(bench.case())


# People


def test_a_case_that_a_person_has_reviewed_stays_so_and_is_marked(
    bench: ReconciliationBench,
) -> None:
    _synced(bench)
    bench.edit("cases", bench.case()["id"], status="reviewed")
    bench.pims.delete(VISIT)

    _ok(bench.reconcile())

    assert bench.case()["status"] == "reviewed"
    assert _is_closed(bench.case())
    bench.shows(patient_visit(), *OTHERS)
    bench.pims.answers.clear()
    bench.night(2)
    _ok(bench.reconcile())
    assert not _is_closed_or_marked(bench.case())


def _is_closed_or_marked(case: dict[str, Any]) -> bool:
    return "reconciliation" in case["metadata"]


def test_what_was_removed_and_comes_back_is_revived(bench: ReconciliationBench) -> None:
    _synced(bench, patient_visit(status="Arrived"))
    bench.pims.delete(VISIT)
    _ok(bench.reconcile())
    assert bench.case()["status"] == "reviewed"
    bench.pims.answers.clear()
    bench.shows(patient_visit(status="Arrived"), *OTHERS)
    bench.night(2)

    _ok(bench.reconcile())

    assert bench.has(VISIT)
    case = bench.case()
    assert case["status"] == "ongoing"
    assert "reconciliation" not in case["metadata"]
    assert case["metadata"]["pimsAppointment"]["status"] == "Arrived"
    assert bench.found() == {
        ("appointment", "reappeared"): "fixed",
        ("case", "reappeared"): "fixed",
    }
    bench.night(3)
    _ok(bench.reconcile())
    assert bench.discrepancies() == []


# Proof


def test_not_found_is_proven_by_two_complete_reads_ten_minutes_apart(
    bench: ReconciliationBench,
) -> None:
    _synced(bench)
    bench.pims.forget(VISIT)

    for minutes in (0, 9):
        bench.later(minutes)
        _ok(bench.reconcile())
        assert bench.has(VISIT)
        assert not _is_closed(bench.case())
        assert set(bench.found().values()) == {"left"}
    bench.later(2)
    _ok(bench.reconcile())

    assert not bench.has(VISIT)
    assert _is_closed(bench.case())
    assert set(bench.found().values()) == {"fixed"}


def test_without_a_row_not_found_is_proven_the_same_way(bench: ReconciliationBench) -> None:
    _synced(bench)
    row = bench.row(VISIT)
    bench.conn.execute("DELETE FROM public.schedule_appointments WHERE id = %s", (row["id"],))
    bench.pims.forget(VISIT)

    _ok(bench.reconcile())
    assert not _is_closed(bench.case())
    assert bench.memory("appointment")["strikes"] == 1
    bench.night(2)
    _ok(bench.reconcile())

    assert _is_closed(bench.case())


def test_a_read_that_shows_it_again_begins_anew(bench: ReconciliationBench) -> None:
    _synced(bench)
    bench.pims.forget(VISIT)
    _ok(bench.reconcile())
    bench.shows(patient_visit(), *OTHERS)
    bench.night(2)
    _ok(bench.reconcile())
    assert bench.discrepancies() == []
    bench.pims.forget(VISIT)
    bench.night(3)

    _ok(bench.reconcile())

    assert not _is_closed(bench.case())


def test_what_the_calendars_sync_has_removed_by_proof_is_closed_at_once(
    bench: ReconciliationBench,
) -> None:
    bench.shows(patient_visit("600101", "2026-05-04 10:00:00"), *OTHERS)
    bench.synced()
    bench.pims.forget(VISIT)
    bench.later()
    bench.sync()
    bench.later()
    bench.sync()
    assert not bench.has(VISIT)
    bench.night()

    _ok(bench.reconcile())

    assert _is_closed(bench.case())


def test_a_look_up_that_fails_proves_nothing(bench: ReconciliationBench) -> None:
    _synced(bench)
    bench.pims.forget(VISIT)
    bench.pims.answers[VISIT] = Unknown("http_500")

    for night in (1, 2, 3, 4):
        bench.night(night)
        job = _ok(bench.reconcile())
        assert job.result is not None
        assert job.result["warnings"]["look_ups_failed"] == 2

    assert bench.has(VISIT)
    assert not _is_closed(bench.case())


def test_a_read_that_lacks_a_living_visit_strikes_nobody_and_ends_nothing(
    bench: ReconciliationBench,
) -> None:
    _synced(bench)
    bench.pims.replace("600201", client_phone="555-555-0177")
    _ok(bench.reconcile())
    known = bench.discrepancies()
    assert {one["nights"] for one in known} == {1}
    bench.pims.forget(VISIT)
    bench.pims.hidden.add("600202")
    bench.pims.replace("600201", client_phone="555-555-0100")
    for night in (2, 3):
        bench.night(night)

        job = _ok(bench.reconcile())

        assert job.result is not None
        assert job.result["unfresh"] == "read_incomplete"
    assert bench.memory("appointment")["strikes"] == 0
    assert not _is_closed(bench.case())
    still = [one for one in bench.discrepancies() if one["external_id"].endswith("600201")]
    assert [(one["id"], one["nights"]) for one in still] == [(one["id"], 1) for one in known]


def test_a_living_visit_without_a_row_contradicts_the_answer_too(
    bench: ReconciliationBench,
) -> None:
    settings = {"room_ids": ["3"]}
    update(bench.conn, "idexx_sync.clinic_settings", settings, clinic_id=bench.clinic_id)
    without_row = [
        patient_visit(one, f"2026-05-04 1{n}:00:00", room_id="5", patient_id=f"4005{n}")
        for n, one in enumerate(("600301", "600302"))
    ]
    _synced(bench, patient_visit(), *without_row)
    bench.pims.hidden.add("600301")
    bench.pims.forget(VISIT, "600302")

    job = bench.reconcile()

    assert job.result is not None
    assert job.result["unfresh"] == "read_incomplete"
    assert bench.memory("appointment")["strikes"] == 0
    assert bench.memory("appointment", "600302")["strikes"] == 0


def test_a_person_is_asked_about_nothing_that_is_not_proven(bench: ReconciliationBench) -> None:
    _synced(bench)
    bench.policy("deleted_in_neo", "hold")
    bench.pims.forget(VISIT)

    _ok(bench.reconcile())

    assert bench.holds() == []
    assert set(bench.found().values()) == {"left"}
    bench.night(2)
    assert held(bench.reconcile()) == {"by_policy": 1}


def test_no_order_looks_up_more_than_fifty_visits(bench: ReconciliationBench) -> None:
    recent, older = visits(35), visits(35, first=600301, day=MONDAY - timedelta(days=8))
    bench.shows(*recent, *older)
    bench.sync(MONDAY - timedelta(days=8), MONDAY + timedelta(days=7))
    bench.night(6)
    bench.pims.forget(*(one.id for one in [*recent, *older]))
    bench.pims.looked_up.clear()

    bench.reconcile(lookback_days=20)

    assert len(bench.pims.looked_up) == 50
    bench.night(7)
    bench.pims.looked_up.clear()
    bench.reconcile(lookback_days=20)
    assert len(bench.pims.looked_up) == 50


def test_blocks_and_visits_take_turns_in_being_looked_up(bench: ReconciliationBench) -> None:
    times = [f"2026-05-04 {8 + n % 10:02}:{n // 10 * 10:02}" for n in range(48)]
    blocks = [block(f"7001{n:02}", f"{at}:00", f"{at[:-1]}5:00") for n, at in enumerate(times)]
    shown = [*blocks, *visits(5)]
    bench.shows(*shown)
    bench.synced()
    bench.pims.forget(*(one.id for one in shown))
    bench.night()
    bench.reconcile()
    bench.pims.looked_up.clear()
    bench.night(2)

    bench.reconcile()

    left_out = {one.id for one in shown} - set(bench.pims.looked_up)
    bench.pims.looked_up.clear()
    bench.night(3)
    bench.reconcile()
    assert left_out <= set(bench.pims.looked_up)


# Measures


def test_more_unproven_losses_than_plausible_wait_by_name(bench: ReconciliationBench) -> None:
    shown = _a_dozen()
    bench.shows(*shown)
    bench.synced()
    bench.night()
    gone = [str(600101 + n) for n in range(6)]
    bench.pims.forget(*gone)
    for night in (1, 2):
        bench.night(night)

        job = bench.reconcile()

        assert job.status == "held"
        assert set(bench.hold("unproven_visit_losses")["findings"]) == set(gone)
        assert {bench.memory("appointment", one)["strikes"] for one in gone} == {0}
    bench.decide("unproven_visit_losses", "approved")

    _ok(bench.reconcile())

    assert set(bench.keys()) == {one.id for one in shown} - set(gone)
    assert all(_is_closed(bench.case(one)) for one in gone)


def test_cases_without_rows_are_measured_too(bench: ReconciliationBench) -> None:
    shown = _a_dozen()
    bench.shows(*shown)
    bench.synced()
    bench.conn.execute(
        "DELETE FROM public.schedule_appointments WHERE clinic_id = %s "
        "AND neo_appointment_id <> '600112'",
        (bench.clinic_id,),
    )
    bench.pims.forget(*(str(600101 + n) for n in range(6)))
    for night in (1, 2):
        bench.night(night)

        job = bench.reconcile()

        assert held(job) == {"unproven_visit_losses": 6}
    assert not any(_is_closed(bench.case(str(600101 + n))) for n in range(6))


def test_what_was_left_for_nights_still_counts_in_the_measure(
    bench: ReconciliationBench,
) -> None:
    shown = _a_dozen()
    bench.shows(*shown)
    bench.synced()
    bench.conn.execute(
        "DELETE FROM public.schedule_appointments WHERE clinic_id = %s "
        "AND neo_appointment_id <> '600112'",
        (bench.clinic_id,),
    )
    first, then = [one.id for one in shown[:4]], [one.id for one in shown[4:7]]
    bench.pims.forget(*first, *then)
    bench.pims.answers.update(dict.fromkeys([*first, *then], Unknown("http_500")))
    bench.pims.records += shown[4:7]
    for night in (1, 2, 3, 4):
        bench.night(night)
        _ok(bench.reconcile())
    bench.pims.forget(*then)
    bench.night(5)

    assert held(bench.reconcile()) == {"unproven_visit_losses": 7}


def _a_dozen() -> list[SourceRecord]:
    return [
        patient_visit(str(600101 + n), f"2026-05-04 {6 + n:02}:00:00", patient_id=str(40021 + n))
        for n in range(12)
    ]


@pytest.mark.parametrize("empty", [True, False], ids=["empty", "halved"])
def test_an_emptied_or_halved_answer_closes_nothing(
    bench: ReconciliationBench, empty: bool
) -> None:
    shown = _a_dozen()
    bench.shows(*shown)
    bench.synced()
    bench.pims.replace(VISIT, client_phone="555-555-0188")
    bench.reconcile()
    known = {one["id"] for one in bench.discrepancies()}
    gone = [one.id for one in (shown if empty else shown[:7])]
    bench.pims.forget(*gone)
    for night in (1, 2, 3):
        bench.night(night)
        job = bench.reconcile()
        assert not empty or known <= {one["id"] for one in bench.discrepancies()}
        assert job.status == "held"
        assert job.result is not None
        assert not job.result["fresh"] or not empty
    assert len(bench.keys()) == 12
    assert not any(_is_closed(bench.case(one)) for one in gone)


def test_another_clinics_calendar_changes_and_tells_nothing(bench: ReconciliationBench) -> None:
    shown = _a_dozen()
    bench.shows(*shown)
    bench.synced()
    bench.night()
    bench.pims.replace(VISIT, client_phone="555-555-0188")
    _ok(bench.reconcile())
    known = bench.discrepancies()
    before = bench.all_cases()
    bench.shows(*visits(12, first=900101, patient_id="99001"))
    bench.night(2)

    job = bench.reconcile()

    assert (job.status, held(job)) == ("held", {"foreign_calendar": 12})
    assert bench.all_cases() == before
    assert bench.discrepancies() == known


def test_another_clinics_calendar_moves_nothing_that_was_called_off(
    bench: ReconciliationBench,
) -> None:
    cancelled = patient_visit("600301", patient_id="40041", status="Cancelled")
    bench.shows(*_a_dozen(), cancelled)
    bench.synced()
    before = bench.all_cases()
    later = patient_visit("600301", "2026-05-04 15:00:00", patient_id="40041", status="Cancelled")
    bench.shows(*visits(12, first=900101, patient_id="99001"), later)
    bench.night()

    job = bench.reconcile()

    assert held(job) == {"foreign_calendar": 12}
    assert bench.all_cases() == before
    assert str(bench.row("600301")["start_time"]) == "06:00:00"


# Which cases


def test_further_cases_of_the_visit_are_closed_too(bench: ReconciliationBench) -> None:
    _synced(bench)
    second = bench.add_case(f"idexx-appt-{VISIT}", source="extension", metadata={})
    bench.pims.delete(VISIT)

    _ok(bench.reconcile())

    cases = {case["id"]: case for case in bench.all_cases()}
    assert _is_closed(bench.case())
    assert cases[second]["status"] == "reviewed"
    assert cases[second]["metadata"]["reconciliation"]["softDeleted"] is True
    bench.night(2)
    _ok(bench.reconcile())
    assert bench.discrepancies() == []


def test_a_case_of_the_browser_extension_is_closed(bench: ReconciliationBench) -> None:
    bench.shows(*OTHERS)
    bench.synced()
    bench.night()
    at = bench.now - timedelta(hours=12)
    case_id = bench.add_case(
        "idexx-appt-600777", source="extension", scheduled_at=at, status="ongoing"
    )
    bench.pims.answers["600777"] = Found(
        "600777", "visit", "2026-05-04 14:00:00", None, "3", None, True, False, None
    )

    _ok(bench.reconcile())

    case = next(case for case in bench.all_cases() if case["id"] == case_id)
    assert case["status"] == "reviewed"
    assert case["metadata"]["reconciliation"]["reason"] == "removed_from_pims"


def test_cases_of_another_clinic_are_left(bench: ReconciliationBench) -> None:
    _synced(bench)
    other = add_clinic(bench.conn, acting_user_id=add_user(bench.conn))
    theirs = bench.add_case(f"pims-appt-idexx-neo-{VISIT}", clinic_id=other, status="draft")
    bench.pims.delete(VISIT)
    what = "SELECT * FROM public.cases WHERE id = %s"
    before = query(bench.conn, what, (theirs,))

    _ok(bench.reconcile())

    assert query(bench.conn, what, (theirs,)) == before


@pytest.mark.parametrize("metadata", [[], "text", 7, {"pimsAppointment": []}])
def test_of_a_broken_document_only_the_status_is_written(
    bench: ReconciliationBench, metadata: Any
) -> None:
    _synced(bench)
    bench.edit("cases", bench.case()["id"], metadata=Jsonb(metadata))
    bench.pims.delete(VISIT)

    _ok(bench.reconcile())

    case = bench.case()
    assert (case["status"], case["metadata"]) == ("reviewed", metadata)
    bench.night(2)
    _ok(bench.reconcile())
    assert bench.discrepancies() == []


def test_a_broken_document_cannot_follow_and_is_told_as_left(bench: ReconciliationBench) -> None:
    _synced(bench)
    bench.edit("cases", bench.case()["id"], metadata=[])
    bench.pims.replace(VISIT, start="2026-06-01 08:00:00", end="2026-06-01 08:30:00")

    _ok(bench.reconcile())

    assert bench.found() == {("appointment", "moved"): "fixed", ("case", "moved"): "left"}


UNREADABLE = [
    ("cases", "scheduled_at = 'infinity'"),
    ("cases", "scheduled_at = '20224-01-01'"),
    ("cases", "created_at = '-infinity'"),
    ("patients", "date_of_birth = 'infinity'"),
    ("schedule_appointments", "end_time = '24:00'"),
    ("schedule_appointments", "start_time = '24:00'"),
    ("schedule_appointments", "date = 'infinity'"),
    ("schedule_appointments", "date = '0044-03-15 BC'"),
    ("schedule_appointments", "date = '9999-12-31'"),
    ("schedule_appointments", "date = '0001-01-01'"),
]


@pytest.mark.parametrize(("table", "change"), UNREADABLE, ids=[what for _, what in UNREADABLE])
@pytest.mark.parametrize("gone", [False, True], ids=["shown", "deleted"])
def test_a_value_that_nobody_can_read_stops_no_run(
    bench: ReconciliationBench, table: str, change: str, gone: bool
) -> None:
    _synced(bench)
    ids = {
        "cases": bench.case()["id"],
        "patients": bench.patient()["id"],
        "schedule_appointments": bench.row(VISIT)["id"],
    }
    bench.conn.execute(f"UPDATE public.{table} SET {change} WHERE id = %s", (ids[table],))
    if gone:
        bench.pims.delete(VISIT)

    job = bench.reconcile()

    assert job.status in ("succeeded", "succeeded_with_warnings"), (job.error_message, job.result)
    if gone:
        what = "SELECT status::text, metadata #>> '{reconciliation,reason}' AS reason"
        closed = query(bench.conn, f"{what} FROM public.cases WHERE id = %s", (ids["cases"],))
        assert closed == [{"status": "reviewed", "reason": "removed_from_pims"}]


def test_a_row_whose_day_cannot_be_read_is_told_with_the_day_that_neo_shows(
    bench: ReconciliationBench,
) -> None:
    _synced(bench)
    row_id = bench.row(VISIT)["id"]
    update(bench.conn, "public.schedule_appointments", {"date": "infinity"}, id=row_id)

    bench.reconcile()

    (one,) = bench.discrepancies()
    assert (one["cause"], one["outcome"], one["day"]) == ("moved", "fixed", MONDAY)


def test_a_value_that_cannot_be_read_is_named_by_its_place(bench: ReconciliationBench) -> None:
    _synced(bench)
    row_id = bench.row(VISIT)["id"]
    update(bench.conn, "public.schedule_appointments", {"end_time": "24:00"}, id=row_id)

    job = bench.reconcile()

    assert job.result is not None
    fault = {"table": "schedule_appointments", "column": "end_time", "id": str(row_id)}
    assert {**fault, "code": "unreadable"} in job.result["faults"]


# What only the case knows


def test_r15_a_status_that_a_person_set_stays_when_its_visit_comes_back(
    bench: ReconciliationBench,
) -> None:
    _synced(bench)
    bench.edit("cases", bench.case()["id"], status="reviewed")
    bench.pims.delete(VISIT)
    _ok(bench.reconcile())
    assert _is_closed(bench.case())
    bench.pims.answers.clear()
    bench.shows(patient_visit(), *OTHERS)
    bench.night(2)

    _ok(bench.reconcile())

    assert not _is_closed(bench.case())
    assert bench.case()["status"] == "reviewed"
    assert _ok(bench.cases()).status
    assert bench.case()["status"] == "reviewed"


def test_r15_a_status_that_a_person_sets_after_the_removal_stays_too(
    bench: ReconciliationBench,
) -> None:
    _synced(bench)
    bench.pims.delete(VISIT)
    _ok(bench.reconcile())
    bench.edit("cases", bench.case()["id"], status="completed")
    bench.pims.answers.clear()
    bench.shows(patient_visit(), *OTHERS)
    bench.night(2)

    _ok(bench.reconcile())

    assert not _is_closed(bench.case())
    assert bench.case()["status"] == "completed"


def test_r07_approving_losses_closes_no_case_whose_row_does_not_say_that_it_was_finalised(
    bench: ReconciliationBench,
) -> None:
    many = visits(14, first=600300, patient_id="41000")
    _synced(bench, *many, nights=0)
    bench.pims.replace("600300", status="Finalized", consultation_id="9600300")
    bench.writes(chart("600300", patient_id="41000"))
    bench.later()
    bench.cases()
    assert (bench.case("600300")["status"], bench.row("600300")["status"]) == (
        "completed",
        "scheduled",
    )
    bench.pims.forget(*(one.id for one in many))
    bench.night(3)
    assert bench.reconcile().status == "held"
    bench.decide("unproven_visit_losses", "approved")
    bench.later()

    job = bench.reconcile()

    assert (job.status, held(job)) == ("held", {"finalised_visit_removed": 1})
    assert bench.case("600300")["status"] == "completed"
    assert bench.has("600300")
    assert not bench.has("600301")


@pytest.mark.parametrize("shows_it_again", [False, True])
def test_r06_a_visit_whose_row_lies_on_other_days_is_struck_by_no_read_of_these(
    bench: ReconciliationBench, shows_it_again: bool
) -> None:
    _synced(bench, nights=0)
    bench.later()
    bench.pims.replace(VISIT, start="2026-05-20 09:00:00", end="2026-05-20 09:30:00")
    bench.sync(MONDAY, MONDAY + timedelta(days=20))
    bench.pims.answers[VISIT] = Gone()
    for night in (1, 2, 3):
        bench.night(night)
        _ok(bench.reconcile())

    assert bench.has(VISIT)
    assert not _is_closed(bench.case())
    assert bench.found() == {("case", "deleted_in_neo"): "left"}
    if shows_it_again:
        del bench.pims.answers[VISIT]
        _ok(bench.reconcile())
        assert bench.found() == {("case", "moved"): "fixed"}
        return
    bench.pims.forget(VISIT)
    for _ in range(2):
        bench.later()
        bench.sync(MONDAY, MONDAY + timedelta(days=20))
    assert not bench.has(VISIT)
    _ok(bench.reconcile())
    assert _is_closed(bench.case())


# What is expected no more

STAYING = visits(5, first=600901, day=MONDAY + timedelta(days=1), patient_id="40031")


def _many(day: str, hour: int, step: int) -> list[Any]:
    """24 visits of one day, every half an hour from this hour on, or backwards."""
    return [
        patient_visit(
            str(600301 + n),
            f"{day} {hour + step * (n // 2):02}:{n % 2 * 30:02}:00",
            patient_id=str(41001 + n),
        )
        for n in range(24)
    ]


def test_r08_visits_whose_cases_are_closed_are_missed_by_nobody(
    bench: ReconciliationBench,
) -> None:
    many = _many("2026-05-04", 6, 1)
    bench.shows(*many, *STAYING)
    bench.synced()
    bench.night()
    for one in many:
        bench.pims.delete(one.id)
    _ok(bench.reconcile())
    bench.night(2)

    _ok(bench.reconcile())

    assert bench.holds() == []


def test_r08_visits_that_are_on_other_days_are_missed_by_nobody(
    bench: ReconciliationBench,
) -> None:
    bench.shows(*_many("2026-05-04", 6, 1), *STAYING)
    bench.synced()
    bench.shows(*_many("2026-05-20", 17, -1), *STAYING)
    bench.later()
    _ok(bench.sync(MONDAY, MONDAY + timedelta(days=20)))
    bench.night()

    _ok(bench.reconcile())

    assert bench.holds() == []
    assert set(bench.found().values()) == {"fixed"}


def _hidden_without_a_row(bench: ReconciliationBench) -> None:
    bench.shows(patient_visit(VISIT), *OTHERS)
    bench.synced()
    bench.conn.execute(
        "DELETE FROM public.schedule_appointments WHERE id = %s", (bench.row(VISIT)["id"],)
    )
    bench.pims.hidden.add(VISIT)


def test_what_neo_never_shows_though_it_is_there_is_set_apart_after_three_reads(
    bench: ReconciliationBench,
) -> None:
    _hidden_without_a_row(bench)
    for number in (1, 2):
        bench.night(number)
        assert warnings(bench.reconcile()) == {"read_incomplete": 1}

    bench.night(3)
    job = bench.reconcile()

    assert held(job) == {"never_shown": 1}
    assert warnings(job) == {}
    assert not _is_closed(bench.case())
    bench.decide("never_shown", "approved")
    _ok(bench.reconcile())
    assert _is_closed(bench.case())


def test_what_neo_shows_again_is_apart_no_longer(bench: ReconciliationBench) -> None:
    _hidden_without_a_row(bench)
    for number in (1, 2, 3):
        bench.night(number)
        bench.reconcile()
    bench.pims.hidden.clear()
    bench.night(4)
    bench.cases()

    job = bench.reconcile()

    assert held(job) == {}
    assert bench.hold("never_shown")["status"] == "closed"
    assert not _is_closed(bench.case())
