"""Whose a visit's case is, and what of it is a former patient's or owner's (rule R15). Pure.

What is former is taken out of the view of the case before anything is planned: the plan then finds
it empty, and nobody's edit.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, Literal, NamedTuple

from idexx_sync.pims.protocol import SourceRecord
from idexx_sync.syncs.cases.context import same
from idexx_sync.syncs.cases.fields import ENTITIES, FIELDS, PATIENT_COLUMNS, PATIENT_LINKS
from idexx_sync.syncs.cases.model import CaseChange
from idexx_sync.syncs.cases.record_memory import ConsultationMemory
from idexx_sync.syncs.cases.stored import StoredCase, StoredVisit
from idexx_sync.syncs.memory import VisitMemory

Whose = Literal["same", "another", "unsaid"]
"""Compared with what is stored; unsaid: something is stored, and the source says nothing now."""

OF_PATIENT: Final = (
    "metadata",
    "extraction",
    *(f"patient.{name}" for name in (*PATIENT_COLUMNS, *PATIENT_LINKS)),
)
"""What is about one patient: all that a case and its patient's row say."""
CONTACTS: Final = ("patient.owner_name", "patient.owner_phone", "patient.owner_email")
OF_OWNER: Final = (
    *CONTACTS,
    "patient.client_id",
    "metadata.pimsAppointment.client",
    *(f"{start}.patient.owner" for start in ENTITIES),
    "metadata.callIntelligence",
)
"""What is about one owner; what somebody prepared for a call greets that one."""
_OF_VISIT: Final = (
    *("case.scheduled_at", "case.type"),
    *(
        f"metadata.pimsAppointment.{name}"
        for name in ("id", "consultationId", "date", "startTime", "duration", "status")
    ),
    *(f"metadata.pimsAppointment.{name}" for name in ("sourceStatus", "type", "provider")),
    *(f"{start}.caseType" for start in ENTITIES),
)
"""What a visit says of nobody."""


class Belongs(NamedTuple):
    """Whose a visit's case is, beside whose it was."""

    patient: Whose
    client: Whose

    @property
    def is_unsaid(self) -> bool:
        """Nobody can tell whom the calendar speaks of."""
        return "unsaid" in self

    @property
    def roots(self) -> tuple[str, ...]:
        """What is the former one's, with all that lies under it."""
        if self.patient == "another":
            return OF_PATIENT
        return OF_OWNER if self.client == "another" else ()

    def is_former(self, name: str) -> bool:
        """Whether a field is the former one's, so that it is replaced or emptied."""
        return _is_under(name, self.roots)

    def may_say(self, name: str) -> bool:
        """Whether the calendar's value of a field may be believed to be about this case."""
        if self.patient == "unsaid":
            return _is_under(name, _OF_VISIT)
        return self.client != "unsaid" or not _is_under(name, OF_OWNER)


def belongs(visit: SourceRecord, stored: StoredVisit) -> Belongs:
    """Whose the visit's case is: by its own document, its patient's row and what is remembered.

    Where no id was known, the name that we wrote tells, whether there is an id now or not.
    """
    patients = former_patients(stored.case, stored.written)
    clients = _former_clients(stored.case, stored.written)
    patient = _compared(visit.patient_id, patients)
    client = _compared(visit.client_id, clients)
    return Belongs(
        patient if patients else _named("patient", visit.patient_name, stored),
        client if clients else _named("client", visit.client_name, stored),
    )


def names_another(case: StoredCase, visit: SourceRecord) -> bool:
    """Whether a further case of the visit names another patient or owner than the visit."""
    nothing = VisitMemory()
    return "another" in (
        _compared(visit.patient_id, former_patients(case, nothing)),
        _compared(visit.client_id, _former_clients(case, nothing)),
    )


def former_patients(case: StoredCase | None, memory: VisitMemory) -> list[str]:
    """Every patient that a case is said to be of, the surest first."""
    found: list[Any] = [memory.patient]
    if case is not None:
        found += [
            case.value("metadata.pimsAppointment.patient.id"),
            case.value("patient.external_id"),
        ]
    return _ids(found)


def _former_clients(case: StoredCase | None, memory: VisitMemory) -> list[str]:
    in_case = None if case is None else case.value("metadata.pimsAppointment.client.id")
    return _ids([memory.client, in_case])


def _ids(found: Iterable[Any]) -> list[str]:
    """As text: an earlier service may have stored numbers."""
    is_id = (value for value in found if isinstance(value, (str, int)) and value not in ("", 0))
    return list(dict.fromkeys(str(value).strip() for value in is_id))


