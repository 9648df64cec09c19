"""Visits and their clinical records beside what is stored: what is to be written. Pure.

Rules R14 to R20. A visit is planned twice in a run at most: once by what the calendar says, and
once more when its consultation has been read.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from idexx_sync.core.clinic_time import EndsBeforeStart, OutOfCalendar
from idexx_sync.core.vocabulary import appointment_status, fold
from idexx_sync.pims.protocol import Consultation, SourceRecord
from idexx_sync.syncs.cases.context import CaseContext, same
from idexx_sync.syncs.cases.denials import TOOK_PLACE, denied_before
from idexx_sync.syncs.cases.due import WRONG_PATIENT
from idexx_sync.syncs.cases.edits import may_change
from idexx_sync.syncs.cases.fields import CLEARABLE, OBJECTS
from idexx_sync.syncs.cases.life_status import is_screened_whole, screen
from idexx_sync.syncs.cases.mapping import (
    UNKNOWN_NAME,
    MappedFields,
    calendar_texts,
    doubtful_texts,
    iso,
    map_consultation,
    map_visit,
    private_words,
    record_texts,
    says_something,
    stamps,
)
from idexx_sync.syncs.cases.model import (
    DUPLICATE,
    CaseChange,
    ConsultationMemory,
    Mark,
    Plan,
    StoredCase,
    StoredVisit,
)
from idexx_sync.syncs.cases.obstacles import Finished, obstacle
from idexx_sync.syncs.cases.screened import (
    Telling,
    strongest,
    tellings_of_record,
    tellings_of_visit,
)
from idexx_sync.syncs.cases.shape import faults_of
from idexx_sync.syncs.cases.shown_texts import shows_calendar, shows_record
from idexx_sync.syncs.cases.status import is_removed, rule_status, status_decision
from idexx_sync.syncs.cases.vocabulary import CASE_STATUS, OPEN_STATUSES, species
from idexx_sync.syncs.decision import Decision, Decisions, Fact, word_read
from idexx_sync.syncs.memory import VisitMemory, VisitRecord
from idexx_sync.syncs.proof import READS_THAT_SET_APART, is_older, latest_stamp, newest_stamp

SAID: Final = ("start", "end", "status", "type", "patient", "client", "consultation", "private")
"""What of a visit's memory is the source's own words."""
VANISHED_AT: Final = "metadata.pimsConsultation.vanishedAt"
NOT_AN_OBJECT: Final = "document_not_an_object"
ENDS_BEFORE_START: Final = "ends_before_start"
OLDER_VERSION: Final = "older_version"
_RULE_OF: Final = {NOT_AN_OBJECT: "R16", OLDER_VERSION: "R10"}
OUT_OF_CALENDAR: Final = "out_of_calendar"


def plan_visits(
    visits: Collection[SourceRecord],
    stored: Mapping[str, StoredVisit],
    context: CaseContext,
    decisions: Decisions | None = None,
) -> Plan:
    """What the calendar's visits change; their consultations are planned when they are read.

    Why each is treated as it is gets noted in `decisions`, if there are any.
    """
    plan = Plan()
    for visit in visits:
        _Visit(plan, context, visit, stored[visit.id], decisions).plan_calendar()
    return plan


def plan_consultations(
    read: Collection[tuple[SourceRecord, Consultation]],
    vanished: Collection[SourceRecord],
    stored: Mapping[str, StoredVisit],
    context: CaseContext,
    decisions: Decisions | None = None,
    of_others: Collection[SourceRecord] = (),
) -> Plan:
    """What the clinical records change, those that the source no longer has, and those that are
    other patients'."""
    plan = Plan()
    for visit, record in read:
        _Visit(plan, context, visit, stored[visit.id], decisions).plan_record(record)
    for visit in vanished:
        _Visit(plan, context, visit, stored[visit.id], decisions).plan_vanished()
    for visit in of_others:
        _Visit(plan, context, visit, stored[visit.id], decisions).plan_of_another()
    return plan


