"""What a night leaves behind: audits, memory, and what somebody else has changed meanwhile; and
nothing of what only people should know."""

import json
from typing import Any

import pytest

from idexx_sync.jobs.model import Job
from idexx_sync.syncs.change import CLEAR
from tests.kit.database import query, update
from tests.kit.job_results import counts, warnings
from tests.kit.reconciliation_bench import ReconciliationBench
from tests.kit.records import chart, patient_visit, seen, visits

VISIT = "600101"
OTHERS = visits(5, first=600201, patient_id="40031")
BOTH_FIXED = {("appointment", "deleted_in_neo"): "fixed", ("case", "deleted_in_neo"): "fixed"}


def _deleted(bench: ReconciliationBench) -> None:
    bench.shows(patient_visit(), *OTHERS)
    bench.synced()
    bench.night()
    bench.pims.delete(VISIT)


# Audits


def test_each_record_has_one_audit_in_a_job(bench: ReconciliationBench) -> None:
    _deleted(bench)

    job = bench.reconcile()

    told = [
        (audit["external_id"], audit["sync_type"], audit["status"]) for audit in bench.audits(job)
    ]
    assert told == [
        (VISIT, "reconcile", "success"),
        (f"pims-appt-idexx-neo-{VISIT}", "reconcile", "success"),
    ]
    logged = query(
        bench.conn,
        "SELECT kind, external_id, action FROM idexx_sync.changes WHERE job_id = %s ORDER BY 1",
        (job.id,),
    )
    assert logged == [
        {"kind": "appointment", "external_id": VISIT, "action": "remove"},
        {"kind": "case", "external_id": f"pims-appt-idexx-neo-{VISIT}", "action": "remove"},
    ]
    assert counts(job)["removed"] == 2


def test_personal_values_are_hashes_in_audits(bench: ReconciliationBench) -> None:
    bench.shows(patient_visit(), *OTHERS)
    bench.synced()
    row = bench.row(VISIT)
    update(bench.conn, "public.schedule_appointments", {"deleted_at": bench.now}, id=row["id"])
    bench.pims.replace(VISIT, client_name="Canary Owner")
    bench.night()

    job = bench.reconcile()

    (audit,) = bench.audits(job)
    (logged,) = query(
        bench.conn, "SELECT fields FROM idexx_sync.changes WHERE job_id = %s", (job.id,)
    )
    fields = logged["fields"]
    assert set(fields["client_name"]) == {"changed", "hash"}
    assert "Canary" not in json.dumps([audit, logged], default=str)
    assert {name for name in fields if "before" in fields[name]} <= CLEAR


# What somebody else changes meanwhile


def test_a_row_changed_meanwhile_is_planned_again(bench: ReconciliationBench) -> None:
    _deleted(bench)
    touch = "UPDATE public.schedule_appointments SET updated_at = now() WHERE clinic_id = %s"

    with bench.before_each_write(lambda: bench.conn.execute(touch, (bench.clinic_id,)), times=1):
        job = bench.reconcile()

    assert job.status == "succeeded", job.result
    assert bench.found() == BOTH_FIXED


@pytest.mark.parametrize("kind", ["appointment", "case"])
def test_what_keeps_changing_is_left_and_told(bench: ReconciliationBench, kind: str) -> None:
    _deleted(bench)
    tables = {"appointment": "schedule_appointments", "case": "cases"}
    row_id = bench.row(VISIT)["id"] if kind == "appointment" else bench.case()["id"]

    with bench.changing_between(f"public.{tables[kind]}", row_id):
        job = bench.reconcile()

    assert bench.found() == {**BOTH_FIXED, (kind, "deleted_in_neo"): "left"}
    assert warnings(job)["conflicts_left_for_next_run"] == 1
    assert job.result is not None
    assert job.result["unfresh"] == "conflicts"
    bench.night(2)
    assert bench.reconcile().status == "succeeded"
    assert bench.found() == {(kind, "deleted_in_neo"): "fixed"}
    assert not bench.has(VISIT)
    assert bench.case()["status"] == "reviewed"


def test_a_person_who_marks_the_case_meanwhile_has_the_last_word(
    bench: ReconciliationBench,
) -> None:
    _deleted(bench)
    case_id = bench.case()["id"]

    def reviews() -> None:
        bench.edit("cases", case_id, status="reviewed")

    with bench.before_each_write(reviews, times=1):
        bench.reconcile()

    assert bench.case()["status"] == "reviewed"
    assert bench.case()["metadata"]["reconciliation"]["softDeleted"] is True


