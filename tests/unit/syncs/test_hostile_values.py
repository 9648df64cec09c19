"""No value of any field is more than its own record's trouble (rule R26): odd values of every field
of every payload, through the real reading and planning."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idexx_sync.core.errors import ShapeChanged
from idexx_sync.core.faults import UNFORESEEN
from idexx_sync.pims.neo.http.lenient_json import read_json
from idexx_sync.pims.neo.payloads.appointment import read_appointment, read_configuration
from idexx_sync.pims.neo.payloads.calendar import CalendarPage, read_calendar
from idexx_sync.pims.neo.payloads.consultation import read_consultation
from idexx_sync.pims.protocol import (
    Consultation,
    Found,
    Gone,
    Lookup,
    Snapshot,
    Unknown,
    Window,
)
from idexx_sync.syncs.cases.calendar import visits_of
from idexx_sync.syncs.cases.context import CaseContext
from idexx_sync.syncs.cases.held import of_versions, without_held
from idexx_sync.syncs.cases.model import Plan
from idexx_sync.syncs.cases.plan import plan_consultations, plan_visits
from idexx_sync.syncs.cases.plan_screening import VisitScreening
from idexx_sync.syncs.cases.stored import StoredCase, StoredVisit
from idexx_sync.syncs.decision import Decisions
from idexx_sync.syncs.inbound import plan_absent, plan_doubt, plan_shown
from idexx_sync.syncs.inbound.context import CalendarContext, look_ups_wanted
from idexx_sync.syncs.inbound.model import Appointment, Row, Stored
from idexx_sync.syncs.inbound.model import Plan as CalendarPlan
from idexx_sync.syncs.inbound.plan import plan_records
from idexx_sync.syncs.inbound.planning import Planning
from idexx_sync.syncs.memory import Claim, Record
from tests.kit.records import chart, seen
from tests.kit.settings import fingerprints_of
from tests.unit.pims.neo.test_neo_consultations import page
from tests.unit.pims.neo.test_neo_lookups import shown
from tests.unit.pims.neo.test_neo_payloads import event

ZONES = [ZoneInfo(name) for name in ("America/Los_Angeles", "Pacific/Kiritimati", "UTC")]
WINDOW = Window(date(2026, 5, 4), date(2026, 5, 6))
NOW = datetime(2026, 5, 4, 14, tzinfo=UTC)
ONE = UUID(int=1)
FINGERPRINTS = fingerprints_of(ONE)
BESIDE = event(id="600102", appointment_id=600102, start="2026-05-05 09:00:00", end=None)
BESIDE["end"] = "2026-05-05 09:30:00"
DEEP: Any = "euthanized"
for _ in range(500):
    DEEP = {"a": [DEEP]}
ODD = [
    *(None, True, False, 0, -1, 10**400, -(10**4000), 1e308, -0.0, 5e-324, "", [], {}, [None]),
    *("0000-00-00 00:00:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59", "9999-12-31"),
    *("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "99999-01-01 00:00:00"),
    *("1899-12-31 23:59:59", "2199-12-31 23:59:59", "2026-05-04 24:00:00", "2026-05-04 09:00:60"),
    *("\u0662\u0660\u0662\u0666-\u0660\u0665-\u0660\u0664 09:00:00", "\uff12\uff10\uff12\uff16"),
    *("1e400", "-1e400", "nan", "inf", "1_000", "\u0661\u0662", "9" * 5_000, "0x" + "f" * 5_000),
    *("&#" + "9" * 5_000 + ";", "&#" + "0" * 5_000 + "65;", "&#x" + "f" * 5_000 + ";", "&#;"),
    *("\ud800", "\udfff\ud800", "\x00", "\u202e", "\ufdd0\ufdd1", "\\", "'", '"', "%", "%s", "{0}"),
    *(" " * 9_000, "\t" * 9_000, "(" * 9_000, "_" * 9_000, "5" + " " * 9_000 + "x", "euth " * 900),
    *("<div>" * 900, "<b>" * 400 + "<p>x" * 400, "<!--" * 900, "<ol><li value=99999999>x", DEEP),
    *({"id": "9" * 5_000}, {"name": "\ud800"}, ["euthanized"], {"": 1}),
]
odd = st.sampled_from(ODD) | st.text(max_size=30) | st.integers() | st.floats(allow_nan=False)


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a document, the whole of it excepted."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, (dict, list)):
        inner = list(value.items() if isinstance(value, dict) else enumerate(value))
    return [p for key, one in inner for p in ((*path, key), *paths_in(one, (*path, key)))]


def put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of the document with the value in that place."""
    if not path:
        return value
    key, *rest = path
    if isinstance(document, dict):
        return {**document, key: put(document[key], tuple(rest), value)}
    return [put(one, tuple(rest), value) if n == key else one for n, one in enumerate(document)]


