"""Rules R17, R18, R24 without a database: which records come first, what an answer counts as."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from idexx_sync.core.faults import Unfit
from idexx_sync.pims.protocol import NOT_ASKED, Gone, SourceRecord, Unknown
from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.due import DAILY, due_in_order, rule_reading
from idexx_sync.syncs.cases.lateness import is_late
from idexx_sync.syncs.cases.obstacles import BARE_FOR, EARLIER, Finished, Obstacle, obstacle
from idexx_sync.syncs.cases.reading import Reads, judge_answers
from idexx_sync.syncs.cases.record_memory import ConsultationMemory
from idexx_sync.syncs.cases.status import rule_status
from idexx_sync.syncs.cases.stored import StoredCase, StoredVisit
from idexx_sync.syncs.gate import FEW
from idexx_sync.syncs.memory import VisitMemory, VisitRecord
from tests.kit.records import chart, seen
from tests.kit.scripted_pims import ScriptedPims
from tests.kit.settings import fingerprints_of

NOW = datetime(2026, 5, 4, 14, 0, tzinfo=UTC)
ZONE = ZoneInfo("America/Los_Angeles")
ONE = UUID(int=1)
CONTEXT = CaseContext(ONE, ZONE, 30, date(2026, 1, 1), ONE, NOW, fingerprints_of(ONE))
CASE = StoredCase(ONE, "1", "x", ONE, ONE, "completed", "checkup", NOW, {}, {}, None, NOW)


def failed(times: int, visit: SourceRecord, **more: Any) -> StoredVisit:
    memory = ConsultationMemory(
        read_at=NOW - timedelta(hours=2),
        code="read_failed",
        strikes=times,
        struck_at=NOW - timedelta(hours=2),
        asked=visit.consultation_id,
    )
    return StoredVisit(consultation=replace(memory, **more))


# -- which come first --------------------------------------------------------------------------


def order(stored: dict[str, StoredVisit], *visits: SourceRecord, **more: Any) -> list[str]:
    return [v.id for v in due_in_order(visits, stored, frozenset(), NOW, ZONE, **more)]


def test_r17_new_ones_first_then_what_failed_once_then_the_rest_and_the_stubborn_last() -> None:
    read = ConsultationMemory(id="9", read_at=NOW - DAILY, final=True)
    visits = [seen(name, f"2026-05-0{n} 06:00:00") for n, name in enumerate("abcdef", 1)]
    of = dict(zip("abcdef", visits, strict=True))
    stored = {
        "a": failed(2, of["a"]),
        "b": failed(1, of["b"]),
        "c": StoredVisit(consultation=replace(read, id=of["c"].consultation_id)),
        "d": StoredVisit(),
        "e": StoredVisit(),
        "f": failed(2, of["f"], asked="another record"),
    }

    assert order(stored, *visits) == ["e", "d", "f", "b", "c", "a"]


def test_r17_days_of_an_outage_come_after_the_usual_ones() -> None:
    old, new = seen("1", "2026-04-10 06:00:00"), seen("2", "2026-05-03 06:00:00")
    older = seen("3", "2026-04-01 06:00:00")
    read = ConsultationMemory(id=new.consultation_id, read_at=NOW)
    stored = {"1": StoredVisit(), "2": StoredVisit(consultation=read), "3": StoredVisit()}

    assert order(stored, old, new, older) == ["1", "3", "2"]
    assert order(stored, old, new, older, usual_from=date(2026, 4, 27)) == ["2", "1", "3"]


@pytest.mark.parametrize(("hours", "due"), [(20, True), (19.9, False)])
def test_r17_daily_is_after_twenty_hours(hours: float, due: bool) -> None:
    visit = seen()
    memory = ConsultationMemory(
        visit.consultation_id, NOW - timedelta(hours=hours), final=True, has_notes=True
    )
    ruling = rule_reading(visit, StoredVisit(consultation=memory), NOW, ZONE, changed=False)
    assert ruling == (due, "daily")


# -- what an answer counts as ------------------------------------------------------------------


def judged(
    answer: Any, stored: StoredVisit, at: datetime = NOW, visit: SourceRecord | None = None
) -> ConsultationMemory:
    visit = visit or seen()
    pims = ScriptedPims(lambda: NOW, records=[visit])
    return judge_answers([(visit, answer)], {visit.id: stored}, pims, at, at).memories[visit.id]


@pytest.mark.parametrize("answer", [Gone(), chart(patient_id="40099"), Unknown("lines_unreadable")])
def test_r17_the_same_answer_ten_minutes_later_is_a_strike_more(answer: Any) -> None:
    first = judged(answer, StoredVisit())
    again = judged(answer, StoredVisit(consultation=first), NOW + timedelta(minutes=9))
    later = judged(answer, StoredVisit(consultation=again), NOW + timedelta(minutes=10))

    assert [memory.strikes for memory in (first, again, later)] == [1, 1, 2]
    anew = seen(consultation_id="9999")
    assert judged(Gone(), StoredVisit(consultation=later), visit=anew).strikes == 1


@pytest.mark.parametrize(
    ("answer", "remembered"), [(Unknown("lines_unreadable"), "8"), (Gone(), seen().consultation_id)]
)
def test_r17_a_reading_that_failed_leaves_the_record_that_was_read(
    answer: Any, remembered: str
) -> None:
    read = ConsultationMemory(id="8", read_at=NOW - DAILY)

    assert judged(answer, StoredVisit(consultation=read)).id == remembered


def test_r17_what_was_observed_counts_for_a_run_that_applies() -> None:
    observed = judged(Gone(), StoredVisit())
    stored = StoredVisit(observed=observed)

    assert judged(Gone(), stored, NOW + timedelta(hours=2)).strikes == 2


def test_r17_what_was_not_asked_is_not_remembered_as_failed() -> None:
    visit, other = seen(), seen("600102")
    answers: Sequence[Any] = [(visit, Unknown("pims_slow")), (other, Unknown(NOT_ASKED))]
    pims = ScriptedPims(lambda: NOW)

    read = judge_answers(answers, {v.id: StoredVisit() for v in (visit, other)}, pims, NOW, NOW)

    assert (set(read.memories), read.not_asked) == ({visit.id}, 1)
    assert Reads().and_(read).is_down


def test_r24_where_all_records_are_others_no_case_is_taken_back() -> None:
    visits = [seen(str(n)) for n in range(FEW)]
    answers: Sequence[Any] = [(visit, chart(visit.id, patient_id="40099")) for visit in visits]
    stored = {visit.id: StoredVisit() for visit in visits}

    for number, taken_back in ((FEW - 1, FEW - 1), (FEW, 0)):
        pims = ScriptedPims(lambda: NOW, records=visits)
        read = judge_answers(answers[:number], stored, pims, NOW, NOW)
        assert (len(read.of_others), len(read.strange)) == (number, taken_back)


def reads(first: int, again: int = 0, *, succeeded: int = 0, code: str = "x") -> Reads:
    return Reads(succeeded, failed=(code,) * (first + again), failed_before=again)


FAILING = [
    (reads(1), True),
    (reads(0, 1), False),
    (reads(0, FEW - 1), False),
    (reads(0, FEW), True),
    (reads(1, 1), True),
    (reads(1, FEW, succeeded=1), False),
    (reads(0, 1, code="pims_slow"), False),
    (reads(1, code="pims_slow"), True),
    (Reads(gone=FEW - 1), False),
    (Reads(gone=FEW), True),
    (Reads(of_others=FEW), True),
    (replace(reads(0, 1), gone=FEW), True),
]


@pytest.mark.parametrize(("done", "fails"), FAILING)
def test_r24_what_makes_all_readings_a_failure(done: Reads, fails: bool) -> None:
    assert (done.failure() is not None) == fails


@pytest.mark.parametrize(
    ("done", "code"),
    [
        (reads(1), "x"),
        (Reads(gone=FEW), "consultations_not_found"),
        (Reads(of_others=FEW), "wrong_patients"),
    ],
)
def test_r24_a_failure_of_all_readings_says_which_it_is(done: Reads, code: str) -> None:
    failure = done.failure()
    assert failure is not None
    assert failure.code == code


def test_r24_a_record_that_failed_in_this_very_job_has_not_failed_before() -> None:
    visit = seen()
    pims = ScriptedPims(lambda: NOW)
    before = failed(1, visit)
    answers: Sequence[Any] = [(visit, Unknown("lines_unreadable"))]

    for began, again in ((NOW - timedelta(hours=1), 1), (NOW - timedelta(hours=2), 0)):
        read = judge_answers(answers, {visit.id: before}, pims, NOW, began)
        assert Reads().and_(read).failed_before == again


# -- what completes a case ---------------------------------------------------------------------


def why(visit: SourceRecord, memory: VisitMemory, case: StoredCase = CASE, **more: Any) -> Any:
    stored = StoredVisit([case], ONE, VisitRecord(visit.id, source=memory))
    found = obstacle(Finished(visit, stored, CONTEXT, more.pop("record", None), **more))
    return None if found is None else found.code


@pytest.mark.parametrize(
    ("ago", "code"),
    [(None, "seen_once"), (BARE_FOR - EARLIER, None), (timedelta(hours=1.8), "seen_once")],
)
def test_r18_without_a_record_it_takes_two_looks(ago: timedelta | None, code: str | None) -> None:
    since = None if ago is None else (NOW - ago).isoformat()
    assert why(seen(consultation_id=None), VisitMemory(start="x", bare_since=since)) == code


WITH_RECORD = replace(CASE, metadata={"pimsConsultation": {"id": "9600101"}})
BEFORE = VisitMemory(start="2026-05-04 06:00:00", status="Finalized", consultation="9600101")
CHANGES = [
    (seen(consultation_id="9"), BEFORE, "newer_record"),
    (seen(), BEFORE, "not_screened"),
    (seen(), replace(BEFORE, consultation=None), "not_screened"),
    (seen(consultation_id="9"), replace(BEFORE, consultation="9"), "not_screened"),
    (seen(consultation_id="9"), replace(BEFORE, status="In Progress"), "not_screened"),
    (seen(consultation_id="9"), replace(BEFORE, consultation="9", observed=True), "newer_record"),
]


@pytest.mark.parametrize(("visit", "memory", "code"), CHANGES)
def test_r18_only_the_run_that_sees_another_record_takes_the_case_back(
    visit: SourceRecord, memory: VisitMemory, code: str
) -> None:
    assert why(visit, memory, WITH_RECORD) == code
    assert why(visit, memory, WITH_RECORD, record=chart()) is None
    assert why(visit, memory, replace(WITH_RECORD, status="ongoing")) == "not_screened"


@pytest.mark.parametrize(
    ("made_at", "late"),
    [
        ("2026-05-07T14:00:00+00:00", False),
        ("2026-05-08T06:59:00+00:00", False),  # 23:59 of the third day in Los Angeles
        ("2026-05-08T07:00:00+00:00", True),
        (None, True),
    ],
)
def test_r18_three_days_by_the_clinics_own_midnight(made_at: str | None, late: bool) -> None:
    made = Unfit("timestamptz") if made_at is None else datetime.fromisoformat(made_at)
    case = replace(CASE, created_at=made)  # type: ignore[arg-type]

    assert is_late(case, "2026-05-04 23:30:00", CONTEXT) is late
    found = why(seen(start="2026-05-04 23:30:00"), VisitMemory(), case, record=chart())
    assert found == ("made_late" if late else None)


IN_THE_WAY, TAKES_BACK = Obstacle("R18", "x"), Obstacle("R18", "x", reopens=True)


@pytest.mark.parametrize(
    ("case", "against", "becomes"),
    [
        (CASE, None, None),
        (CASE, IN_THE_WAY, None),
        (CASE, TAKES_BACK, "ongoing"),
        (replace(CASE, status=None), TAKES_BACK, "ongoing"),
        (replace(CASE, status="draft"), TAKES_BACK, None),
        (None, TAKES_BACK, "draft"),
    ],
)
def test_r18_where_no_word_is_known_only_a_case_that_may_be_called_is_taken_back(
    case: StoredCase | None, against: Obstacle | None, becomes: str | None
) -> None:
    visit = seen(status="Teleported")
    stored = StoredVisit([] if case is None else [case], ONE, VisitRecord(visit.id))

    assert rule_status(visit, stored, CONTEXT, against).to_write == becomes
