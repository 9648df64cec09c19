"""Who would be called tonight, as ODIS's daily job chooses, and whom nobody may call (V12).

What may be known is what was heard: the answers of reads that a run has finished. Nothing of the
product is imported.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from oracle.cases import KEY, NAMED_DEAD, plain_text, tells_death

CALLED_FOR = timedelta(days=3)
"""So long after it was made a case is taken (ODIS schema, what triggers calls)."""
SHORTEST_PHONE = 10

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One case that would be called about, with what would be said and to whom."""

    case_id: UUID
    visit: str
    patient: str | None
    patient_name: str | None
    owner_name: str | None
    phone: str | None
    email: str | None
    notes: str | None
    record: str | None
    """Id of the clinical record that it holds."""
    says_alive: bool
    """Somebody has said that its patient is no case to be silent about."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Whose a visit is, by the newest read."""

    patient: str
    client: str
    """Its id; where the answer names none, the visit stands for the people whom it names."""


@dataclass(slots=True)
class Heard:
    """All that finished reads have said."""

    visits: dict[str, Shown] = field(default_factory=dict)
    patient_names: dict[str, set[str]] = field(default_factory=dict)
    owner_names: dict[str, set[str]] = field(default_factory=dict)
    contacts: dict[str, set[str]] = field(default_factory=dict)
    """Client -> phones and e-mails."""
    notes: dict[str, set[str]] = field(default_factory=dict)
    """Patient -> what records of it say."""
    record_of: dict[str, str] = field(default_factory=dict)
    """Record -> its patient."""
    deaths: dict[str, dict[str, datetime]] = field(default_factory=dict)
    """Patient -> text that says so -> when it was heard first."""

    def calendar(self, body: str, at: datetime) -> None:
        """What an answer of the calendar says; of visits in several versions not whose they are."""
        versions: dict[str, list[Raw]] = {}
        for raw in _events(body):
            visit = _id(raw.get("appointment_id")) or _id(raw.get("id"))
            if visit is not None and raw.get("is_block") in (False, 0, "false", "0"):
                versions.setdefault(visit, []).append(raw)
        for visit, raws in versions.items():
            unnamed = f"client of visit {visit}"
            for known in (self.contacts, self.owner_names):  # whoever it was, it may be another now
                known.pop(unnamed, None)
            shown = {
                Shown(patient, _id(raw.get("client_id")) or unnamed)
                for raw in raws
                if (patient := _patient(raw))
            }
            self.visits.pop(visit, None)
            if len(raws) == 1 and shown:
                self.visits[visit] = next(iter(shown))
            for raw in raws:
                self._event(raw, _id(raw.get("client_id")) or unnamed, at)

    def record(self, body: str, at: datetime) -> None:
        """What the answer about a clinical record says."""
        answer = _object(body)
        consultation, patient = _part(answer, "consultation"), _part(answer, "patient")
        owner, record = _id(patient.get("id")), _id(consultation.get("id"))
        if owner is None or record is None:
            return
        self.record_of[record] = owner
        texts = list(_record_texts(answer))
        self._look_at(owner, patient.get("name"), patient, at)
        self.notes.setdefault(owner, set()).update(_same(text) for text in texts)
        self._listen(owner, texts, at)
        _keep(self.patient_names, owner, patient.get("name"))
        client = _part(answer, "client")
        if (of := _id(client.get("id"))) is not None:
            for key in ("mobilePhone", "homePhone", "workPhone", "phone", "phoneNumber", "email"):
                _keep(self.contacts, of, client.get(key))

    def deaths_of(self, other: "Heard") -> None:
        """Take over who has died, of what somebody has heard who tells nothing else."""
        for patient, texts in other.deaths.items():
            for text, at in texts.items():
                self.deaths.setdefault(patient, {}).setdefault(text, at)

    def died_at(self, patient: str) -> datetime | None:
        """When the last text was heard first that says so."""
        return max(self.deaths.get(patient, {}).values(), default=None)

    def _event(self, raw: Raw, client: str, at: datetime) -> None:
        patient = _patient(raw)
        if patient is not None:
            _keep(self.patient_names, patient, raw.get("patient_name"))
            life = {key.removeprefix("patient_"): value for key, value in raw.items()}
            self._look_at(patient, raw.get("patient_name"), life, at)
            self._listen(patient, [raw.get("type_description"), raw.get("reason")], at)
        names = (raw.get("first_name"), raw.get("last_name"))
        whole = " ".join(name for name in names if isinstance(name, str))
        _keep(self.owner_names, client, whole)
        _keep(self.contacts, client, raw.get("phone_number"))
        _keep(self.contacts, client, raw.get("email"))

    def _look_at(self, patient: str, name: object, life: Raw, at: datetime) -> None:
        """What stands beside its name, and what is said of its life."""
        if isinstance(name, str) and NAMED_DEAD.search(name):
            self.deaths.setdefault(patient, {}).setdefault(_same(name), at)
        if life.get("alive") is False or life.get("status") == "deceased":
            self.deaths.setdefault(patient, {}).setdefault("life", at)
        if life.get("deceasedDate") or life.get("deceased_date"):
            self.deaths.setdefault(patient, {}).setdefault("life", at)

    def _listen(self, patient: str, texts: Collection[object], at: datetime) -> None:
        for text in texts:
            if isinstance(text, str) and tells_death(text):
                self.deaths.setdefault(patient, {}).setdefault(_same(text), at)


