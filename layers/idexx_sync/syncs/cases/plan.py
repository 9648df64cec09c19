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
from idexx_sync.syncs.cases.edits import EMPTY, may_change
from idexx_sync.syncs.cases.emptied import (
    OF_RECORD,
    OF_RECORD_ALONE,
    OF_VISIT,
    OF_VISIT_TOO,
    Emptied,
    emptied,
    still_said,
)
from idexx_sync.syncs.cases.fields import FIELDS
from idexx_sync.syncs.cases.further_cases import (
    broken_decision,
    changes_of_others,
    is_completed,
    status_of_broken,
)
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
    ANOTHER_OWNER,
    ANOTHER_PATIENT,
    SAID_ANEW,
    CaseChange,
    ConsultationMemory,
    Mark,
    Plan,
    StoredCase,
    StoredVisit,
)
from idexx_sync.syncs.cases.news import is_news
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
from idexx_sync.syncs.cases.vocabulary import species
from idexx_sync.syncs.cases.whose import (
    belongs,
    edits_of,
    replaced_whole,
    without_former,
)
from idexx_sync.syncs.decision import Decision, Decisions, Fact, word_read
from idexx_sync.syncs.memory import VisitMemory, VisitRecord
from idexx_sync.syncs.proof import READS_THAT_SET_APART, is_older, latest_stamp, newest_stamp

