"""Each cause, made by Neo or in ODIS, and what each policy does about it: one table for both."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import pytest

from idexx_sync.core.catalog import LoggedKind
from idexx_sync.syncs.reconciliation.causes import CAUSES, POLICIES, Cause
from tests.kit.database import query, update
from tests.kit.job_results import counts
from tests.kit.reconciliation_bench import ReconciliationBench
from tests.kit.records import patient_visit, visits

VISIT: Final = "600101"
TUESDAY: Final = date(2026, 5, 5)
"""The clinic-local day of the first night."""
REMOVED: Final = {"softDeleted": True, "reason": "removed_from_pims"}

type Happens = Callable[[ReconciliationBench], object]


@dataclass(frozen=True)
class Scenario:
    """How a cause comes about, and of which records it then is."""

    cause: Cause
    happens: Happens
    kinds: frozenset[LoggedKind]


def _deletes_row(bench: ReconciliationBench) -> None:
    row = bench.row(VISIT)
    bench.conn.execute("DELETE FROM public.schedule_appointments WHERE id = %s", (row["id"],))


def _books_another(bench: ReconciliationBench) -> None:
    bench.pims.records.append(patient_visit("600109", "2026-05-04 10:00:00", patient_id="40029"))


def _makes_second_case(bench: ReconciliationBench) -> None:
    bench.add_case(f"idexx-appt-{VISIT}", source="extension")


def _removes_both(bench: ReconciliationBench) -> None:
    table, row = "public.schedule_appointments", bench.row(VISIT)
    update(bench.conn, table, {"deleted_at": bench.now}, id=row["id"])
    case = bench.case()
    metadata = {**case["metadata"], "reconciliation": REMOVED}
    bench.edit("cases", case["id"], status="reviewed", metadata=metadata)


def _renames_patient(bench: ReconciliationBench) -> None:
    bench.edit("patients", bench.patient()["id"], name="TANGO THE SECOND")


def _says(**fields: Any) -> Happens:
    return lambda bench: bench.pims.replace(VISIT, **fields)


BOTH: Final[frozenset[LoggedKind]] = frozenset({"appointment", "case"})
ROW: Final[frozenset[LoggedKind]] = frozenset({"appointment"})
CASE: Final[frozenset[LoggedKind]] = frozenset({"case"})
MOVED: Final = {"start": "2026-05-04 08:00:00", "end": "2026-05-04 08:30:00"}

SCENARIOS: Final = {
    "shown as cancelled": Scenario("cancelled_in_neo", _says(status="Cancelled"), BOTH),
    "cancelled and left out": Scenario(
        "cancelled_in_neo", lambda bench: bench.pims.hide_as(VISIT, cancelled=True), BOTH
    ),
    "deleted": Scenario("deleted_in_neo", lambda bench: bench.pims.delete(VISIT), BOTH),
    "moved in the window": Scenario("moved", _says(**MOVED), BOTH),
    "moved out of the window": Scenario(
        "moved", _says(start="2026-06-01 08:00:00", end="2026-06-01 08:30:00"), BOTH
    ),
    "row deleted in ODIS": Scenario("missing_in_odis", _deletes_row, ROW),
    "booked late": Scenario("missing_in_odis", _books_another, BOTH),
    "arrived": Scenario("status_differs", _says(status="Arrived"), BOTH),
    "another phone": Scenario("contact_differs", _says(client_phone="555-555-0199"), BOTH),
    "another type": Scenario("record_differs", _says(type="Dental"), BOTH),
    "a second case": Scenario("duplicate_case", _makes_second_case, CASE),
    "removed by us and there": Scenario("reappeared", _removes_both, BOTH),
    "patient renamed in ODIS": Scenario("edited_in_odis", _renames_patient, CASE),
}


@dataclass(frozen=True)
class Wish:
    """What a clinic wants done; no treatment: what everybody gets."""

    treatment: str | None = None
    until: date | None = None

    def outcome(self, cause: Cause, kind: LoggedKind) -> str:
        """What is to become of the difference."""
        policy, wanted = POLICIES[cause], self.treatment
        if wanted is None or (self.until is not None and self.until < TUESDAY):
            wanted = policy.treatment
        elif wanted in ("fix", "hold") and kind not in policy.fixes:
            wanted = "report"
        return {"fix": "fixed", "hold": "held", "report": "reported", "ignore": "ignored"}[wanted]


WISHES: Final = {
    "default": Wish(),
    "fix": Wish("fix"),
    "hold": Wish("hold"),
    "report": Wish("report"),
    "ignore until tonight": Wish("ignore", TUESDAY),
    "ignored until yesterday": Wish("ignore", date(2026, 5, 4)),
}


def test_the_table_has_every_cause() -> None:
    assert {scenario.cause for scenario in SCENARIOS.values()} == set(CAUSES)


def _begun(bench: ReconciliationBench, scenario: Scenario) -> None:
    bench.shows(patient_visit(), *visits(4, first=600201))
    bench.synced()
    bench.night()
    scenario.happens(bench)


def _rows_of_odis(bench: ReconciliationBench, kind: LoggedKind) -> Any:
    if kind == "appointment":
        return bench.rows(removed=True)
    patients = "SELECT * FROM public.patients WHERE clinic_id = %s ORDER BY id"
    return bench.all_cases(), query(bench.conn, patients, (bench.clinic_id,))


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_cause_is_treated_by_its_policy(
    bench: ReconciliationBench, scenario: Scenario, wish: Wish
) -> None:
    _begun(bench, scenario)
    cause = scenario.cause
    if wish.treatment is not None:
        bench.policy(cause, wish.treatment, wish.until)
    before = {kind: _rows_of_odis(bench, kind) for kind in BOTH}

    job = bench.reconcile()

    expected = {(kind, cause): wish.outcome(cause, kind) for kind in scenario.kinds}
    assert bench.found() == expected
    outcomes = list(expected.values())
    assert job.result is not None, job.error_message
    assert job.result["discrepancies"] == {
        cause: {outcome: outcomes.count(outcome) for outcome in set(outcomes)}
    }
    is_held = "held" in outcomes
    assert job.status == ("held" if is_held else "succeeded"), job.result
    assert [hold["cause"] for hold in bench.holds()] == (["by_policy"] if is_held else [])
    for kind in BOTH:
        is_fixed = expected.get((kind, cause)) == "fixed"
        assert (_rows_of_odis(bench, kind) != before[kind]) == is_fixed, kind


FIXABLE: Final = [name for name, one in SCENARIOS.items() if POLICIES[one.cause].fixes]


@pytest.mark.parametrize("name", FIXABLE)
def test_what_is_fixed_differs_no_more(bench: ReconciliationBench, name: str) -> None:
    scenario = SCENARIOS[name]
    _begun(bench, scenario)
    bench.policy(scenario.cause, "fix")
    bench.reconcile()
    bench.night(2)

    job = bench.reconcile()

    assert bench.found() == {
        (kind, scenario.cause): "reported"
        for kind in scenario.kinds
        if kind not in POLICIES[scenario.cause].fixes
    }
    assert not counts(job).keys() & {"created", "updated", "removed"}


@pytest.mark.parametrize("name", FIXABLE)
def test_what_a_person_approves_is_put_right(bench: ReconciliationBench, name: str) -> None:
    scenario = SCENARIOS[name]
    _begun(bench, scenario)
    bench.policy(scenario.cause, "hold")
    bench.reconcile()
    bench.decide("by_policy", "approved")

    job = bench.reconcile()

    assert bench.found() == {
        (kind, scenario.cause): ("fixed" if kind in POLICIES[scenario.cause].fixes else "reported")
        for kind in scenario.kinds
    }
    assert job.status == "succeeded", job.result


@pytest.mark.parametrize("name", FIXABLE)
def test_what_a_person_rejects_stays(bench: ReconciliationBench, name: str) -> None:
    scenario = SCENARIOS[name]
    _begun(bench, scenario)
    bench.policy(scenario.cause, "hold")
    bench.reconcile()
    bench.decide("by_policy", "rejected")
    before = {kind: _rows_of_odis(bench, kind) for kind in BOTH}

    job = bench.reconcile()

    assert "fixed" not in bench.found().values()
    assert {kind: _rows_of_odis(bench, kind) for kind in BOTH} == before
    assert job.status != "held", job.result


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_run_that_reports_changes_no_row_and_stores_what_differs(
    bench: ReconciliationBench, scenario: Scenario
) -> None:
    _begun(bench, scenario)
    before = {kind: _rows_of_odis(bench, kind) for kind in BOTH}

    job = bench.reconcile(fix=False)

    assert bench.found() == {(kind, scenario.cause): "reported" for kind in scenario.kinds}
    assert {kind: _rows_of_odis(bench, kind) for kind in BOTH} == before
    assert counts(job)["discrepancies"] == len(scenario.kinds)
    assert bench.holds() == []


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_preview_writes_nothing_at_all_and_counts(
    bench: ReconciliationBench, scenario: Scenario
) -> None:
    _begun(bench, scenario)
    before = _everything(bench)

    job = bench.reconcile(manner="preview")

    assert _everything(bench) == before
    assert job.result is not None
    assert job.result["discrepancies"] == {scenario.cause: {"reported": len(scenario.kinds)}}


def _everything(bench: ReconciliationBench) -> dict[str, list[dict[str, Any]]]:
    of_clinic = ("records", "discrepancies", "sightings", "holds", "changes", "deaths")
    ours = {
        table: query(
            bench.conn,
            f"SELECT t::text FROM idexx_sync.{table} t WHERE clinic_id = %s ORDER BY 1",
            (bench.clinic_id,),
        )
        for table in of_clinic
    }
    return {**ours, **{kind: _rows_of_odis(bench, kind) for kind in BOTH}}
