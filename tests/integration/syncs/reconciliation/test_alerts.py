"""What is told to people: a difference that stays, and a closed case with a call in the queue."""

from typing import Any
from uuid import uuid4

from idexx_sync.pims.protocol import Unknown
from tests.kit.database import insert, query, update
from tests.kit.job_results import warnings
from tests.kit.reconciliation_bench import ReconciliationBench
from tests.kit.records import patient_visit


def alerts(bench: ReconciliationBench) -> list[tuple[str, list[str]]]:
    """Kind and records of those that are open."""
    found = query(
        bench.conn,
        "SELECT kind, records FROM idexx_sync.alerts WHERE clinic_id = %s AND closed_at IS NULL "
        "ORDER BY kind",
        (bench.clinic_id,),
    )
    return [(one["kind"], one["records"]) for one in found]


def row_id(bench: ReconciliationBench) -> Any:
    return bench.row("600101")["id"]


def undone(bench: ReconciliationBench) -> None:
    """Somebody takes back in ODIS what was put right."""
    update(bench.conn, "public.schedule_appointments", {"deleted_at": None}, id=row_id(bench))


def test_on_the_third_night_a_difference_is_told_once_and_not_fixed_again(
    bench: ReconciliationBench,
) -> None:
    bench.shows(patient_visit(), patient_visit("600102", "2026-05-04 09:00:00"))
    bench.synced()
    bench.pims.delete("600101")
    for number in (1, 2):
        bench.night(number)
        bench.reconcile()
        assert bench.keys() == ["600102"]
        undone(bench)
        assert alerts(bench) == []

    for number in (3, 4):
        bench.night(number)
        bench.reconcile()

        (left,) = [one for one in bench.discrepancies() if one["kind"] == "appointment"]
        assert (left["outcome"], left["nights"]) == ("left", number)
        assert bench.keys() == ["600101", "600102"]
        assert alerts(bench) == [("discrepancy_stays", [str(left["id"])])]


def test_a_difference_that_has_gone_closes_its_alert(bench: ReconciliationBench) -> None:
    test_on_the_third_night_a_difference_is_told_once_and_not_fixed_again(bench)
    removed = {"deleted_at": bench.now}
    update(bench.conn, "public.schedule_appointments", removed, id=row_id(bench))
    bench.night(5)

    bench.reconcile()

    assert alerts(bench) == []
    assert bench.discrepancies() == []


def test_r27_a_run_that_only_reports_takes_back_neither_what_is_told_nor_that_it_is_left(
    bench: ReconciliationBench,
) -> None:
    test_on_the_third_night_a_difference_is_told_once_and_not_fixed_again(bench)
    told = alerts(bench)
    assert [kind for kind, _ in told] == ["discrepancy_stays"]
    bench.later()

    bench.reconcile(fix=False)

    assert alerts(bench) == told
    bench.night(5)
    bench.reconcile()
    assert bench.keys() == ["600101", "600102"]
    assert alerts(bench) == told


def test_r27_a_run_over_fewer_days_leaves_what_is_told_of_others(
    bench: ReconciliationBench,
) -> None:
    bench.shows(patient_visit(), patient_visit("600102", "2026-05-04 09:00:00"))
    bench.synced()
    queue_call(bench, bench.case())
    bench.pims.delete("600101")
    bench.night(4)
    bench.reconcile()
    told = alerts(bench)
    assert [kind for kind, _ in told] == ["closed_case_has_call"]

    bench.reconcile(lookback_days=1)

    assert alerts(bench) == told


def queue_call(bench: ReconciliationBench, case: dict[str, Any], status: str = "queued") -> None:
    values = {
        "id": uuid4(),
        "user_id": case["user_id"],
        "case_id": case["id"],
        "status": status,
        "scheduled_for": bench.now,
        "dynamic_variables": "{}",
    }
    insert(bench.conn, "public.scheduled_discharge_calls", values)


def test_a_case_that_is_closed_while_a_call_is_queued_is_named(bench: ReconciliationBench) -> None:
    bench.shows(patient_visit(), patient_visit("600102", "2026-05-04 09:00:00"))
    bench.synced()
    case = bench.case()
    queue_call(bench, case)
    queue_call(bench, bench.case("600102"))
    bench.pims.delete("600101")
    bench.night()

    job = bench.reconcile()

    assert alerts(bench) == [("closed_case_has_call", [str(case["id"])])]
    assert "calls_unknown" not in warnings(job)
    bench.conn.execute("UPDATE public.scheduled_discharge_calls SET status = 'cancelled'")
    bench.night(2)
    bench.reconcile()
    assert alerts(bench) == []


def test_where_odis_has_no_such_tables_that_is_said(bench: ReconciliationBench) -> None:
    bench.shows(patient_visit())
    bench.synced()
    bench.pims.delete("600101")
    bench.night()
    bench.conn.execute("ALTER TABLE public.scheduled_discharge_emails RENAME TO elsewhere")
    try:
        job = bench.reconcile()
    finally:
        bench.conn.execute("ALTER TABLE public.elsewhere RENAME TO scheduled_discharge_emails")

    assert warnings(job) == {"calls_unknown": 1}
    assert alerts(bench) == []


def test_what_no_night_looks_at_any_more_is_told_no_longer_and_ends(
    bench: ReconciliationBench,
) -> None:
    test_on_the_third_night_a_difference_is_told_once_and_not_fixed_again(bench)
    bench.night(8)  # MONDAY is seven days back for the last time on the night before

    bench.reconcile()
    bench.night(10)
    bench.reconcile()

    assert alerts(bench) == []
    assert [one["kind"] for one in bench.discrepancies()] == ["appointment"]
    bench.night(16)
    bench.reconcile()
    assert bench.discrepancies() == []


def test_what_neo_has_not_proven_is_no_bug_of_ours(bench: ReconciliationBench) -> None:
    bench.shows(patient_visit(), patient_visit("600102", "2026-05-04 09:00:00"))
    bench.synced()
    bench.pims.forget("600101")
    bench.pims.answers["600101"] = Unknown("refused")
    for number in (1, 2, 3, 4):
        bench.night(number)
        bench.reconcile()

    assert {one["nights"] for one in bench.discrepancies()} == {4}
    assert alerts(bench) == []