def each_odd(document: Any) -> st.SearchStrategy[Any]:
    """The document with something odd in one to three of its places."""
    places = st.lists(st.tuples(st.sampled_from(paths_in(document)), odd), min_size=1, max_size=3)

    def broken(changes: list[tuple[tuple[Any, ...], Any]]) -> Any:
        made = document
        for path, value in changes:
            try:
                made = put(made, path, value)
            except (KeyError, TypeError):  # an earlier change took the place away
                continue
        return made

    return places.map(broken)


# -- the calendar ------------------------------------------------------------------------------


def row(key: str) -> Row:
    day = date(2026, 5, 4)
    nine, ten = (datetime(2026, 5, 4, hour, tzinfo=UTC).time() for hour in (9, 10))
    taken = Appointment(day, nine, ten, "3", "scheduled", "Exam", "TANGO", None, None, None)
    return Row(ONE, "1", key, deleted=False, appointment=taken)


def planned(
    answer: CalendarPage, lookup: Lookup | None = None, zone: ZoneInfo = ZONES[0]
) -> tuple[CalendarPlan, Decisions]:
    snapshot = Snapshot(WINDOW, NOW, answer.records, answer.unreadable)
    context = CalendarContext(WINDOW, zone, 30, None, FINGERPRINTS)
    claimed = Record("600104", claims=(Claim(date(2026, 5, 4), *times(), "3"),))
    stored = Stored({"600103": row("600103"), "600101": row("600101")}, {"600104": claimed})
    wanted = look_ups_wanted(snapshot, stored, context)
    decisions = Decisions()
    proofs = dict.fromkeys(wanted, lookup) if lookup is not None else {}
    return plan_records(snapshot, stored, proofs, context, decisions), decisions


def times() -> tuple[Any, Any]:
    return datetime(2026, 5, 4, 9, tzinfo=UTC).time(), datetime(2026, 5, 4, 10, tzinfo=UTC).time()


def cases_of(answer: CalendarPage, zone: ZoneInfo) -> Plan:
    snapshot = Snapshot(WINDOW, NOW, answer.records, answer.unreadable)
    visits = visits_of(snapshot).visits
    return plan_visits(visits, {visit.id: StoredVisit() for visit in visits}, context_of(zone))


def context_of(zone: ZoneInfo = ZONES[0]) -> CaseContext:
    return CaseContext(ONE, zone, 30, date(2026, 1, 1), ONE, NOW, FINGERPRINTS)


@given(each_odd(event()), st.sampled_from(ZONES), st.booleans())
def test_r26_no_value_of_the_calendar_breaks_reading_or_planning(
    broken: Any, zone: ZoneInfo, is_block: bool
) -> None:
    if is_block and isinstance(broken, dict):
        broken = {**broken, "is_block": True}

    answer = read_calendar({"events": [broken, BESIDE]})

    assert "600102" in {record.id for record in answer.records}
    assert UNFORESEEN not in {item.code for item in answer.unreadable}
    plan, _ = planned(answer, zone=zone)
    assert not plan.unforeseen
    assert "600102" in {change.key for change in plan.changes}
    cases = cases_of(answer, zone)
    assert not cases.unforeseen
    assert "600102" in {change.visit_id for change in cases.changes}


