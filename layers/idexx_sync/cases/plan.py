"""Visits and their clinical records beside what we hold: what is to be written. Pure.

Rules R14 to R20. A visit is planned twice in a run at most: once by what the calendar says, and
once more when its consultation has been read.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from idexx_sync.cases.edits import may_change
from idexx_sync.cases.facts import (
    UNKNOWN_NAME,
    Facts,
    calendar_texts,
    doubtful_texts,
    facts_of_consultation,
    facts_of_visit,
    iso,
    record_texts,
    says_something,
    stamps,
)
from idexx_sync.cases.life import screen
from idexx_sync.cases.model import (
    DUPLICATE,
    OBJECTS,
    Change,
    ConsultationMemory,
    HeldCase,
    HeldVisit,
    Mark,
    Plan,
)
from idexx_sync.cases.words import CASE_STATUS, OPEN_STATUSES, species
from idexx_sync.clinic_time import EndsBeforeStart, day_of
from idexx_sync.pims import Consultation, SourceRecord
from idexx_sync.records import Record
from idexx_sync.vocabulary import AppointmentStatus, appointment_status, fold

TOOK_PLACE: Final = frozenset({"in_progress", "finalized"})
"""What is only booked, or was called off, may not have come about."""
VANISHED_AT: Final = "metadata.pimsConsultation.vanishedAt"
NOT_AN_OBJECT: Final = "document_not_an_object"
ENDS_BEFORE_START: Final = "ends_before_start"


@dataclass(frozen=True, slots=True)
class View:
    """How a clinic's visits are to be read."""

    clinic_id: Any
    zone: ZoneInfo
    slot_minutes: int
    live_from: date | None
    """The clinic's first day; None: it is not live, and nothing is completed."""
    acting_user_id: Any
    now: datetime
    fingerprint: Callable[[str], str]
    """Keyed hash of a private text."""
    reported_words: frozenset[tuple[str, str]] = frozenset()

    def mark_of(self, value: Any) -> str:
        """The fingerprint of any value."""
        return self.fingerprint(json.dumps(value, sort_keys=True, default=str))

    def is_live(self, start: str) -> bool:
        return self.live_from is not None and day_of(start) >= self.live_from


def plan_visits(
    visits: Collection[SourceRecord], held: Mapping[str, HeldVisit], view: View
) -> Plan:
    """What the calendar's visits change; their consultations are planned when they are read."""
    plan = Plan()
    for visit in visits:
        _Visit(plan, view, visit, held[visit.id]).plan_calendar()
    return plan


def plan_consultations(
    read: Collection[tuple[SourceRecord, Consultation]],
    vanished: Collection[SourceRecord],
    held: Mapping[str, HeldVisit],
    view: View,
) -> Plan:
    """What the clinical records change, and those that the source no longer has."""
    plan = Plan()
    for visit, record in read:
        _Visit(plan, view, visit, held[visit.id]).plan_record(record)
    for visit in vanished:
        _Visit(plan, view, visit, held[visit.id]).plan_vanished()
    return plan


