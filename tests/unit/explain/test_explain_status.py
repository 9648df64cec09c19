"""Whatever is stored and shown: the status that is told is the one that the case sync writes."""

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import product
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idexx_sync.explain.model import Memory, NeoSays, StoredAppointment
from idexx_sync.explain.preview import Clinical
from idexx_sync.explain.reasons import explained
from idexx_sync.explain.runs import Runs
from idexx_sync.pims.protocol import (
    Consultation,
    ConsultationAnswer,
    Found,
    Gone,
    Snapshot,
    SourceRecord,
    Unknown,
    Window,
)
from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.due import due_in_order
from idexx_sync.syncs.cases.model import Plan
from idexx_sync.syncs.cases.plan import plan_consultations, plan_visits
from idexx_sync.syncs.cases.reading import judge_answers
from idexx_sync.syncs.cases.record_memory import ConsultationMemory
from idexx_sync.syncs.cases.status import is_removed
from idexx_sync.syncs.cases.stored import StoredCase, StoredVisit
from idexx_sync.syncs.memory import VisitMemory, VisitRecord
from tests.kit.scripted_pims import ScriptedPims
from tests.kit.settings import fingerprints_of

NOW = datetime(2026, 5, 4, 14, 0, tzinfo=UTC)
DAY = date(2026, 5, 4)
ZONE = ZoneInfo("America/Los_Angeles")
START = "2026-05-04 06:00:00"
NEW_YEAR = date(2026, 1, 1)
ONE = UUID(int=1)
CASE = StoredCase(ONE, "1", "x", ONE, ONE, None, "checkup", NOW, {}, {}, None, NOW)
BY_ID = Found(
    "7", "visit", START, None, None, "Finalized", deleted=False, cancelled=False, patient_id="4"
)

WORDS = ["Finalized", "Arrived", "Confirmed", "Cancelled", "No show", "?", None]
words = st.sampled_from(WORDS)
first_days = st.sampled_from([None, date(2026, 1, 1), DAY, date(2026, 5, 5)])
record_ids = st.sampled_from([None, "9", "8"])
readings = st.builds(
    ConsultationMemory,
    id=record_ids,
    read_at=st.sampled_from([None, NOW]),
    final=st.booleans(),
    has_notes=st.booleans(),
    code=st.sampled_from([None, "read_failed", "vanished", "wrong_patient"]),
    screened=st.sampled_from([None, "nothing"]),
)
statuses = st.sampled_from([None, "draft", "ongoing", "completed", "reviewed"])
documents: st.SearchStrategy[Any] = st.sampled_from(
    [
        {},
        {"reconciliation": {"softDeleted": True}},
        {"pimsAppointment": {"status": "finalized"}},
        {"pimsAppointment": {"status": "cancelled"}, "pimsConsultation": {"id": "9"}},
        [],
    ]
)
answers: st.SearchStrategy[ConsultationAnswer | None] = st.sampled_from(
    [None, Consultation("9", "4"), Consultation("9", "5"), Gone(), Unknown("status_500")]
)


@st.composite
def kept(draw: st.DrawFn) -> StoredVisit:
    """What is stored of the visit: its case, if any, and what is remembered."""
    case = replace(CASE, status=draw(statuses), metadata=draw(documents))
    last = draw(record_ids)
    memory = VisitMemory(
        start=draw(st.sampled_from([START, "2026-05-03 06:00:00"])),
        status=draw(words),
        patient="4",
        consultation=draw(st.sampled_from([last, None])),
        last_consultation=last,
        edited=draw(st.sampled_from([(), ("case.status",)])),
        bare_since=draw(st.sampled_from([None, "2026-05-04T13:30:00Z", "2026-05-04T12:00:00Z"])),
    )
    record = draw(st.sampled_from([VisitRecord("7"), VisitRecord("7", source=memory)]))
    cases = draw(st.sampled_from([(), (case,)]))
    key = ONE if cases else None
    return StoredVisit(cases, draw(st.sampled_from([None, key])), record, draw(readings))


@st.composite
def shown(draw: st.DrawFn) -> NeoSays:
    record = SourceRecord(
        "7",
        "visit",
        START,
        None,
        status=draw(words),
        patient_id="4",
        consultation_id=draw(record_ids),
    )
    lookup = replace(BY_ID, status=record.status)
    answer = draw(answers) if record.consultation_id else None
    if isinstance(answer, Consultation):
        answer = replace(answer, id=record.consultation_id or "")
    return NeoSays(lookup, Snapshot(Window(DAY, DAY), NOW, [record]), answer)


def told(neo: NeoSays, stored: StoredVisit, live_from: date | None) -> list[str]:
    memories = [Memory("visit", stored.record, NOW)]
    clinic = Clinical(ONE, ZONE, NOW, fingerprints_of(ONE), live_from=live_from, acting_user_id=ONE)
    everything = StoredAppointment(visit=stored, memories=memories)
    runs = Runs(clinic.id, clinic.zone, clinic.now, "live")
    found = explained("7", neo, everything, clinic, runs).why
    return [reason.text for reason in found]


def status_told(texts: list[str], before: str | None) -> str:
    """The status that the sentences say the case has after the runs that they tell of."""
    found = before or "no status"
    for text in texts:
        if text.startswith("ODIS still shows "):
            found = text.rpartition(" makes it ")[2]
        elif text.startswith("a person made it ") or text == "completed already: it stays so":
            found = before or "no status"
        elif text.startswith("no status to go by: the case stays "):
            found = text.rpartition(" ")[2]
        elif text.startswith(STATUS_TEXTS):
            found = text.rpartition(": ")[2]
    return found


