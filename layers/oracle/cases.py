"""The oracle of cases: what ODIS's cases should say, by the simulated Neo's own state.

Independent on purpose, as that of appointments is: nothing of the product is imported. Statuses,
instants, words and the list of cases to mark are worked out anew from the rules (R14 to R20).
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import dict_row

from oracle.called_off import called_off_differences, is_marked
from oracle.question import Row

KEY = "pims-appt-idexx-neo-"
"""Before the visit's id in `case_keys.external_id` and in the external id of a case of ours."""
STATUS = {
    "not arrived": "draft",
    "late": "draft",
    "arrived": "ongoing",
    "in progress": "ongoing",
    "ready to pay": "ongoing",
    "finalized": "completed",
    "no show": "reviewed",
    "cancelled": "reviewed",
}
"""The simulator's word -> a case's status."""
GUARDED = {"cancelled": "cancelled", "no show": "no-show"}
"""The spellings that keep a follow-up from going out."""
EUTHANASIA = re.compile(r"euthanas|euthansia|put to sleep|passed away", re.IGNORECASE)
"""As the simulator's own words spell it, wherever their lines end."""
UNTICKED = re.compile(r"\[ \][^\[<\n]*")
"""What a form offers and nobody has ticked."""
PICTURE = re.compile(r'<img [^<>]*src="data:[^<>]*>')
"""As staff paste it; none is stored."""
MARKED_BACK = timedelta(days=30)
OLD_DAYS = 3
"""About a case that came into being more days than this after its visit nobody is called."""
SURELY_WITHOUT = timedelta(hours=4)
"""After so long nobody waits for the record of a finished visit any more: runs come every two
hours, and the second one that sees it without a record believes it."""
NAMED_DEAD = re.compile(r"\(DECEASED\)|[-†] RIP\b", re.IGNORECASE)
"""What the simulator's staff write beside the name of a patient that died."""