def _named(who: Literal["patient", "client"], name: str | None, stored: StoredVisit) -> Whose:
    case = stored.case
    if case is None or not stored.is_ours:
        return "same"
    known = case.value(f"metadata.pimsAppointment.{who}.name")
    is_known = isinstance(known, str) and known.strip() and name
    return "another" if is_known and _folded(known) != _folded(name or "") else "same"


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _compared(now: str | None, former: Collection[str]) -> Whose:
    if not former:
        return "same"
    if now is None:
        return "unsaid"
    return "same" if set(former) == {now} else "another"


# -- the view without what is former -----------------------------------------------------------


def without_former(stored: StoredVisit, whose: Belongs, patient_id: str | None) -> StoredVisit:
    """What is stored, without what is a former patient's or owner's; what is remembered of that
    begins anew. `patient_id` is the visit's patient now."""
    if not whose.roots:
        return stored
    cases = [
        _emptied(case, whose) if case is stored.case and not case.is_broken else case
        for case in stored.cases
    ]
    anew = whose.patient == "another"
    memory = (
        _begun_anew(stored, patient_id) if anew else _without_contacts(stored.memory, whose.roots)
    )
    return replace(
        stored,
        cases=cases,
        record=replace(stored.record, source=memory),
        consultation=(
            ConsultationMemory() if anew else _without_contacts(stored.consultation, whose.roots)
        ),
    )


def _begun_anew(stored: StoredVisit, patient_id: str | None) -> VisitMemory:
    """Only what is the visit's own, whoever its patient is; and whose owner was known, so that a
    read which does not say the owner is not taken for one that never does."""
    memory = stored.memory
    former = former_patients(stored.case, stored.written)
    marked_for = memory.marked_for or next((one for one in former if one != patient_id), None)
    return VisitMemory(
        stamp=memory.stamp,
        last_consultation=memory.last_consultation,
        client=next(iter(_former_clients(stored.case, stored.written)), None),
        marked_for=None if marked_for == patient_id else marked_for,
    )


def _without_contacts[M: (VisitMemory, ConsultationMemory)](memory: M, roots: Collection[str]) -> M:
    return replace(
        memory,
        derived={n: mark for n, mark in memory.derived.items() if not _is_under(n, roots)},
        edited=tuple(name for name in memory.edited if not _is_under(name, roots)),
        empty_since={n: at for n, at in memory.empty_since.items() if not n.startswith("client")},
    )


def _emptied(case: StoredCase, whose: Belongs) -> StoredCase:
    patient = case.patient
    if patient is not None:
        columns = {
            name: None if f"patient.{name}" in whose.roots else value
            for name, value in patient.columns.items()
        }
        patient = replace(patient, columns=columns)
    if whose.patient == "another":
        return replace(case, metadata={}, extraction={}, type=None, status=None, patient=patient)
    return replace(
        case,
        metadata=_without(case.metadata, _paths(whose.roots, "metadata")),
        extraction=_without(case.extraction, _paths(whose.roots, "extraction")),
        patient=patient,
    )


def _paths(names: Iterable[str], place: str) -> list[str]:
    return [n.removeprefix(f"{place}.") for n in names if n.startswith(f"{place}.")]


def _without(document: Any, paths: Iterable[str]) -> Any:
    """The document without these leaves and what lies under them."""
    for path in paths:
        document = _without_leaf(document, path.split("."))
    return document


def _without_leaf(document: Any, steps: list[str]) -> Any:
    if not isinstance(document, Mapping) or steps[0] not in document:
        return document
    if len(steps) == 1:
        return {name: value for name, value in document.items() if name != steps[0]}
    return {**document, steps[0]: _without_leaf(document[steps[0]], steps[1:])}


# -- the change that replaces it ---------------------------------------------------------------


def replaced_whole(change: CaseChange, real: StoredCase, whose: Belongs) -> None:
    """Make a change that was planned on the view one of the case as it is: what is former is
    emptied, and what stays the same is not written."""
    change.case = real
    change.cleared += [
        name for name in whose.roots if name not in change.values and _holds(real, name)
    ]
    change.values = {
        name: value
        for name, value in change.values.items()
        if not name.startswith(("case.", "patient.")) or not same(real.value(name), value)
    }


def _holds(case: StoredCase, name: str) -> bool:
    place, _, column = name.partition(".")
    if place == "patient" and column in PATIENT_LINKS:
        return case.patient is not None
    return case.value(name) not in (None, {}, [])


def edits_of(names: Iterable[str], roots: Collection[str]) -> Iterator[str]:
    """Those of the fields that lie under what is former, and that a person may have edited."""
    return (name for name in names if FIELDS[name].owner == "derived" and _is_under(name, roots))


def _is_under(name: str, roots: Iterable[str]) -> bool:
    return any(name == root or name.startswith(f"{root}.") for root in roots)
