"""What of a visit's case is to be taken out, because the source says it is empty (rule R16). Pure.

`emptied` judges how long that was said; here is what the case still says of it.
"""

from dataclasses import replace

from idexx_sync.pims.protocol import Consultation
from idexx_sync.syncs.cases.edits import EMPTY
from idexx_sync.syncs.cases.emptied import (
    OF_RECORD,
    OF_RECORD_ALONE,
    OF_VISIT,
    OF_VISIT_TOO,
    Emptied,
    emptied,
)
from idexx_sync.syncs.cases.fields import FIELDS
from idexx_sync.syncs.cases.mapping import MappedFields
from idexx_sync.syncs.cases.planning import VisitPlanning
from idexx_sync.syncs.cases.stored import StoredCase


def emptied_by_calendar(planning: VisitPlanning, mapped: MappedFields) -> Emptied:
    """What the calendar has emptied; of whom nobody knows, that stays as it was."""
    case, visit = planning.stored.case, planning.visit
    if planning.whose.is_unsaid:
        return Emptied(planning.memory.empty_since)
    if case is None:
        return Emptied()

    def is_stored(name: str) -> bool:
        return _is_stored(planning, case, name, mapped) and not _is_of_record(planning, case, name)

    before = planning.memory.empty_since
    return emptied(visit, visit.emptied, OF_VISIT, is_stored, before, planning.context.now)


def emptied_by_record(
    planning: VisitPlanning, record: Consultation, mapped: MappedFields
) -> Emptied:
    """What the record has emptied; where it is another one, what only the old one said."""
    case, memory = planning.stored.case, planning.stored.consultation
    document_of = None if case is None else case.value("metadata.pimsConsultation.id")
    if case is None or document_of is None:
        return Emptied()
    if document_of != record.id:
        old = [name for name in OF_RECORD_ALONE if _is_stored(planning, case, name, mapped)]
        return Emptied(cleared=old)

    def is_stored(name: str) -> bool:
        is_contact = name in OF_VISIT_TOO
        return _is_stored(planning, case, name, mapped) and (
            not is_contact or _is_of_record(planning, case, name)
        )

    says = _said_to_be_empty(case, record, mapped)
    said = replace(record, notes_html=None) if "notes_html" in says else record
    before = memory.empty_since if memory.id == record.id else {}
    return emptied(said, says, OF_RECORD, is_stored, before, planning.context.now)


def _said_to_be_empty(case: StoredCase, record: Consultation, mapped: MappedFields) -> set[str]:
    """What of the record says that it is empty."""
    says = set(record.emptied)
    if record.notes_html is not None and not mapped.values["metadata.pimsConsultation.notes"]:
        says.add("notes_html")  # mark-up around nothing
    if case.value("metadata.pimsConsultation.notes") and "notes_html" not in says:
        says.discard("discharge_html")  # the notes are told in its place
    return says


def _is_stored(planning: VisitPlanning, case: StoredCase, name: str, mapped: MappedFields) -> bool:
    """Whether the case says something there that nobody edited, and nothing takes its place."""
    if case.value(name) in EMPTY or mapped.values.get(name) not in EMPTY:
        return False
    return FIELDS[name].owner == "ours" or planning.may_change(case, name, planning.stored)


def _is_of_record(planning: VisitPlanning, case: StoredCase, name: str) -> bool:
    """Whether the value is what the record said last."""
    mark = planning.stored.consultation.derived.get(name)
    fingerprints = planning.context.fingerprints
    return mark is not None and bool(fingerprints.is_of(mark, case.value(name)))