def calls_tonight(conn: Connection[Any], clinic_id: UUID, now: datetime) -> list[Call]:
    """The cases that ODIS's daily job would plan calls for at that moment."""
    with conn.cursor(row_factory=dict_row) as cur:
        rows = cur.execute(
            """
            SELECT c.id AS case_id, coalesce(k.external_id, c.external_id) AS key,
                   p.external_id AS patient,
                   c.entity_extraction #>> '{patient,name}' AS patient_name,
                   c.entity_extraction #>> '{patient,owner,name}' AS owner_name,
                   c.entity_extraction #>> '{patient,owner,phone}' AS phone,
                   c.entity_extraction #>> '{patient,owner,email}' AS email,
                   coalesce(c.metadata ->> 'dischargeSummary',
                            c.metadata #>> '{pimsConsultation,dischargeSummary}') AS notes,
                   c.metadata #>> '{pimsConsultation,id}' AS record,
                   c.extreme_case_check -> 'isExtremeCase' = 'false' AS says_alive
              FROM cases c
              LEFT JOIN idexx_sync.case_keys k ON k.case_id = c.id AND k.clinic_id = c.clinic_id
              LEFT JOIN LATERAL (SELECT * FROM patients p WHERE p.case_id = c.id
                                  ORDER BY p.created_at, p.id LIMIT 1) AS p ON true
             WHERE c.clinic_id = %(clinic)s AND c.status = 'completed' AND c.user_id IS NOT NULL
               AND c.auto_scheduled_at IS NULL AND c.scheduling_source IS NULL
               AND c.created_at >= %(since)s
               AND coalesce(c.extreme_case_check ->> 'isExtremeCase', 'false') <> 'true'
             ORDER BY k.external_id, c.id
            """,
            {"clinic": clinic_id, "since": now - CALLED_FOR},
        ).fetchall()
    calls = [_call(row) for row in rows]
    return [call for call in calls if call.notes and (call.email or _is_phone(call.phone))]


def _call(row: Raw) -> Call:
    told = {name: row[name] for name in row if name not in ("key", "says_alive")}
    visit = (row["key"] or "").removeprefix(KEY)
    return Call(visit=visit, says_alive=bool(row["says_alive"]), **told)