SAID: Final = ("start", "end", "status", "type", "patient", "client", "consultation", "private")
"""What of a visit's memory is the source's own words."""
VANISHED_AT: Final = "metadata.pimsConsultation.vanishedAt"
NOT_AN_OBJECT: Final = "document_not_an_object"
OF_ANOTHER_PATIENT: Final = "of_another_patient"
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
        self.before = stored
        """As it is stored, with what is a former patient's or owner's (rule R15)."""
        self.whose = belongs(visit, stored)
        self.stored = without_former(stored, self.whose, visit.patient_id)
        self.status = appointment_status(visit.status)
        self.memory = self.stored.memory
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
            self.before.memory,
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
            if code == NOT_AN_OBJECT:
                self._plan_broken(mapped)
        elif self.stored.was_deleted:
            self.plan.deleted_in_odis.add(self.visit.id)
            if memory.start is not None:
                memory = replace(memory, patient=self.visit.patient_id or memory.patient)
            self._note("R14", "deleted_in_odis")
        else:
            memory = replace(
                self._plan_case(mapped),
                screened=memory.screened,
                partly=memory.partly,
                denied=memory.denied,
            )
            if self._is_marked_now():
                memory = replace(memory, marked_for=None)
        reads = self.stored.record.doubtful_reads + 1 if code == OLDER_VERSION else 0
        record = VisitRecord(
            self.visit.id, source=memory, quarantine_code=code, doubtful_reads=reads
        )
        if record != self.before.record:
            self.plan.records.append(record)

    def _plan_case(self, mapped: MappedFields) -> VisitMemory:
        """Plan the visit's case and its duplicates; what to remember of the visit."""
        case, said = self.stored.case, self._said()
        if case is not None and self.stored.key != case.id:
            self.plan.adopted[self.visit.id] = case.id
        self._note_word()
        self._note_identity(case)
        empty = self._emptied_by_calendar(mapped)
        said = replace(said, empty_since=empty.since)
        change = self._change(mapped, self._reason(said), empty=empty)
        if case is not None and is_removed(case):
            change.cleared.append("metadata.reconciliation")
            change.reason = "came_back"
        if case is not None and self.visit.consultation_id is None:
            change.values |= self._vanished(case)
        self._keep(change)
        self._note_change(change, said)
        self._plan_others(mapped)
        if self.whose.patient == "another":
            self.plan.memories[self.visit.id] = self.stored.consultation
        derived = {**self.memory.derived, **self._fingerprints_of(mapped)}
        return replace(
            said,
            last_consultation=self.visit.consultation_id or self.memory.last_consultation,
            bare_since=self._bare_since(),
            derived={n: mark for n, mark in derived.items() if n not in change.cleared},
            edited=tuple(self.edited),
        )

    def plan_record(self, record: Consultation) -> None:
        """Plan what the record adds to the case, if there is one; its words are screened anyhow."""
        case, memory = self.stored.case, self.stored.consultation
        mapped = map_consultation(record, self.visit)
        screened = self._screen_record(record)
        fault = self._fault_of_documents() or self._fault_of_whose(record)
        derived, empty = memory.derived, Emptied()
        if case is not None and fault is None:
            empty = self._emptied_by_record(record, mapped)
            change = self._change(mapped, "consultation", record, empty=empty)
            if case.value(VANISHED_AT) is not None:
                change.cleared.append(VANISHED_AT)
            self._keep(change)
            derived = {**derived, **self._fingerprints_of(mapped)}
            derived = {n: mark for n, mark in derived.items() if n not in change.cleared}
        self.plan.memories[self.visit.id] = ConsultationMemory(
            id=record.id,
            read_at=self.context.now,
            final=self.status == "finalized" and fault is None,
            has_notes=says_something(mapped.values["metadata.pimsConsultation.notes"]),
            screened=screened,
            partly=self.partly[1],
            edited=tuple(self.edited),
            derived=derived,
            patient=memory.patient if fault == OF_ANOTHER_PATIENT else record.patient_id,
            empty_since=empty.since,
        )
        if record.unread:
            self.plan.unread |= faults_of(self.visit.id, record)
            self._note("R17", "parts_unread", fields=list(record.unread))
        if self.memory.marked_for is not None and self._is_marked_now():
            own = replace(self.memory, marked_for=None)
            self.plan.records.append(replace(self.before.record, source=own))

    def plan_vanished(self) -> None:
        """The source has no such record any more: what was read of it stays, marked."""
        case = self.stored.case
        self._note("R17", "gone_now")
        if case is not None and self._fault_of_documents() is None and not self.whose.roots:
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
            self._rule_status(change, [], None, MappedFields(), Emptied(), is_of_another=True)
            self._keep(change)

    def _vanished(self, case: StoredCase) -> dict[str, Any]:
        document = case.value("metadata.pimsConsultation") or {}
        if document.get("id") is None or document.get("vanishedAt") is not None:
            return {}
        return {VANISHED_AT: iso(self.context.now)}

    # -- the case ----------------------------------------------------------------------------

    def _fault_of_documents(self) -> str | None:
        """Why nothing can be written into the visit's case (rule R16); others do not matter."""
        case = self.before.case
        return NOT_AN_OBJECT if case is not None and case.is_broken else None

    def _fault_of_whose(self, record: Consultation) -> str | None:
        """Why a record is not this case's: the calendar's part of that patient is not written."""
        named = self.visit.patient_id or record.patient_id
        whose = belongs(replace(self.visit, patient_id=named), self.before)
        return OF_ANOTHER_PATIENT if whose.patient == "another" else None

    def _change(
        self,
        mapped: MappedFields,
        reason: str,
        record: Consultation | None = None,
        *,
        empty: Emptied,
    ) -> CaseChange:
        """The fields that differ and may be changed; `record` is what was read."""
        case = self.stored.case
        change = CaseChange(self.visit.id, reason, case, self._ours(mapped, case))
        change.cleared += empty.cleared
        wanted = {n: value for n, value in mapped.derived.items() if self.whose.may_say(n)}
        if record is not None and self.whose.patient == "unsaid":
            wanted = dict(mapped.derived)  # whose record it is was asked
        if case is None or case.patient is None or self.whose.patient == "another":
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
        self._rule_status(change, edited, record, mapped, empty)
        self._note_edits(edited)
        return change

    def _may_change(self, case: StoredCase, name: str, stored: StoredVisit) -> bool:
        return may_change(
            case,
            name,
            case.value(name),
            stored.derived(name),
            self.context.fingerprints,
            was_edited=name in stored.edited,
        )

    # -- what is said to be empty (rule R16) --------------------------------------------------

    def _emptied_by_calendar(self, mapped: MappedFields) -> Emptied:
        case, visit = self.stored.case, self.visit
        if case is None or self.whose.is_unsaid:
            return Emptied(self.memory.empty_since if self.whose.is_unsaid else {})

        def is_stored(name: str) -> bool:
            return self._is_stored(case, name, mapped) and not self._is_of_record(case, name)

        before = self.memory.empty_since
        return emptied(visit, visit.emptied, OF_VISIT, is_stored, before, self.context.now)

    def _emptied_by_record(self, record: Consultation, mapped: MappedFields) -> Emptied:
        case, memory = self.stored.case, self.stored.consultation
        document_of = None if case is None else case.value("metadata.pimsConsultation.id")
        if case is None or document_of is None:
            return Emptied()
        if document_of != record.id:
            old = [name for name in OF_RECORD_ALONE if self._is_stored(case, name, mapped)]
            return Emptied(cleared=old)

        def is_stored(name: str) -> bool:
            is_contact = name in OF_VISIT_TOO
            return self._is_stored(case, name, mapped) and (
                not is_contact or self._is_of_record(case, name)
            )

        says = set(record.emptied)
        if record.notes_html is not None and not mapped.values["metadata.pimsConsultation.notes"]:
            says.add("notes_html")  # mark-up around nothing
        if case.value("metadata.pimsConsultation.notes") and "notes_html" not in says:
            says.discard("discharge_html")  # the notes are told in its place
        said = replace(record, notes_html=None) if "notes_html" in says else record
        before = memory.empty_since if memory.id == record.id else {}
        return emptied(said, says, OF_RECORD, is_stored, before, self.context.now)

    def _is_stored(self, case: StoredCase, name: str, mapped: MappedFields) -> bool:
        """Whether the case says something there that nobody edited, and nothing takes its place."""
        if case.value(name) in EMPTY or mapped.values.get(name) not in EMPTY:
            return False
        return FIELDS[name].owner == "ours" or self._may_change(case, name, self.stored)

    def _is_of_record(self, case: StoredCase, name: str) -> bool:
        """Whether the value is what the record said last."""
        mark = self.stored.consultation.derived.get(name)
        return mark is not None and bool(self.context.fingerprints.is_of(mark, case.value(name)))

    def _rule_status(
        self,
        change: CaseChange,
        edited: list[str],
        record: Consultation | None,
        mapped: MappedFields,
        empty: Emptied,
        *,
        is_of_another: bool = False,
    ) -> None:
        visit, stored, context = self.visit, self.stored, self.context
        of_other = self.memory if record is not None else stored.consultation
        is_emptied = bool(empty.since) or still_said(of_other.empty_since, mapped.values)
        finished = Finished(
            visit,
            self.before,
            context,
            record,
            is_of_another=is_of_another,
            tells_death=self.tells_death,
            partly_screened=any(self.partly),
            tells_partly=self.tells_partly,
            is_emptied=is_emptied,
        )
        found = obstacle(finished)
        ruling = rule_status(visit, stored, context, found)
        if ruling.outcome == "edited":
            edited.append("case.status")
        elif ruling.to_write is not None:
            change.values["case.status"] = ruling.to_write
        elif self.status is None and is_completed(self.before.case) and found and found.reopens:
            change.values["case.status"] = found.status  # whatever its word means
        if self.decisions is not None:
            told = status_decision(ruling, visit, stored, context, was_read=record is not None)
            self.decisions.note(visit.id, told)

    def _ours(self, mapped: MappedFields, case: StoredCase | None) -> dict[str, Any]:
        """Leaves of our own documents; what was known is never overwritten with nothing."""
        ours = {n: value for n, value in mapped.ours.items() if self.whose.may_say(n)}
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
        news = {n: v for n, v in ours.items() if self.whose.is_former(n) or is_news(case, n, v)}
        return {**news, **replaced}

    def _keep(self, change: CaseChange) -> None:
        if change.case is not None and change.case is self.stored.case and self.whose.roots:
            assert self.before.case is not None
            change.dropped = self._dropped(self.before.case)
            replaced_whole(change, self.before.case, self.whose)
        if change.case is None or change.values or change.cleared:
            changed = (*change.values, *change.cleared)
            places = {name.partition(".")[0] for name in changed}
            change.values |= stamps(places, self.context.now)
            self.plan.changes.append(change)

    def _dropped(self, case: StoredCase) -> tuple[str, ...]:
        """Edits of people that were made for a former patient or owner."""
        return tuple(
            name
            for name in edits_of(FIELDS, self.whose.roots)
            if case.value(name) not in EMPTY
            and (self.before.derived(name) or name in self.before.edited)
            and not self._may_change(case, name, self.before)
        )

    def _plan_others(self, mapped: MappedFields) -> None:
        for change in changes_of_others(self.visit, self.before, self.whose, mapped):
            self._keep(change)

    def _plan_broken(self, mapped: MappedFields) -> None:
        """Nothing is written into a broken document; but nobody is called about its case."""
        case = self.before.case
        if case is not None and (status := status_of_broken(case, self.status)) is not None:
            if self.decisions is not None:
                told = broken_decision(case, self.status, status)
                self.decisions.note(self.visit.id, told)
            change = CaseChange(self.visit.id, NOT_AN_OBJECT, case, {"case.status": status})
            self.plan.changes.append(change)
        self._plan_others(mapped)

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
            patient=visit.patient_id or self.memory.patient,
            client=visit.client_id or self.memory.client,
            consultation=visit.consultation_id,
            private=self._private(),
            marked_for=self.memory.marked_for,
            old_summary=self.memory.old_summary,
            stamp=newest_stamp(visit.last_updated_at, self.memory.stamp, latest),
        )

    def _bare_since(self) -> str | None:
        """Since when every read has shown the visit finished and without a consultation."""
        if self.status != "finalized" or self.visit.consultation_id is not None:
            return None
        return self.memory.bare_since or iso(self.context.now)

    def _private(self) -> str | None:
        """Fingerprint of what is said of people; of whom nobody knows, the last one stays."""
        if self.whose.is_unsaid:
            return self.memory.private
        return self.context.fingerprints.of(list(private_words(self.visit).values()))

    def _fingerprints_of(self, mapped: MappedFields) -> dict[str, str]:
        """Derived field -> fingerprint, of those that say something."""
        said = {
            name: value
            for name, value in mapped.derived.items()
            if value not in (None, "") and self.whose.may_say(name)
        }
        return {name: self.context.fingerprints.of(value) for name, value in said.items()}

    def _reason(self, said: VisitMemory) -> str:
        if self.stored.case is None:
            return "new"
        if self.whose.roots:
            return ANOTHER_PATIENT if self.whose.patient == "another" else ANOTHER_OWNER
        if self.stored.written.start is None:
            return "adopted"
        return "source" if any(self._differing(said)) else "rederived"

    def _differing(self, said: VisitMemory) -> Iterator[str]:
        """What the source says otherwise than before."""
        before = self.before.memory
        for name in SAID:
            if getattr(said, name) != getattr(before, name) and (
                name != "private" or self._are_private_news()
            ):
                yield name

    def _are_private_news(self) -> bool:
        """Where the fingerprint tells nothing, by what our own document says of the source."""
        if self.whose.is_unsaid:
            return False
        words, case, private = (
            private_words(self.visit),
            self.before.case,
            self.before.memory.private,
        )
        known = self.context.fingerprints.is_of(private or "", list(words.values()))
        if known is None and case is not None:
            return any(is_news(case, name, word) for name, word in words.items())
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
        if change.reason == ANOTHER_PATIENT:
            self._note("R15", "another_patient")
        elif change.reason == ANOTHER_OWNER:
            self._note("R15", "another_owner")
        if change.dropped:
            self._note("R15", "edits_dropped", fields=list(change.dropped))
        if change.reason == "came_back":
            self._note("R7", "came_back")
        elif change.reason in SAID_ANEW:
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

    def _is_marked_now(self) -> bool:
        return any(mark.visit_id == self.visit.id for mark in self.plan.marks)

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


def _with_whole_record(ours: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is beside the record's document, and the document, which takes the old one's place."""
    start = "metadata.pimsConsultation."
    whole = {n.removeprefix(start): v for n, v in ours.items() if n.startswith(start)}
    beside = {n: v for n, v in ours.items() if not n.startswith(start)}
    summary = beside.pop("metadata.dischargeSummary", None)
    return beside, {"metadata.pimsConsultation": whole, "metadata.dischargeSummary": summary}