@dataclass(frozen=True)
class CaseQuestion:
    """The clinic and days whose cases the oracle judges, and what people did in ODIS."""

    clinic_id: UUID
    first_day: date
    last_day: date
    live_from: date | None
    """Visits before it are never completed; None: none is."""
    edited: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Visit -> fields that people changed in ODIS, by the names of the differences."""
    deleted_in_odis: Collection[str] = ()
    """Visits whose case somebody deleted; it is not made again."""
    life_shown: Collection[str] = ()
    """Answers that say of a patient whether it lives: `calendar`, `consultation`."""
    reconciled_until: date | None = None
    """The last of the days, from the first one on, that a reconciliation has put right; None: none
    has run, and nobody closes the case of a visit that the calendar does not show."""

    def covers(self, start: str) -> bool:
        return self.first_day <= date.fromisoformat(start[:10]) <= self.last_day

    def is_live(self, start: str) -> bool:
        return self.live_from is not None and date.fromisoformat(start[:10]) >= self.live_from


def case_differences(
    conn: Connection[Any], question: CaseQuestion, state: dict[str, Any]
) -> list[str]:
    """Every difference in one plain line: visit, field, and values that are not personal.

    The state's `hidden` are visits that exist and that the calendar does not show.
    """
    with conn.cursor(row_factory=dict_row) as cur:
        clinic = cur.execute(
            """
            SELECT coalesce(c.timezone, 'America/Los_Angeles') AS zone, g.slot_duration_minutes
              FROM clinics c JOIN clinic_schedule_configs g ON g.clinic_id = c.id
             WHERE c.id = %s
            """,
            (question.clinic_id,),
        ).fetchone()
    if clinic is None:
        return [f"clinic {question.clinic_id} has no schedule settings"]
    zone = ZoneInfo(clinic["zone"])
    records = {one["id"]: one for one in state["consultations"]}
    held = _cases(conn, question.clinic_id)
    found = []
    for visit in asked_visits(question, state):
        key = KEY + visit["id"]
        cases = [case for case in held if case["key"] == key or case["external_id"] == key]
        if len(cases) != 1:
            found.append(f"{visit['id']}: has {len(cases)} cases, should have one")
        if not cases:
            continue
        record = _record(visit, records)
        slot_minutes = clinic["slot_duration_minutes"]
        pairs = _of_case(cases[0], visit, record, question, zone, slot_minutes, state["company"])
        edited = question.edited.get(visit["id"], ())
        found += [f"{visit['id']}: {name} {what}" for name, what in pairs if name not in edited]
    if question.reconciled_until is not None:
        days = question.first_day, question.reconciled_until
        found += _of_called_off(held, days, question, state, zone)
    now = datetime.fromisoformat(state["company"]["now"]).replace(tzinfo=zone).astimezone(UTC)
    return found + unmarked(held, patients_that_died(question, state), now, question)


def _of_called_off(
    held: Collection[Row],
    days: tuple[date, date],
    question: CaseQuestion,
    state: dict[str, Any],
    zone: ZoneInfo,
) -> Iterator[str]:
    """Of cases whose visits the calendar does not show on the days of a case run."""
    asked = {visit["id"] for visit in asked_visits(question, state)}
    visits = [*state["visits"], *state.get("hidden", ())]
    keyed = [(case["key"].removeprefix(KEY), case) for case in held if case["key"]]
    cases = [(visit, case) for visit, case in keyed if visit not in asked]
    theirs = {visit for visit, fields in question.edited.items() if "status" in fields}
    return called_off_differences(visits, cases, days, zone, theirs)


def asked_visits(question: CaseQuestion, state: dict[str, Any]) -> list[Row]:
    """The visits that should have a case, in the order of their ids."""
    asked = (
        visit
        for visit in state["visits"]
        if not visit["deleted"]
        and question.covers(visit["start"])
        and visit["id"] not in question.deleted_in_odis
    )
    return sorted(asked, key=lambda visit: str(visit["id"]))


def patients_that_died(question: CaseQuestion, state: dict[str, Any]) -> dict[str, str]:
    """Patient -> a visit that says so; of one whose case was deleted no record is read."""
    records = {one["id"]: one for one in state["consultations"]}
    dead = {one["id"] for one in state["patients"] if not one["alive"]}
    died = {}
    for visit in state["visits"]:
        if visit["deleted"] or not question.covers(visit["start"]):
            continue
        known = {} if visit["id"] in question.deleted_in_odis else records
        record = _record(visit, known)
        shown = "calendar" in question.life_shown or (
            record and "consultation" in question.life_shown
        )
        if (
            says_euthanasia(visit, record)
            or NAMED_DEAD.search(visit["patient"] or "")
            or (shown and visit["patient_id"] in dead)
        ):
            died[visit["patient_id"]] = visit["id"]
    return died


def says_for_certain(record: Row | None) -> bool:
    """Whether the record itself says that it was done: no booking, no declined line, and nothing
    that a form only offers."""
    if record is None:
        return False
    lines = [line for line in record["lines"] if not line["declined"]]
    texts = [plain_text(record["notes"]), *(line["product"] for line in lines)]
    return any(tells_death(text or "") for text in texts)


def says_euthanasia(visit: Row, record: Row | None) -> bool:
    texts = [visit["type"], visit["reason"]]
    if record is not None:
        texts += [record["reason"], plain_text(record["notes"])]
        texts += [line[name] for line in record["lines"] for name in ("product", "label")]
    return any(tells_death(text or "") for text in texts)


def tells_death(text: str) -> bool:
    """Whether the text says so on one line, without what is only offered."""
    return EUTHANASIA.search(" ".join(UNTICKED.sub(" ", text).split())) is not None


def unmarked(
    cases: Collection[Row], died: Mapping[str, str], now: datetime, question: CaseQuestion
) -> list[str]:
    """Cases of patients that have died without the mark, of visits to come, and while one was made
    or took place within the last 30 days."""
    found = []
    for case in cases:
        patients = {case["patient_id"], _leaf(case["metadata"], "pimsAppointment.patient.id")}
        visit = (case["key"] or case["external_id"] or "").removeprefix(KEY)
        told_by = next((died[one] for one in sorted(patients - {None}) if one in died), None)
        at = max(case["scheduled_at"] or case["created_at"], case["created_at"])
        if told_by is None or at < now - MARKED_BACK:
            continue
        if "extreme_case_check" in question.edited.get(visit, ()):
            continue
        if _leaf(case["extreme_case_check"], "isExtremeCase") is not True:
            what = "is not marked as an extreme case; its patient died"
            found.append(f"{visit or case['id']}: {what}, says visit {told_by}")
    return found


def _cases(conn: Connection[Any], clinic_id: UUID) -> list[Row]:
    with conn.cursor(row_factory=dict_row) as cur:
        return cur.execute(
            """
            SELECT c.*, k.external_id AS key, p.external_id AS patient_id, p.name, p.owner_name,
                   p.owner_phone, p.owner_email,
                   (SELECT count(*) FROM patients n WHERE n.case_id = c.id) AS patients
              FROM cases c
              LEFT JOIN idexx_sync.case_keys k ON k.case_id = c.id AND k.clinic_id = %(clinic_id)s
              LEFT JOIN LATERAL (SELECT * FROM patients p WHERE p.case_id = c.id
                                  ORDER BY p.created_at, p.id LIMIT 1) AS p ON true
             WHERE c.clinic_id = %(clinic_id)s OR k.case_id IS NOT NULL
             ORDER BY c.created_at, c.id
            """,
            {"clinic_id": clinic_id},
        ).fetchall()


def _record(visit: Row, records: Mapping[str, Row]) -> Row | None:
    """The visit's clinical record, if it is this patient's."""
    record = records.get(visit["consultation_id"] or "")
    return record if record and record["patient_id"] == visit["patient_id"] else None


def _of_case(
    case: Row,
    visit: Row,
    record: Row | None,
    question: CaseQuestion,
    zone: ZoneInfo,
    slot_minutes: int,
    company: Row,
) -> Iterator[tuple[str, str]]:
    """Field and what is wrong with it, of one case."""
    if case["patients"] != 1:
        yield "patient", f"rows are {case['patients']}, should be one"
    made_at = case["created_at"].astimezone(zone)
    wanted = _wanted_status(visit, record, question, made_at, company)
    if case["status"] not in wanted:
        yield "status", f"is {case['status']}, should be {' or '.join(wanted)}"
    start = datetime.fromisoformat(visit["start"]).replace(tzinfo=zone).astimezone(UTC)
    if case["scheduled_at"] != start:
        yield "scheduled_at", f"is {case['scheduled_at']}, should be {start}"
    if is_marked(case):
        yield "reconciliation", "says that the visit is gone, and Neo has it"
    shown = _leaf(case["metadata"], "pimsAppointment") or {}
    for name, value in _words(visit, start, slot_minutes).items():
        held = _leaf(shown, name)
        if (value is not None or name == "consultationId") and held != value:
            yield f"pimsAppointment.{name}", f"is {held}, should be {value}"
    for name, value in _private_words(visit).items():
        if value is not None and _spaced(_leaf(shown, name)) != value:
            yield f"pimsAppointment.{name}", "differs"
    for name, value in _patient(visit).items():
        if value is not None and case[name] != value:
            yield name, "differs"
    yield from _still_said(case, visit)
    holds_record = _leaf(case["metadata"], "pimsConsultation.id") == visit["consultation_id"]
    if record is not None:
        yield from _of_record(case, record)
    elif holds_record and visit["consultation_id"]:
        yield "pimsConsultation", "is there, and is another patient's"
    elif case["status"] == "completed" and visit["consultation_id"] and not holds_record:
        yield "status", "is completed, and the consultation was never read"


def _wanted_status(
    visit: Row, record: Row | None, question: CaseQuestion, made_at: datetime, company: Row
) -> list[str]:
    wanted = STATUS[visit["status_now"]]
    is_denied = "extreme_case_check" in question.edited.get(visit["id"], ())
    if wanted == "completed" and is_denied and question.is_live(visit["start"]):
        return ["completed", "ongoing"]  # words may have met somebody's no: then it waits for them
    if wanted == "completed" and not question.is_live(visit["start"]):
        return ["reviewed"]
    if wanted == "completed" and (made_at.date() - _day(visit["start"])).days > OLD_DAYS:
        return ["reviewed"]
    if wanted == "completed" and not visit["consultation_id"]:
        since = min(finished_for(visit, company), _now(company) - made_at)
        return ["completed"] if since >= SURELY_WITHOUT else ["ongoing", "completed"]
    if wanted == "completed" and visit["consultation_id"] and record is None:
        return ["ongoing"]  # another patient's record, or none: nobody is called about it
    return [wanted]


def finished_for(visit: Row, company: Row) -> timedelta:
    """How long the visit has been over, by Neo's own clock."""
    if visit["finished_at"] is None:  # nobody has watched when
        return SURELY_WITHOUT
    zone = ZoneInfo(company["zone"])
    ended = datetime.fromisoformat(visit["finished_at"]).replace(tzinfo=zone).astimezone(UTC)
    return _now(company) - ended