class _Visit:
    """Plans one visit into `plan`."""

    def __init__(
        self,
        plan: Plan,
        context: CaseContext,
        visit: SourceRecord,
        stored: StoredVisit,
        decisions: Decisions | None,
    ) -> None:
        self.plan = plan
        self.context = context
        self.visit = visit
        self.stored = stored
        self.status = appointment_status(visit.status)
        self.memory = stored.memory
        self.edited: list[str] = []
        """Fields that a person has changed, of those planned last."""
        self.decisions = decisions
        self.tells_death = False
        """Words that are new say for certain that the patient has died."""
        self.partly = (stored.memory.partly, stored.consultation.partly)
        """Not all of the calendar's words were screened, nor of the record's."""
        self.tells_partly = False
        """Some of those are new."""

    def plan_calendar(self) -> None:
        """Plan what the calendar says; its words are screened whatever stands in the case's way."""
        bare_since = self._bare_since() and self.memory.bare_since
        memory = replace(
            self.memory,
            screened=self._screen_calendar(),
            partly=self.partly[0],
            denied=denied_before(self.visit, self.stored, self.context),
            bare_since=bare_since,
        )
        code = None
        try:
            mapped = map_visit(self.visit, self.context.zone, self.context.slot_minutes)
        except EndsBeforeStart:
            code = ENDS_BEFORE_START
        except OutOfCalendar:
            code = OUT_OF_CALENDAR
        else:
            code = self._older_version() or self._fault_of_documents()
            if code == OLDER_VERSION:  # it says nothing of now
                memory = replace(memory, bare_since=self.memory.bare_since)
        if code is not None:
            self._quarantine(code)
        elif self.stored.was_deleted:
            self.plan.deleted_in_odis.add(self.visit.id)
            self._note("R14", "deleted_in_odis")
        else:
            memory = replace(
                self._plan_case(mapped),
                screened=memory.screened,
                partly=memory.partly,
                denied=memory.denied,
            )
        reads = self.stored.record.doubtful_reads + 1 if code == OLDER_VERSION else 0
        record = VisitRecord(
            self.visit.id, source=memory, quarantine_code=code, doubtful_reads=reads
        )
        if record != self.stored.record:
            self.plan.records.append(record)

    def _plan_case(self, mapped: MappedFields) -> VisitMemory:
        """Plan the visit's case and its duplicates; what to remember of the visit."""
        case, said = self.stored.case, self._said()
        if case is not None and self.stored.key != case.id:
            self.plan.adopted[self.visit.id] = case.id
        self._note_word()
        self._note_identity(case)
        change = self._change(mapped, self._reason(said))
        if case is not None and is_removed(case):
            change.cleared.append("reconciliation")
            change.reason = "came_back"
        if case is not None and self.visit.consultation_id is None:
            change.values |= self._vanished(case)
        self._keep(change)
        self._note_change(change, said)
        self._plan_duplicates(mapped)
        return replace(
            said,
            last_consultation=self.visit.consultation_id or self.memory.last_consultation,
            bare_since=self._bare_since(),
            derived={**self.memory.derived, **self._fingerprints_of(mapped)},
            edited=tuple(self.edited),
        )

    def plan_record(self, record: Consultation) -> None:
        """Plan what the record adds to the case, if there is one; its words are screened anyhow."""
        case, memory = self.stored.case, self.stored.consultation
        mapped = map_consultation(record, self.visit)
        screened = self._screen_record(record)
        fault = self._fault_of_documents()
        derived = memory.derived
        if case is not None and fault is None:
            derived = {**derived, **self._fingerprints_of(mapped)}
            change = self._change(mapped, "consultation", record)
            if case.value(VANISHED_AT) is not None:
                change.cleared.append(VANISHED_AT.removeprefix("metadata."))
            self._keep(change)
        self.plan.memories[self.visit.id] = ConsultationMemory(
            id=record.id,
            read_at=self.context.now,
            final=self.status == "finalized" and fault is None,
            has_notes=says_something(mapped.values["metadata.pimsConsultation.notes"]),
            screened=screened,
            partly=self.partly[1],
            edited=tuple(self.edited),
            derived=derived,
        )
        if record.unread:
            self.plan.unread |= faults_of(self.visit.id, record)
            self._note("R17", "parts_unread", fields=list(record.unread))

    def plan_vanished(self) -> None:
        """The source has no such record any more: what was read of it stays, marked."""
        case = self.stored.case
        self._note("R17", "gone_now")
        if case is not None and self._fault_of_documents() is None:
            self._keep(CaseChange(self.visit.id, "vanished", case, self._vanished(case)))

    def plan_of_another(self) -> None:
        """The record by which the case was completed is another patient's by now: it is taken
        back, once."""
        case, memory = self.stored.case, self.stored.consultation
        if case is None or memory.code == WRONG_PATIENT or self._fault_of_documents() is not None:
            return
        if case.value("metadata.pimsConsultation.id") != self.visit.consultation_id:
            return
        if case.status == "completed":
            change = CaseChange(self.visit.id, "of_another", case)
            self._rule_status(change, [], None, is_of_another=True)
            self._keep(change)

    def _vanished(self, case: StoredCase) -> dict[str, Any]:
        document = case.value("metadata.pimsConsultation") or {}
        if document.get("id") is None or document.get("vanishedAt") is not None:
            return {}
        return {VANISHED_AT: iso(self.context.now)}

    # -- the case ----------------------------------------------------------------------------

    def _fault_of_documents(self) -> str | None:
        """Why nothing can be written into the cases of the visit (rule R16)."""
        for case in self.stored.cases:
            stored = (case.value(place) for place in OBJECTS)
            if any(value is not None and not isinstance(value, dict) for value in stored):
                return NOT_AN_OBJECT
        return None

    def _change(
        self, mapped: MappedFields, reason: str, record: Consultation | None = None
    ) -> CaseChange:
        """The fields that differ and may be changed; `record` is what was read."""
        case = self.stored.case
        change = CaseChange(self.visit.id, reason, case, self._ours(mapped, case))
        wanted = dict(mapped.derived)
        if case is None or case.patient is None:
            wanted.setdefault("patient.species", species(None))
            wanted.setdefault("patient.name", self.visit.patient_name or UNKNOWN_NAME)
        edited = []
        for name, value in wanted.items():
            current = None if case is None else case.value(name)
            if value in (None, "") or same(current, value) or (value == UNKNOWN_NAME and current):
                continue
            if case is None or may_change(
                case,
                name,
                current,
                self.stored.derived(name),
                self.context.fingerprints,
                was_edited=name in self.stored.edited,
            ):
                change.values[name] = value
            else:
                edited.append(name)
        self._rule_status(change, edited, record)
        self._note_edits(edited)
        return change

    def _rule_status(
        self,
        change: CaseChange,
        edited: list[str],
        record: Consultation | None,
        *,
        is_of_another: bool = False,
    ) -> None:
        visit, stored, context = self.visit, self.stored, self.context
        finished = Finished(
            visit,
            stored,
            context,
            record,
            is_of_another=is_of_another,
            tells_death=self.tells_death,
            partly_screened=any(self.partly),
            tells_partly=self.tells_partly,
        )
        ruling = rule_status(visit, stored, context, obstacle(finished))
        if ruling.outcome == "edited":
            edited.append("case.status")
        elif ruling.to_write is not None:
            change.values["case.status"] = ruling.to_write
        if self.decisions is not None:
            told = status_decision(ruling, visit, stored, context, was_read=record is not None)
            self.decisions.note(visit.id, told)

    def _ours(self, mapped: MappedFields, case: StoredCase | None) -> dict[str, Any]:
        """Leaves of our own documents; what was known is never overwritten with nothing."""
        ours = dict(mapped.ours)
        if self.context.acting_user_id is not None and (case is None or case.user_id is None):
            ours["case.user_id"] = self.context.acting_user_id
        if case is None:
            return ours
        if self.status is None and self.visit.status is not None:
            ours.pop("metadata.pimsAppointment.status", None)  # an unknown word changes nothing
        if case.clinic_id is None:
            ours["case.clinic_id"] = self.context.clinic_id
        before = case.value("metadata.pimsConsultation.id")
        replaced: dict[str, Any] = {}
        if before not in (None, ours.get("metadata.pimsConsultation.id", before)):
            ours, replaced = _with_whole_record(ours)
        news = {n: v for n, v in ours.items() if _is_news(case, n, v)}
        return {**news, **replaced}

    def _keep(self, change: CaseChange) -> None:
        if change.case is None or change.values or change.cleared:
            places = {name.partition(".")[0] for name in change.values}
            if change.cleared:
                places.add("metadata")
            change.values |= stamps(places, self.context.now)
            self.plan.changes.append(change)

    def _plan_duplicates(self, mapped: MappedFields) -> None:
        """Cancelled and no-show go to every case of the visit (rule R14)."""
        if self.status not in ("cancelled", "no_show"):
            return
        told = [f"metadata.pimsAppointment.{name}" for name in ("id", "status", "sourceStatus")]
        for case in self.stored.others:
            change = CaseChange(self.visit.id, DUPLICATE, case)
            said = {name: mapped.values[name] for name in told}
            change.values = {n: v for n, v in said.items() if _is_news(case, n, v)}
            if case.status in OPEN_STATUSES:
                change.values["case.status"] = CASE_STATUS[self.status]
            self._keep(change)

    # -- what is remembered ------------------------------------------------------------------

    def _said(self) -> VisitMemory:
        """The source's own words, personal ones as a fingerprint (rule R4)."""
        visit = self.visit
        latest = latest_stamp(self.context.now, self.context.zone)
        return VisitMemory(
            start=visit.start,
            end=visit.end,
            status=visit.status,
            type=visit.type,
            patient=visit.patient_id,
            client=visit.client_id,
            consultation=visit.consultation_id,
            private=self.context.fingerprints.of(list(private_words(visit).values())),
            stamp=newest_stamp(visit.last_updated_at, self.memory.stamp, latest),
        )

    def _bare_since(self) -> str | None:
        """Since when every read has shown the visit finished and without a consultation."""
        if self.status != "finalized" or self.visit.consultation_id is not None:
            return None
        return self.memory.bare_since or iso(self.context.now)

    def _fingerprints_of(self, mapped: MappedFields) -> dict[str, str]:
        """Derived field -> fingerprint, of those that say something."""
        said = {name: value for name, value in mapped.derived.items() if value not in (None, "")}
        return {name: self.context.fingerprints.of(value) for name, value in said.items()}

    def _reason(self, said: VisitMemory) -> str:
        if self.stored.case is None:
            return "new"
        if self.stored.written.start is None:
            return "adopted"
        return "source" if any(self._differing(said)) else "rederived"

    def _differing(self, said: VisitMemory) -> Iterator[str]:
        """What the source says otherwise than before."""
        before = self.memory
        for name in SAID:
            if getattr(said, name) != getattr(before, name) and (
                name != "private" or self._are_private_news()
            ):
                yield name

    def _are_private_news(self) -> bool:
        """Where the fingerprint tells nothing, by what our own document says of the source."""
        words, case = private_words(self.visit), self.stored.case
        known = self.context.fingerprints.is_of(self.memory.private or "", list(words.values()))
        if known is None and case is not None:
            return any(_is_news(case, name, word) for name, word in words.items())
        return not known

    def _note(self, rule: str, code: str, /, **facts: Fact) -> None:
        """Note a decision about the visit, if anybody asks for any."""
        if self.decisions is not None:
            self.decisions.note(self.visit.id, Decision(rule, code, facts))

    def _note_identity(self, case: StoredCase | None) -> None:
        if self.decisions is None:
            return
        self.decisions.note(self.visit.id, word_read(self.visit.status))
        if case is None:
            self._note("R14", "new")
        elif self.visit.id in self.plan.adopted:
            self._note("R14", "adopted")
        if case is not None and self.stored.others:
            self._note("R14", "several_cases", cases=len(self.stored.cases), case=str(case.id))

    def _note_change(self, change: CaseChange, said: VisitMemory) -> None:
        if self.decisions is None:
            return
        if change.reason == "came_back":
            self._note("R7", "came_back")
        elif change.reason == "source":
            self._note("R4", "changed", fields=list(self._differing(said)))
        elif change.reason == "rederived" and change.says_something:
            self._note("R4", "rederived", fields=sorted(change.fields))

    def _note_word(self) -> None:
        if self.status is None and self.visit.status:
            word = ("status", fold(self.visit.status)[:40])
            if word not in self.context.reported_words:
                self.plan.unknown_words.add(word)

    def _note_edits(self, names: list[str]) -> None:
        self.edited = sorted(names)
        if names:
            self.plan.edited[self.visit.id] = self.edited
            self._note("R15", "edited", fields=self.edited)
        if not set(names) <= self.stored.edited:
            self.plan.newly_edited.add(self.visit.id)

    def _older_version(self) -> str | None:
        """Whether an older version than ours is shown; what stays so counts (rules R1, R10)."""
        shown, known = self.visit.last_updated_at, self.memory.stamp
        stays = self.stored.record.doubtful_reads + 1 >= READS_THAT_SET_APART
        return OLDER_VERSION if is_older(shown, known, self.context.zone) and not stays else None

    def _quarantine(self, code: str) -> None:
        self.plan.quarantined[self.visit.id] = code
        self._note(_RULE_OF.get(code, "R3"), code)
        if self.stored.record.quarantine_code != code:
            self.plan.newly_quarantined.add(self.visit.id)

    def _screen_calendar(self) -> str:
        """Screen what the calendar says if it is new; its fingerprint."""
        texts, tellings = calendar_texts(self.visit), tellings_of_visit(self.visit)
        screened = [*texts, *(telling.text for telling in tellings)]
        took_place = self.status in TOOK_PLACE
        self.partly = (not is_screened_whole(texts), self.partly[1])
        # What was only booked when somebody said no has come about since.
        is_new = took_place and denied_before(self.visit, self.stored, self.context)
        if is_new or not self._was_screened(
            self.memory.screened, screened, lambda case: shows_calendar(case, screened)
        ):
            self._screen(texts if took_place else [], [] if took_place else texts, tellings)
        return self.context.fingerprints.of(screened)

    def _screen_record(self, record: Consultation) -> str:
        """Screen what the record says if it is new; its fingerprint."""
        texts, doubtful = record_texts(record), doubtful_texts(record)
        tellings = tellings_of_record(record)
        self.partly = (self.partly[0], not is_screened_whole([*texts, *doubtful]))
        screened = [[*texts, *(telling.text for telling in tellings)], doubtful]
        if not self._was_screened(
            self.stored.consultation.screened,
            screened,
            lambda case: shows_record(case, screened[0], doubtful),
        ):
            self._screen(texts, doubtful, tellings, record.patient_id)
        return self.context.fingerprints.of(screened)

    def _was_screened(
        self, remembered: str | None, texts: Any, shows: Callable[[StoredCase], bool]
    ) -> bool:
        """Whether the texts were screened before. Where the fingerprint tells nothing, only those
        that the case does not show are new words."""
        if remembered is None:
            return False
        known = self.context.fingerprints.is_of(remembered, texts)
        if known is None:
            return self.stored.case is not None and shows(self.stored.case)
        return known

    def _screen(
        self,
        texts: list[str],
        doubtful: list[str],
        tellings: list[Telling],
        patient_id: str | None = None,
    ) -> None:
        """`doubtful` texts speak of what nobody knows to have come about; `patient_id` is whom
        all of it is about, where that may be another one than the calendar's."""
        if not is_screened_whole([*texts, *doubtful]):
            self.tells_partly = True
            self.plan.partly_screened.add(self.visit.id)
            self._note("R19", "screened_partly")
        doubt = screen(doubtful)
        found = strongest(
            [
                screen(texts),
                None if doubt is None else replace(doubt, in_doubt=True),
                *(telling.screening for telling in tellings),
            ]
        )
        if found is None:
            return
        self.tells_death = self.tells_death or not found.in_doubt
        self._note("R19", "died", category=found.category, in_doubt=found.in_doubt)
        for patient in dict.fromkeys((self.visit.patient_id, patient_id or self.visit.patient_id)):
            self.plan.marks.append(Mark(self.visit.id, patient, found.category, found.in_doubt))


def _is_news(case: StoredCase, name: str, value: Any) -> bool:
    if value in (None, "") and name not in CLEARABLE:
        return False
    return not same(case.value(name), value)


def _with_whole_record(ours: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is beside the record's document, and the document, which takes the old one's place."""
    start = "metadata.pimsConsultation."
    whole = {n.removeprefix(start): v for n, v in ours.items() if n.startswith(start)}
    beside = {n: v for n, v in ours.items() if not n.startswith(start)}
    summary = beside.pop("metadata.dischargeSummary", None)
    return beside, {"metadata.pimsConsultation": whole, "metadata.dischargeSummary": summary}