STATUS_TEXTS = (
    "finalised",
    "its document can't be read",
    *("scheduled: ", "in progress: ", "cancelled: ", "no show: ", "no status to go by: draft"),
)


def by_calendar(
    visit: SourceRecord, stored: StoredVisit, context: CaseContext
) -> tuple[StoredVisit, frozenset[str]]:
    """What is stored once the calendar's part is written, and the visits that have changed."""
    plan = plan_visits([visit], {"7": stored}, context)
    changed = frozenset(change.visit_id for change in plan.changes if change.reason == "source")
    record = next(iter(plan.records), stored.record)
    return replace(_with_status(stored, plan), record=record), changed


def _with_status(stored: StoredVisit, plan: Plan) -> StoredVisit:
    written = [c.values["case.status"] for c in plan.changes if "case.status" in c.values]
    if not written or stored.case is None:
        return stored
    return replace(stored, cases=[replace(stored.case, status=written[-1])])


def by_record(neo: NeoSays, stored: StoredVisit, context: CaseContext) -> StoredVisit:
    """What is stored after a whole run, made of the sync's own steps."""
    (visit,), answer = neo.shown, neo.consultation
    after, changed = by_calendar(visit, stored, context)
    due = due_in_order([visit], {"7": stored}, changed, NOW, ZONE)
    if not due or answer is None:
        return after
    pims = ScriptedPims(lambda: NOW, answers={"7": neo.lookup} if neo.lookup else {})
    read = judge_answers([(visit, answer)], {"7": after}, pims, NOW, NOW)
    plan = plan_consultations(
        read.records.values(), read.vanished, {"7": after}, context, of_others=read.strange
    )
    return _with_status(after, plan)


def context_of(live_from: date | None) -> CaseContext:
    return CaseContext(ONE, ZONE, 30, live_from, ONE, NOW, fingerprints_of(ONE))


@given(neo=shown(), stored=kept(), live_from=first_days)
def test_r18_the_status_that_is_told_is_the_one_that_the_calendar_writes(
    neo: NeoSays, stored: StoredVisit, live_from: date | None
) -> None:
    unread = replace(neo, consultation=None)
    plan = plan_visits(neo.shown, {"7": stored}, context_of(live_from))
    written = [c.values["case.status"] for c in plan.changes if "case.status" in c.values]
    before = stored.case.status if stored.case else None

    expected = written[-1] if written else before or "no status"
    assert status_told(told(unread, stored, live_from), before) == expected


@given(neo=shown(), stored=kept().filter(lambda visit: visit.case), live_from=first_days)
def test_r18_the_status_that_is_told_is_the_one_that_a_whole_run_leaves(
    neo: NeoSays, stored: StoredVisit, live_from: date | None
) -> None:
    check_a_whole_run(neo, stored, live_from)


def check_a_whole_run(neo: NeoSays, stored: StoredVisit, live_from: date | None) -> None:
    after = by_record(neo, stored, context_of(live_from))
    assert stored.case is not None
    assert after.case is not None

    texts = told(neo, stored, live_from)
    assert status_told(texts, stored.case.status) == (after.case.status or "no status")


CODES = [None, "read_failed", "vanished", "wrong_patient"]


@pytest.mark.parametrize("before", [None, "draft", "ongoing", "completed", "reviewed"])
@pytest.mark.parametrize("answer", [None, Consultation("9", "4"), Consultation("9", "5"), Gone()])
def test_r18_every_way_that_the_record_of_a_finalised_visit_may_go(
    before: str | None, answer: ConsultationAnswer | None
) -> None:
    ways = product([None, "9"], [None, "9"], [None, "9", "8"], CODES, WORDS[:2], [NEW_YEAR, None])
    for shown_id, last, read_id, code, word, live_from in ways:
        memory = VisitMemory(start=START, status=word, patient="4", last_consultation=last)
        stored = StoredVisit(
            cases=[replace(CASE, status=before)],
            key=ONE,
            record=VisitRecord("7", source=memory),
            consultation=ConsultationMemory(read_id, NOW, code=code),
        )
        record = SourceRecord("7", "visit", START, None, status="Finalized", patient_id="4")
        visit = replace(record, consultation_id=shown_id)
        snapshot = Snapshot(Window(DAY, DAY), NOW, [visit])
        neo = NeoSays(BY_ID, snapshot, answer if shown_id else None)

        check_a_whole_run(neo, stored, live_from)


@given(stored=kept().filter(lambda visit: visit.case), live_from=first_days)
def test_r18_without_neo_the_status_that_is_told_rests_on_what_is_remembered(
    stored: StoredVisit, live_from: date | None
) -> None:
    memory = stored.memory
    assert stored.case is not None
    texts = told(NeoSays(not_asked="offline"), stored, live_from)
    if memory.start is None or is_removed(stored.case):
        assert not [text for text in texts if text.startswith(STATUS_TEXTS)]
        return
    visit = SourceRecord(
        "7",
        "visit",
        memory.start,
        None,
        status=memory.status,
        patient_id=memory.patient,
        consultation_id=memory.consultation,
    )
    after, _ = by_calendar(visit, stored, context_of(live_from))
    assert after.case is not None
    assert status_told(texts, stored.case.status) == (after.case.status or "no status")