def _now(company: Row) -> datetime:
    zone = ZoneInfo(company["zone"])
    return datetime.fromisoformat(company["now"]).replace(tzinfo=zone).astimezone(UTC)


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])


def _words(visit: Row, start: datetime, slot_minutes: int) -> Row:
    return {
        "id": visit["id"],
        "consultationId": visit["consultation_id"],
        "date": visit["start"][:10],
        "startTime": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "duration": visit["minutes"] or slot_minutes,
        "status": GUARDED.get(visit["status_now"], visit["status_word"]),
        "sourceStatus": visit["status_word"],
        "type": visit["type"],
        "patient.id": visit["patient_id"],
        "client.id": visit["client_id"],
    }


def _private_words(visit: Row) -> Row:
    return {
        "patient.name": _spaced(visit["patient"]),
        "client.name": _owner(visit),
        "client.phone": _spaced(visit["phone"]),
        "client.email": _spaced(visit["email"]),
        "provider.name": _spaced(visit["provider"]),
        "reason": _spaced(visit["reason"]),
    }


def _patient(visit: Row) -> Row:
    """The columns of the case's patient; phones are stored for the voice agent to dial."""
    digits = re.sub(r"\D", "", visit["phone"] or "")
    national = digits.removeprefix("1") if len(digits) == 11 else digits
    return {
        "patient_id": visit["patient_id"],
        "name": _spaced(visit["patient"]),
        "owner_name": _owner(visit),
        "owner_phone": f"+1{national}" if len(national) == 10 else None,
        "owner_email": _spaced(visit["email"]),
    }