def wrong_calls(
    calls: Collection[Call],
    heard: Heard,
    said_alive_at: Mapping[UUID, datetime],
    patient_now: Mapping[str, str],
) -> list[str]:
    """One line for each thing that is wrong with a call.

    `said_alive_at` is case -> when somebody said that its patient lives, which holds until another
    text says otherwise; `patient_now` is visit -> its patient at this moment, which may be known
    from a look-up where two patients have become one.
    """
    found = []
    for call in calls:
        shown = heard.visits.get(call.visit)
        if _is_dead(call, shown, heard, said_alive_at):
            found.append(f"{call.visit}: would be called tonight, and its patient has died")
        if shown is not None:
            now = patient_now.get(call.visit)
            found += [
                f"{call.visit}: would be called with {what} of another one"
                for what in _of_others(call, shown, heard, now)
            ]
    return found


def _is_dead(
    call: Call, shown: Shown | None, heard: Heard, said_alive_at: Mapping[UUID, datetime]
) -> bool:
    patient = shown.patient if shown else call.patient
    died_at = heard.died_at(patient) if patient else None
    if died_at is None:
        return False
    said_at = said_alive_at.get(call.case_id) if call.says_alive else None
    return said_at is None or said_at < died_at


def _of_others(call: Call, shown: Shown, heard: Heard, now: str | None) -> Iterator[str]:
    client = shown.client
    for what, value, known in (
        ("the phone", call.phone, heard.contacts),
        ("the e-mail", call.email, heard.contacts),
        ("the owner's name", call.owner_name, heard.owner_names),
    ):
        if _is_anothers(value, known, client):
            yield what
    if _is_anothers(call.patient_name, heard.patient_names, shown.patient):
        yield "the name"
    own = {shown.patient, now}
    of = heard.record_of.get(call.record or "")
    if of is None:
        return  # its answer never came whole, so its words are not known
    if of not in own:
        yield "the record"
    if all(_is_anothers(call.notes, heard.notes, one) for one in own if one):
        yield "the notes"


def _is_anothers(value: str | None, known: Mapping[str, set[str]], own: str) -> bool:
    """Whether only others are known by it."""
    if not value:
        return False
    wanted = _same(value)
    if wanted in known.get(own, ()):
        return False
    return any(wanted in values for owner, values in known.items() if owner != own)


# -- reading what was heard ------------------------------------------------------------------


def _events(body: str) -> list[Raw]:
    events = _object(body).get("events")
    return [raw for raw in events if isinstance(raw, dict)] if isinstance(events, list) else []


def _object(body: str) -> Raw:
    try:
        answer = json.loads(body, strict=False)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _part(answer: Raw, name: str) -> Raw:
    part = answer.get(name)
    return part if isinstance(part, dict) else {}


def _record_texts(answer: Raw) -> Iterator[str]:
    consultation = _part(answer, "consultation")
    found = [_part(answer, "consultationNotes").get("notes")]
    found += [consultation.get(key) for key in ("notes", "dischargeSummary", "reason")]
    lines = answer.get("consultationLines")
    for line in lines if isinstance(lines, list) else ():
        if isinstance(line, dict):
            found += [line.get("productService"), line.get("label")]
    return (plain_text(text) for text in found if isinstance(text, str) and text.strip())


def _patient(raw: Raw) -> str | None:
    return _id(raw.get("patient_id"))


def _id(value: object) -> str | None:
    is_one = isinstance(value, int | str) and not isinstance(value, bool) and value != ""
    return str(value) if is_one else None


def _keep(known: dict[str, set[str]], owner: str, value: object) -> None:
    if isinstance(value, str) and value.strip():
        known.setdefault(owner, set()).add(_same(value))


def _same(text: str) -> str:
    """Spellings of one value: a phone by its last ten digits, all else without case and blanks."""
    digits = re.sub(r"\D", "", text)
    is_phone = len(digits) >= SHORTEST_PHONE and not re.search(r"[^\W\d]", text)
    return digits[-SHORTEST_PHONE:] if is_phone else " ".join(re.findall(r"\w+", text.casefold()))


def _is_phone(text: str | None) -> bool:
    return len(text or "") >= SHORTEST_PHONE
