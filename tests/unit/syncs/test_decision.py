"""What planning decides, as values: the same plan with or without them, JSON, nothing private."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from idexx_sync.pims.protocol import Consultation, Lookup, Snapshot, SourceRecord
from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.fields import PATIENT_COLUMNS
from idexx_sync.syncs.cases.model import CaseChange, Plan
from idexx_sync.syncs.cases.plan import plan_consultations, plan_visits
from idexx_sync.syncs.cases.plan_memory import differing, memory_of
from idexx_sync.syncs.cases.plan_notes import note_change
from idexx_sync.syncs.cases.planning import VisitPlanning
from idexx_sync.syncs.cases.stored import StoredCase, StoredPatient, StoredVisit
from idexx_sync.syncs.decision import Decision, Decisions, word_read
from idexx_sync.syncs.inbound.context import CalendarContext
from idexx_sync.syncs.inbound.model import Stored
from idexx_sync.syncs.inbound.plan import plan_records
from idexx_sync.syncs.memory import VisitMemory, VisitRecord
from tests.kit.settings import fingerprints_of
from tests.unit.syncs.inbound.strategies import contexts, proofs, snapshots, stored_rows

CANARIES: dict[str, Any] = {
    "patient_name": "CANARYPET",
    "client_name": "Canary Owner",
    "client_phone": "555-555-0177",
    "client_email": "canary@example.com",
    "provider_name": "DR. CANARY",
    "reason": "CANARYREASON euthanasia",
}
VISIT = SourceRecord(
    "7",
    "visit",
    "2026-05-04 09:00:00",
    None,
    status="Finalized",
    patient_id="4",
    consultation_id="9",
    **CANARIES,
)
CHART = Consultation("9", "4", reason="CANARYREASON", notes_html="<p>CANARYNOTES, cremated</p>")
CONTEXT = CaseContext(
    UUID(int=1),
    ZoneInfo("America/Chicago"),
    30,
    date(2026, 1, 1),
    None,
    datetime(2026, 5, 4, 20, tzinfo=UTC),
    fingerprints_of(UUID(int=1)),
)


def noted(decisions: Decisions) -> list[Decision]:
    return [decision for key in decisions.keys for decision in decisions.of(key)]


@given(snapshots, stored_rows(), proofs, contexts)
def test_a_calendars_plan_is_the_same_whether_its_decisions_are_noted_or_not(
    snapshot: Snapshot, stored: Stored, found: Mapping[str, Lookup], context: CalendarContext
) -> None:
    decisions = Decisions()

    plan = plan_records(snapshot, stored, found, context, decisions)

    assert plan == plan_records(snapshot, stored, found, context)
    shown = {change.key for change in plan.changes} | {item.row.key for item in plan.missing}
    assert shown <= set(decisions.keys)
    for decision in noted(decisions):
        data = decision.as_data()
        assert Decision(**json.loads(json.dumps(data))) == decision


def edited_case() -> StoredCase:
    """A case that somebody has given another patient's name."""
    patient = StoredPatient(UUID(int=3), "1", dict.fromkeys(PATIENT_COLUMNS) | {"name": "CANARY2"})
    case_id = UUID(int=2)
    blank = StoredCase(case_id, "1", "x", None, None, "reviewed", "checkup", None, {}, {}, patient)
    return replace(blank, metadata={"reconciliation": {"softDeleted": True}})


def test_r21_no_personal_value_is_in_any_decision() -> None:
    known = VisitRecord("7", source=VisitMemory(start="2026-05-04 08:00:00", status="Cancelled"))
    cases = [edited_case(), edited_case()]
    found: set[str] = set()
    for stored in (
        StoredVisit(),
        StoredVisit(cases, UUID(int=2)),
        StoredVisit([replace(case, metadata={}) for case in cases], UUID(int=2), known),
    ):
        decisions = Decisions()
        plan_visits([VISIT], {"7": stored}, CONTEXT, decisions)
        plan_consultations([(VISIT, CHART)], [], {"7": stored}, CONTEXT, decisions)
        said = json.dumps([decision.as_data() for decision in noted(decisions)])

        found |= {decision.code for decision in noted(decisions)}
        assert not [word for word in (*CANARIES.values(), "CANARY", "Canary") if word in said]
    assert {"word", "died", "new", "came_back", "changed", "edited", "several_cases"} <= found


@pytest.mark.parametrize("dropped", [(), ("patient.name",)])
def test_r15_edits_are_told_to_be_dropped_where_some_are(dropped: tuple[str, ...]) -> None:
    decisions = Decisions()
    planning = VisitPlanning(Plan(), CONTEXT, VISIT, StoredVisit(), decisions)

    note_change(planning, CaseChange("7", "adopted", None, dropped=dropped), VisitMemory())

    assert [one.facts["fields"] for one in decisions.of("7")] == [list(dropped)] * bool(dropped)


def test_r04_of_whom_nobody_knows_no_private_words_are_news() -> None:
    """Another patient's visit, of which the calendar does not say the owner."""
    known = VisitMemory(start=VISIT.start, patient="8", client="5", private="x")
    stored = StoredVisit([edited_case()], UUID(int=2), VisitRecord("7", source=known))
    visit = replace(VISIT, client_id=None)
    unsaid = VisitPlanning(Plan(), CONTEXT, visit, stored, None)
    said = VisitPlanning(Plan(), CONTEXT, replace(VISIT, client_id="5"), stored, None)

    assert "private" not in set(differing(unsaid, memory_of(unsaid)))
    assert "private" in set(differing(said, memory_of(said)))


def test_r05_a_word_is_told_with_what_it_means() -> None:
    assert word_read("Checked In") == Decision(
        "R5", "word", {"word": "Checked In", "status": "in_progress"}
    )
    assert word_read("Teleported") == Decision("R5", "unknown_word", {"word": "Teleported"})
    assert word_read(None) == Decision("R5", "no_word")


def test_a_decision_is_noted_once_and_in_order() -> None:
    decisions = Decisions()
    for code in ("b", "a", "b"):
        decisions.note("7", Decision("R1", code))

    assert [decision.code for decision in decisions.of("7")] == ["b", "a"]
    assert (decisions.keys, decisions.of("8")) == (["7"], [])
