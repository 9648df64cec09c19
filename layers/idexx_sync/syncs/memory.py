"""Our memory of each source record: what the source said, strikes, quarantine. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, time
from typing import Any, Final, Literal

from pydantic import TypeAdapter, ValidationError

Kind = Literal["appointment", "visit", "consultation"]
REFUSED: Final = "refused"
"""Code of a record of which the database refused a row (rule R26)."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Time that a record takes although no row of ours says so, in clinic wall-clock time."""

    day: date
    start: time
    end: time
    room: str | None = None
    fills: bool = False
    """It takes every room, whatever its own."""


@dataclass(frozen=True, slots=True)
class AppointmentMemory:
    """What the calendar said of an appointment, for the calendar's rows (rule R4)."""

    start: str
    """Wall-clock text, as all times here."""
    end: str | None = None
    room: str | None = None
    status: str | None = None
    type: str | None = None
    private: str | None = None
    """Fingerprint of the personal values."""
    stamp: str | None = None
    """When the source changed it last, in its own words: an older version is no news (R10)."""


@dataclass(frozen=True, slots=True)
class VisitMemory:
    """What the calendar said of a visit, for its case (rules R4, R15, R19)."""

    screened: str | None = None
    """Fingerprint of the words that were screened for the patient's death."""
    start: str | None = None
    """None: only screened as yet, and the rest is empty too."""
    end: str | None = None
    status: str | None = None
    type: str | None = None
    patient: str | None = None
    client: str | None = None
    consultation: str | None = None
    private: str | None = None
    last_consultation: str | None = None
    """The last consultation that the visit had, whether it still has it or not."""
    derived: Mapping[str, str] = field(default_factory=dict)
    """Field of the case -> fingerprint of what was derived for it from the calendar."""
    edited: tuple[str, ...] = ()
    """Fields of the case that a person has changed."""
    stamp: str | None = None
    """When the source changed it last, in its own words: an older version is no news (R10)."""
    bare_since: str | None = None
    """Since when every read has shown it finalised and without a consultation, ISO (rule R18)."""
    observed: bool = False
    """The words were only read: nothing of them is written, so what else is remembered (screened,
    derived, edited) is older than they are."""
    partly: bool = False
    """Not all of the words were screened."""
    denied: bool = False
    """Before it took place somebody had said of its case that it is no extreme one."""
    empty_since: Mapping[str, str] = field(default_factory=dict)
    """Field of the visit -> instant (ISO 8601) from which on it is said to be empty; the case still
    says what it was (R16)."""
    marked_for: str | None = None
    """The former patient for whom the case was marked as died; None: nobody but its own."""
    unsaid: bool = False
    """The last read did not say whose the visit is, where that was known (R15)."""
    old_summary: bool = False
    """ODIS holds a text for the owner of a former patient: only a person completes the case."""


@dataclass(frozen=True, slots=True)
class ConsultationSource:
    """What the source said of a visit's consultation (rules R15, R17, R19)."""

    id: str | None = None
    """Of the consultation; None: never read."""
    asked: str | None = None
    """The consultation that was asked for last, where it gave nothing."""
    final: bool = False
    """The visit was finalised before it was read."""
    notes: bool = False
    """Staff had written notes."""
    screened: str | None = None
    edited: tuple[str, ...] = ()
    derived: Mapping[str, str] = field(default_factory=dict)
    """Field of the case -> fingerprint of what was derived for it from the record."""
    observed: bool = False
    """It was only read: nothing of it is written, so screened, derived and edited are older."""
    partly: bool = False
    """Not all of its words were screened."""
    patient: str | None = None
    """Whose record was read; another one than the visit's after two patients were merged."""
    empty_since: Mapping[str, str] = field(default_factory=dict)
    """Field of the record -> instant (ISO 8601) from which on it is said to be empty."""


type SourceMemory = AppointmentMemory | VisitMemory | ConsultationSource
MODELS: Final[dict[Kind, type[SourceMemory]]] = {
    "appointment": AppointmentMemory,
    "visit": VisitMemory,
    "consultation": ConsultationSource,
}
_READERS: Final[dict[Any, TypeAdapter[Any]]] = {m: TypeAdapter(m) for m in MODELS.values()}


@dataclass(frozen=True, slots=True)
class Remembered[Source: SourceMemory]:
    """What we remember of one source record; the default is a record never seen."""

    key: str
    source: Source | None = None
    """The source's own words when they last differed; None: nothing readable yet."""
    strikes: int = 0
    struck_at: datetime | None = None
    looked_up_at: datetime | None = None
    quarantine_code: str | None = None
    """Why it is in doubt, in one word; None: it is not, or only waits for a person."""
    claims: tuple[Claim, ...] = ()
    """What it takes beside its row, until it is settled."""
    doubtful_reads: int = 0
    """Reads in a row that were incomplete because of it."""
    is_unknown: bool = field(default=False, compare=False)
    """Something is stored that cannot be read: it counts as nothing and is written anew."""


@dataclass(frozen=True, slots=True)
class Record(Remembered[AppointmentMemory]):
    """An appointment's record."""


def settled(record: Record) -> Record:
    """The record without doubt or strike: what it takes is what its row says."""
    return replace(
        record,
        strikes=0,
        struck_at=None,
        quarantine_code=None,
        claims=(),
        doubtful_reads=0,
    )


@dataclass(frozen=True, slots=True)
class VisitRecord(Remembered[VisitMemory]):
    """A visit's record."""


@dataclass(frozen=True, slots=True)
class ConsultationRecord(Remembered[ConsultationSource]):
    """The record of a visit's consultation, under the visit's key."""


def read_source[Source: SourceMemory](model: type[Source], document: Any) -> Source | None:
    """The stored document as its model; None if it is none, or cannot be read.

    Keys that are absent have the model's defaults, and those it does not know are ignored.
    """
    if document is None:
        return None
    try:
        found: Source = _READERS[model].validate_python(document)
    except ValidationError:
        return None
    return found


_CLAIMS: Final = TypeAdapter(tuple[Claim, ...])


def read_claims(document: Any) -> tuple[Claim, ...]:
    """The stored document as claims; what is our own and cannot be read is a defect, and raises."""
    return () if document is None else _CLAIMS.validate_python(document)


def stored_form(source: SourceMemory) -> dict[str, Any]:
    """The document that is stored; of a visit that was only screened, no more than that."""
    if isinstance(source, VisitMemory) and source.start is None:
        return {"screened": source.screened}
    return asdict(source)