@pytest.mark.parametrize("table", ["schedule_appointments", "cases"])
def test_what_the_database_refuses_is_left_and_told(bench: ReconciliationBench, table: str) -> None:
    _deleted(bench)
    key = {"schedule_appointments": "neo_appointment_id", "cases": "external_id"}[table]
    bench.conn.execute(
        f"CREATE FUNCTION refuse_{table}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE check_violation; END $$"
    )
    bench.conn.execute(
        f"CREATE TRIGGER refuse BEFORE UPDATE ON public.{table} FOR EACH ROW "
        f"WHEN (NEW.{key} LIKE '%{VISIT}' AND NEW.clinic_id = '{bench.clinic_id}') "
        f"EXECUTE FUNCTION refuse_{table}()"
    )
    try:
        job = bench.reconcile()
    finally:
        bench.conn.execute(f"DROP FUNCTION refuse_{table} CASCADE")

    kind = {"schedule_appointments": "appointment", "cases": "case"}[table]
    assert bench.found() == {**BOTH_FIXED, (kind, "deleted_in_neo"): "left"}
    assert warnings(job)["rows_refused"] >= 1


# Nothing personal

CANARIES = ("CANARYPET", "Canary Owner", "555-555-0142", "canary@example.org", "CANARYNOTE")


def _everything_personal(bench: ReconciliationBench) -> None:
    """A visit whose every field is a canary, of which each cause comes about."""
    bench.writes(chart(notes_html="<p>CANARYNOTE before</p>"))
    bench.shows(
        seen(
            patient_name="CANARYPET",
            client_name="Canary Owner",
            client_phone="555-555-0142",
            client_email="canary@example.org",
            reason="CANARYNOTE",
        ),
        *OTHERS,
    )
    bench.synced()
    bench.night()
    bench.add_case(f"idexx-appt-{VISIT}", source="extension", metadata={})
    bench.edit("patients", bench.patient()["id"], name="CANARYPET edited")
    bench.writes(chart(notes_html="<p>CANARYNOTE after</p>", client_email="canary@example.org"))
    bench.pims.replace(
        VISIT,
        client_name="Canary Owner the Second",
        client_phone="555-555-01422",
        reason="CANARYNOTE again",
        provider_name="DR. CANARYPET",
        type="CANARYNOTE",
        start="2026-05-04 07:00:00",
        end="2026-05-04 07:30:00",
    )


@pytest.mark.parametrize("policy", ["report", "hold"])
def test_nothing_personal_is_stored_or_told(bench: ReconciliationBench, policy: str) -> None:
    _everything_personal(bench)
    bench.policy("moved", policy)
    jobs = [bench.reconcile(fix=False), bench.reconcile(), bench.reconcile(manner="preview")]
    bench.pims.delete(VISIT)
    bench.night(2)
    jobs.append(bench.reconcile())
    if policy == "hold":
        bench.decide("finalised_visit_removed", "approved")
        jobs.append(bench.reconcile())

    found = {one["cause"] for one in bench.discrepancies(ended=True)}
    assert {"moved", "contact_differs", "record_differs", "edited_in_odis"} <= found
    assert {"duplicate_case", "deleted_in_neo"} <= found
    for what, told in _all_that_is_told(bench, jobs).items():
        for canary in CANARIES:
            assert canary.casefold() not in told.casefold(), (what, canary)


def _all_that_is_told(bench: ReconciliationBench, jobs: list[Job]) -> dict[str, str]:
    tables = ("discrepancies", "sightings", "holds", "hold_events", "changes", "jobs", "alerts")
    told: dict[str, str] = {}
    for table in tables:
        rows: list[dict[str, Any]] = query(
            bench.conn,
            f"SELECT to_jsonb(t) AS told FROM idexx_sync.{table} t WHERE clinic_id = %s",
            (bench.clinic_id,),
        )
        assert rows or table in ("holds", "hold_events", "alerts"), table
        told[table] = json.dumps(rows, default=str)
    told["audits"] = json.dumps([bench.audits(job) for job in jobs], default=str)
    told["results"] = json.dumps([job.result for job in jobs], default=str)
    return told


def test_r26_a_discrepancy_that_is_refused_stops_no_other_one(bench: ReconciliationBench) -> None:
    long_id = "6" * 290
    bench.shows(patient_visit(long_id), patient_visit("600102", "2026-05-04 09:00:00"))
    bench.synced()
    bench.night()
    for visit_id in (long_id, "600102"):
        bench.pims.replace(visit_id, client_phone="555-555-0188")

    job = bench.reconcile()

    assert job.status == "succeeded_with_warnings", job.error_message
    assert warnings(job) == {"rows_refused": 1}
    assert {one["external_id"] for one in bench.discrepancies()} == {
        long_id,
        "600102",
        "pims-appt-idexx-neo-600102",
    }