class _Visit:
    """Plans one visit into `plan`."""

    def __init__(self, plan: Plan, view: View, visit: SourceRecord, held: HeldVisit) -> None:
        self.plan = plan
        self.view = view
        self.visit = visit
        self.held = held
        self.status = appointment_status(visit.status)
        self.memory: dict[str, Any] = held.record.source or {}
        self.edited: list[str] = []
        """Fields that a person has changed, of those planned last."""

    def plan_calendar(self) -> None:
        try:
            facts = facts_of_visit(self.visit, self.view.zone, self.view.slot_minutes)
        except EndsBeforeStart:
            self._quarantine(ENDS_BEFORE_START)
            return
        if not self._is_placed():
            if self.held.was_deleted:
                self._screen_without_case()
            return
        case = self.held.case
        if case is not None and self.held.key != case.id:
            self.plan.adopted[self.visit.id] = case.id
        self._note_word()
        said = self._said()
        screened = self.view.mark_of(calendar_texts(self.visit))
        derived = {n: self.view.mark_of(v) for n, v in facts.derived.items() if v}
        known = self.memory.get("derived", {})
        reason = "new" if case is None else self._reason(said)
        change = self._change(facts, known, reason)
        if case is not None and (case.value("metadata.reconciliation") or {}).get("softDeleted"):
            change.cleared.append("reconciliation")
            change.reason = "came_back"
        if case is not None and self.visit.consultation_id is None:
            change.fields |= self._vanished(case)
        memory = {
            **said,
            "derived": {**known, **derived},
            "edited": self.edited,
            "screened": screened,
        }
        if screened != self.memory.get("screened"):
            texts = calendar_texts(self.visit)
            took_place = self.status in TOOK_PLACE
            self._screen(texts if took_place else [], [] if took_place else texts)
        self._keep(change)
        self._plan_duplicates()
        record = Record(self.visit.id, source=memory)
        if record != replace(self.held.record, key=record.key):
            self.plan.records.append(record)

    def plan_record(self, record: Consultation) -> None:
        """Plan what the record adds to a case that is there by now."""
        if self.held.case is None or not self._is_placed():
            return
        memory = self.held.consultation
        facts = facts_of_consultation(record, self.visit)
        known = memory.derived
        change = self._change(facts, known, "consultation", completes=True)
        if self.held.case.value(VANISHED_AT) is not None:
            change.cleared.append(VANISHED_AT.removeprefix("metadata."))
        texts = [*record_texts(record), *doubtful_texts(record)]
        screened = self.view.mark_of(texts)
        if screened != memory.screened:
            self._screen(record_texts(record), doubtful_texts(record))
        self._keep(change)
        self.plan.memories[self.visit.id] = ConsultationMemory(
            id=record.id,
            read_at=self.view.now,
            final=self.status == "finalized",
            has_notes=says_something(facts.ours["metadata.pimsConsultation.notes"]),
            content=self.view.mark_of(facts.ours | facts.derived),
            screened=screened,
            edited=tuple(self.edited),
            derived={
                **known,
                **{
                    n: self.view.mark_of(v) for n, v in facts.derived.items() if v not in (None, "")
                },
            },
        )

    def plan_vanished(self) -> None:
        """The source has no such record any more: what was read of it stays, marked."""
        case = self.held.case
        if case is not None and self._is_placed():
            self._keep(Change(self.visit.id, "vanished", case, self._vanished(case)))

    def _vanished(self, case: HeldCase) -> dict[str, Any]:
        document = case.value("metadata.pimsConsultation") or {}
        if document.get("id") is None or document.get("vanishedAt") is not None:
            return {}
        return {VANISHED_AT: iso(self.view.now)}

    # -- the case ----------------------------------------------------------------------------

    def _is_placed(self) -> bool:
        """Whether there is a case to write into or to make; else the visit is left alone."""
        if self.held.was_deleted:
            self.plan.deleted_in_odis.add(self.visit.id)
            return False
        for case in self.held.cases:
            held = (case.value(place) for place in OBJECTS)
            if any(value is not None and not isinstance(value, dict) for value in held):
                self._quarantine(NOT_AN_OBJECT)
                return False
        return True

    def _change(
        self, facts: Facts, known: Mapping[str, str], reason: str, *, completes: bool = False
    ) -> Change:
        """The fields that differ and may be changed."""
        case = self.held.case
        change = Change(self.visit.id, reason, case)
        if case is None or case.patient is None:
            facts.derived.setdefault("patient.species", species(None))
        change.fields = self._ours(facts, case)
        edited = []
        for name, value in facts.derived.items():
            current = None if case is None else case.value(name)
            if value in (None, "") or same(current, value):
                continue
            if value == UNKNOWN_NAME and current:
                continue
            if case is None or may_change(case, name, current, known.get(name), self.view.mark_of):
                change.fields[name] = value
            else:
                edited.append(name)
        status = self._status(case, read=completes)
        if status == "edited":
            edited.append("case.status")
        elif status is not None:
            change.fields["case.status"] = status
        if edited:
            self.plan.edited[self.visit.id] = self.edited = sorted(edited)
            if not set(edited) <= self.held.edited:
                self.plan.newly_edited.add(self.visit.id)
        return change

    def _ours(self, facts: Facts, case: HeldCase | None) -> dict[str, Any]:
        """Leaves of our own documents; what was known is never overwritten with nothing."""
        ours = dict(facts.ours)
        if self.status is None and case is not None and self.visit.status is not None:
            ours.pop("metadata.pimsAppointment.status", None)  # an unknown word changes nothing
        new_record = ours.get("metadata.pimsConsultation.id")
        if case is not None and new_record is not None:
            held_id = case.value("metadata.pimsConsultation.id")
            if held_id is not None and held_id != new_record:
                return self._replaced(ours, case)
        if case is not None and case.value("case.clinic_id") is None:
            ours["case.clinic_id"] = self.view.clinic_id
        if self.view.acting_user_id is not None and (case is None or case.user_id is None):
            ours["case.user_id"] = self.view.acting_user_id
        return {n: v for n, v in ours.items() if self._is_news(case, n, v)}

    @staticmethod
    def _is_news(case: HeldCase | None, name: str, value: Any) -> bool:
        if case is None:
            return True
        current = case.value(name)
        if value in (None, "") and name not in CLEARABLE:
            return False
        return not same(current, value)

    def _replaced(self, ours: dict[str, Any], case: HeldCase) -> dict[str, Any]:
        """Another consultation than before: its document takes the place of the old one."""
        start = "metadata.pimsConsultation."
        whole = {n.removeprefix(start): v for n, v in ours.items() if n.startswith(start)}
        beside = {n: v for n, v in ours.items() if not n.startswith(start)}
        return {
            "metadata.pimsConsultation": whole,
            **{n: v for n, v in beside.items() if self._is_news(case, n, v)},
        }

    def _status(self, case: HeldCase | None, *, read: bool) -> str | None:
        """The case status to write, `edited` where a person's stays, None for no change."""
        if self.status is None:
            return "draft" if case is None else None
        current = None if case is None else case.status
        wanted = self._mapped(self.status, screened=read or self.visit.consultation_id is None)
        if current == wanted or (current == "completed" and self.status == "finalized"):
            return None
        if current in OPEN_STATUSES or case is None:
            return wanted
        if (case.value("metadata.reconciliation") or {}).get("softDeleted"):
            return wanted
        word = self.memory.get("status") or case.value("metadata.pimsAppointment.status")
        before = appointment_status(word) if isinstance(word, str) else None
        if before is not None and current == self._mapped(before, screened=True):
            return wanted
        return "edited"

    def _mapped(self, status: AppointmentStatus, *, screened: bool) -> str:
        """Rule R18: nobody is called about a visit whose record nobody has read, or that took
        place before the clinic was live."""
        if status == "finalized" and not self.view.is_live(self.visit.start):
            return "reviewed"
        if status == "finalized" and not screened:
            return "ongoing"
        return CASE_STATUS[status]

    def _keep(self, change: Change) -> None:
        if change.case is None or change.fields or change.cleared:
            places = {name.partition(".")[0] for name in change.fields}
            if change.cleared:
                places.add("metadata")
            change.fields |= stamps(places, self.view.now)
            self.plan.changes.append(change)

    def _plan_duplicates(self) -> None:
        """Cancelled and no-show go to every case of the visit (rule R14)."""
        if self.status not in ("cancelled", "no_show"):
            return
        facts = facts_of_visit(self.visit, self.view.zone, self.view.slot_minutes)
        for case in self.held.others:
            change = Change(self.visit.id, DUPLICATE, case)
            for name in ("id", "status", "sourceStatus"):
                field = f"metadata.pimsAppointment.{name}"
                if not same(case.value(field), facts.ours[field]):
                    change.fields[field] = facts.ours[field]
            if case.status in OPEN_STATUSES:
                change.fields["case.status"] = CASE_STATUS[self.status]
            self._keep(change)

    # -- what is remembered ------------------------------------------------------------------

    def _said(self) -> dict[str, Any]:
        """The source's own words, personal ones as a fingerprint (rule R4)."""
        visit = self.visit
        private = (
            *(visit.patient_name, visit.client_name, visit.client_phone, visit.client_email),
            *(visit.provider_name, visit.reason),
        )
        return {
            "start": visit.start,
            "end": visit.end,
            "status": visit.status,
            "type": visit.type,
            "patient": visit.patient_id,
            "client": visit.client_id,
            "consultation": visit.consultation_id,
            "private": self.view.mark_of(private),
        }

    def _reason(self, said: Mapping[str, Any]) -> str:
        if not self.memory:
            return "adopted"
        changed = any(self.memory.get(name) != value for name, value in said.items())
        return "source" if changed else "rederived"

    def _note_word(self) -> None:
        if self.status is None and self.visit.status:
            word = ("status", fold(self.visit.status)[:40])
            if word not in self.view.reported_words:
                self.plan.unknown_words.add(word)

    def _quarantine(self, code: str) -> None:
        visit_id, remembered = self.visit.id, self.held.record
        self.plan.quarantined[visit_id] = code
        if remembered.quarantine_code != code:
            self.plan.newly_quarantined.add(visit_id)
            self.plan.records.append(replace(remembered, key=visit_id, quarantine_code=code))

    def _screen_without_case(self) -> None:
        """A case that somebody deleted stays away, and its patient's death still counts."""
        texts = calendar_texts(self.visit)
        screened = self.view.mark_of(texts)
        if screened != self.memory.get("screened"):
            self._screen(texts, [])
            source = {**self.memory, "screened": screened}
            self.plan.records.append(Record(self.visit.id, source=source))

    def _screen(self, texts: list[str], doubtful: list[str]) -> None:
        """`doubtful` texts speak of what nobody knows to have come about."""
        verdict, doubt = screen(texts), screen(doubtful)
        found = verdict or doubt
        if found is not None:
            in_doubt = verdict is None or verdict.in_doubt
            self.plan.marks.append(
                Mark(self.visit.id, self.visit.patient_id, found.category, in_doubt)
            )


CLEARABLE: Final = frozenset(
    [
        "metadata.pimsAppointment.consultationId",
        "metadata.pimsAppointment.provider.id",
        *(
            f"metadata.pimsConsultation.{name}"
            for name in ("productsServices", "declinedProductsServices", "status", "date")
        ),
    ]
)
"""Leaves of ours that a null takes the value from; all others keep what was known."""


def same(current: Any, wanted: Any) -> bool:
    """Whether a held value is the wanted one; numbers and dates come in several types."""
    if isinstance(wanted, bool) or isinstance(current, bool):
        return current is wanted
    if isinstance(wanted, float) and current is not None:
        return float(current) == wanted if not isinstance(current, (str, dict, list)) else False
    return bool(current == wanted)