def _still_said(case: Row, visit: Row) -> Iterator[tuple[str, str]]:
    """What the owner does not have, and the case says all the same."""
    for name, value in (("phone", visit["phone"]), ("email", visit["email"])):
        if _spaced(value) is not None:
            continue
        if case[f"owner_{name}"] is not None:
            yield f"owner_{name}", "is there, and the owner has none"
        if _leaf(case["metadata"], f"pimsAppointment.client.{name}") is not None:
            yield f"pimsAppointment.client.{name}", "is there, and the owner has none"
        for column, path in (("metadata", "entities.patient"), ("entity_extraction", "patient")):
            if _leaf(case[column], f"{path}.owner.{name}") is not None:
                yield f"{column}.owner.{name}", "is there, and the owner has none"


def _of_record(case: Row, record: Row) -> Iterator[tuple[str, str]]:
    held = _leaf(case["metadata"], "pimsConsultation") or {}
    if held.get("id") != record["id"]:
        yield "pimsConsultation.id", f"is {held.get('id')}, should be {record['id']}"
        return
    if not _tokens(plain_text(record["notes"])) and held.get("notes"):
        yield "pimsConsultation.notes", "are there, and were emptied"
    if not _is_within(_tokens(plain_text(record["notes"])), _tokens(held.get("notes") or "")):
        yield "pimsConsultation.notes", "lack words of the record"
    if _is_stale(held.get("notesHtml"), record["notes"]):
        yield "pimsConsultation.notesHtml", "differ"
    for declined, name, spoken in (
        (False, "products", "productsServicesProvided"),
        (True, "declinedProducts", "productsServicesDeclined"),
    ):
        lines = [line for line in record["lines"] if line["declined"] == declined]
        wanted = sorted((line["product"], float(line["quantity"])) for line in lines)
        listed = [(one["name"], float(one["quantity"] or 0)) for one in held.get(name) or []]
        if sorted(listed) != wanted:
            yield f"pimsConsultation.{name}", f"are {len(listed)}, differ from {len(wanted)}"
        told = _leaf(case["entity_extraction"], f"clinical.{spoken}") or []
        if sorted(told) != [product for product, _ in wanted]:
            yield f"entity_extraction.clinical.{spoken}", "differ"


def _is_stale(held: str | None, html: str) -> bool:
    """Whether other notes are stored than the record has, its pictures apart.

    More may be stored: what another place of the answer said.
    """
    at = 0
    for piece in PICTURE.split(html.strip()):
        at = (held or "").find(piece, at)
        if at < 0:
            return True
        at += len(piece)
    return ";base64," in (held or "")


def _leaf(document: Any, path: str) -> Any:
    for step in path.split("."):
        document = document.get(step) if isinstance(document, dict) else None
    return document


def _owner(visit: Row) -> str | None:
    return _spaced(f"{visit['first_name'] or ''} {visit['last_name'] or ''}")


def _spaced(text: str | None) -> str | None:
    return " ".join((text or "").split()) or None


def plain_text(html: str) -> str:
    """The text that a reader sees."""
    without = re.sub(r"(?is)<(script|style)\b.*?</\1>", " ", html)
    return unescape(re.sub(r"<[^>]*>", " ", without))


def _tokens(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def _is_within(words: list[str], text: list[str]) -> bool:
    """Whether the words occur in the text in this order; it may have more, as marks of lists."""
    rest = iter(text)
    return all(word in rest for word in words)