@given(each_odd(shown()), st.sampled_from(ZONES))
def test_r26_no_value_of_a_look_up_breaks_reading_or_planning(broken: Any, zone: ZoneInfo) -> None:
    found = read_appointment(broken, "600103")

    assert isinstance(found, (Found, Gone, Unknown))
    plan, _ = planned(read_calendar({"events": [BESIDE]}), found, zone)
    assert not plan.unforeseen
    assert "600102" in {change.key for change in plan.changes}


VIEW = {
    "slotInterval": 30,
    "appointmentRooms": [{"id": 3, "name": "ROOM A", "position": 1}],
    "appointmentTypes": [{"id": 1, "name": "Exam"}],
    "providers": [{"id": 1000, "name": "DR. A. EXAMPLE"}],
    "clientBranch": {"id": 1, "name": "Example Animal Clinic"},
}


@given(each_odd(VIEW))
def test_r26_no_value_of_the_configuration_breaks_its_reader(broken: Any) -> None:
    assert not code_of(broken).endswith(UNFORESEEN)


def code_of(view: Any) -> str:
    """Why the configuration could not be read; empty: it could."""
    try:
        read_configuration(view)
    except ShapeChanged as error:
        return error.code or ""
    return ""


# -- clinical records --------------------------------------------------------------------------


@given(each_odd(page()))
def test_r26_no_value_of_a_record_breaks_reading_or_planning(broken: Any) -> None:
    read = read_consultation(broken, "910011")

    assert not isinstance(read, Unknown) or read.code != UNFORESEEN
    if isinstance(read, Consultation):
        plan = plan_read({"600101": read, "600102": chart("910012")})
        assert not plan.unforeseen
        assert plan.memories.keys() == {"600101", "600102"}
        assert plan.memories["600102"].screened is not None


def plan_read(records: Mapping[str, Consultation]) -> Plan:
    visits = {visit: seen(visit, patient_id=record.patient_id) for visit, record in records.items()}
    case = StoredCase(ONE, "1", "x", ONE, ONE, "ongoing", "checkup", NOW, {}, {}, None, NOW)
    stored = {visit: StoredVisit(cases=[case], key=ONE) for visit in visits}
    read = [(visits[visit], record) for visit, record in records.items()]
    return plan_consultations(read, (), stored, context_of())


@pytest.mark.parametrize(
    "odd_value",
    [
        '"x\\ud800"',
        "1" * 5_000,
        "-" + "1" * 4_301,
        "1e400",
        "NaN",
        "-Infinity",
        "[" * 200 + "]" * 200,
        '{"a":' * 20_000 + "1" + "}" * 20_000,
        "[" * 200_000 + '"euthanized]", "\\"["' + "]" * 200_000,
        '"a\tb"',
    ],
    ids=lambda text: text[:8],
)
def test_r26_one_odd_value_hides_nothing_else_of_an_answer(odd_value: str) -> None:
    body = f'{{"a":[{{"reason":{odd_value}}},{{"reason":"limping"}}],"b":"x"}}'.encode()

    read = read_json(body)

    assert read["a"][1] == {"reason": "limping"}
    assert (len(read["a"]), read["b"]) == (2, "x")


def test_r26_what_nests_too_deep_is_no_text_and_not_nothing() -> None:
    notes = '{"a":' * 20_000 + '"euthanized"' + "}" * 20_000
    answer = page(consultationNotes={"notes": "DEEP"})
    body = __import__("json").dumps(answer).replace('"DEEP"', notes).encode()

    record = read_consultation(read_json(body), "910011")

    assert isinstance(record, Consultation)
    assert "notes" in record.hidden


# -- what nobody foresaw -----------------------------------------------------------------------


class Unheard(Exception):
    """Nobody has thought of it."""


def breaks(
    where: Any, name: str, monkeypatch: pytest.MonkeyPatch, when: Callable[..., bool]
) -> None:
    """From now on the function raises for what `when` says."""
    real = getattr(where, name)

    def broken(*args: Any, **named: Any) -> Any:
        if when(*args, **named):
            raise Unheard("CANARY-WORDS-OF-AN-OWNER")
        return real(*args, **named)

    monkeypatch.setattr(where, name, broken)


def is_first(*args: Any, **_named: Any) -> bool:
    return any("600101" in repr(arg) for arg in args if not isinstance(arg, Planning))


@pytest.mark.parametrize("where", [(plan_shown, "_appointment"), (plan_shown, "is_older")])
def test_r26_a_visit_that_breaks_its_planning_takes_its_times_and_the_others_are_planned(
    where: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = read_calendar({"events": [event(last_updated_at="2026-05-04 00:00:01"), BESIDE]})
    when = (
        is_first
        if where[1] == "_appointment"
        else (lambda shown, *_: str(shown) == "2026-05-04 00:00:01")
    )
    breaks(*where, monkeypatch, when)

    plan, decisions = planned(answer)

    assert [change.key for change in plan.changes] == ["600102"]
    assert {fault.told()["id"]: fault.column for fault in plan.unforeseen} == {"600101": "Unheard"}
    (left,) = [record for record in plan.records if record.key == "600101"]
    assert left.quarantine_code == UNFORESEEN
    assert {claim.room for claim in left.claims} == {"3"}
    assert plan.doubts["600101"] == UNFORESEEN
    assert not plan.complete  # it might have told that of the answer
    assert not plan.frees_nothing
    assert UNFORESEEN in {decision.code for decision in decisions.of("600101")}


VAGUE = {**event(), "start": "garbage", "end": "garbage", "id": None, "appointment_id": None}


@pytest.mark.parametrize(
    ("shown_beside", "alive", "where"),
    [
        (VAGUE, False, (plan_doubt, "_plan_vague")),
        (VAGUE, False, (plan_doubt, "doubt")),
        (None, True, (plan_absent, "_plan_alive")),
        (None, True, (plan_absent, "doubt")),
    ],
)
def test_r26_what_breaks_gives_no_time_that_it_would_have_kept(
    shown_beside: Any, alive: bool, where: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever would have told that the answer is not whole: without it nothing is removed."""
    answer = read_calendar({"events": [e for e in (shown_beside, BESIDE) if e is not None]})
    snapshot = Snapshot(WINDOW, NOW, answer.records, answer.unreadable)
    context = CalendarContext(WINDOW, ZONES[0], 30, None, FINGERPRINTS)
    stored = Stored(
        {"600103": row("600103"), **({"600101": row("600101")} if alive else {})},
        {"600103": Record("600103", strikes=1, struck_at=NOW - timedelta(hours=1))},
    )
    proofs: dict[str, Lookup] = {"600103": Gone()}
    if alive:
        proofs["600101"] = read_appointment(shown(id="600101"), "600101")

    def removed() -> list[str]:
        plan = plan_records(snapshot, stored, proofs, context)
        assert not plan.complete
        return [change.key for change in plan.changes if change.action == "remove"]

    assert removed() == []
    breaks(*where, monkeypatch, lambda *_, **__: True)
    assert removed() == []


def test_r26_a_held_visit_that_breaks_stops_its_call(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = read_calendar({"events": [event(reason="euthanasia today"), BESIDE]})
    visits = visits_of(Snapshot(WINDOW, NOW, answer.records, answer.unreadable)).visits
    stored = {visit.id: StoredVisit() for visit in visits}
    breaks(VisitScreening, "screen_calendar", monkeypatch, lambda *_: True)

    plan = plan_visits(visits, stored, context_of())

    assert plan.unforeseen.keys() == {"600101", "600102"}
    assert without_held(plan, ["600101"], stored).unforeseen.keys() == plan.unforeseen.keys()
    assert of_versions(visits, stored, context_of()).unforeseen.keys() == plan.unforeseen.keys()
