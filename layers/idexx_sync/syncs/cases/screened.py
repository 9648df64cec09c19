"""What of a visit and its record tells whether the patient lives, beside running text (rule R19).

Names that staff may write it into, and what the record itself says of its patient. Of these only
what tells something counts as a text that was screened. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from idexx_sync.core.personal import Discreet, Personal
from idexx_sync.pims.protocol import Consultation, Life, SourceRecord
from idexx_sync.syncs.cases.life_names import LONGEST_NAME
from idexx_sync.syncs.cases.life_sentence import GRAVEST_FIRST
from idexx_sync.syncs.cases.life_status import Screening, screen, screen_name

_DEEPEST: Final = 20
BESIDE_AT_MOST: Final = 10_000
"""So many characters of each of these texts are screened."""


@dataclass(frozen=True, slots=True, repr=False)
class Telling(Discreet):
    """A text that tells, and what."""

    text: Personal[str]
    screening: Screening


def strongest(found: Iterable[Screening | None]) -> Screening | None:
    """Certain before doubtful, then the gravest; None if there is none."""
    told = [screening for screening in found if screening is not None]
    return min(told, key=lambda s: (s.in_doubt, GRAVEST_FIRST.index(s.category)), default=None)


def tellings_of_visit(visit: SourceRecord) -> list[Telling]:
    """What beside type and reason the calendar tells of the patient's death.

    An owner's name may tell of the owner's own death, a provider, room or title of what is done
    there, a status or contact of nobody knows whom: all of these are in doubt.
    """
    return [
        *_of_name(visit.patient_name),
        *_of_life(visit.life),
        *(_doubtful(telling) for text in _beside_visit(visit) for telling in _of_any(text)),
    ]


def are_beside_visit_whole(visit: SourceRecord) -> bool:
    """Whether all of these words of the calendar are screened."""
    return _are_short(visit.patient_name, *_beside_visit(visit))


def tellings_of_record(record: Consultation) -> list[Telling]:
    """What beside notes and lines the record tells of the patient's death; in doubt where words
    stand for which the field is not meant."""
    return [
        *_of_name(record.patient_name),
        *_of_life(record.life),
        *(_doubtful(telling) for text in _beside_record(record) for telling in _of_any(text)),
        *(telling for text in _texts_in(record.vital_signs) for telling in _of_text(text)),
    ]


def are_beside_record_whole(record: Consultation) -> bool:
    """Whether all of these words of the record are screened."""
    signs = _texts_in(record.vital_signs)
    return _are_short(record.patient_name, *_beside_record(record), *signs)


def _beside_visit(visit: SourceRecord) -> tuple[str | None, ...]:
    return (
        *(visit.client_name, visit.title, visit.provider_name, visit.room_name),
        *(visit.status, visit.client_phone, visit.client_email),
    )


def _beside_record(record: Consultation) -> tuple[str | None, ...]:
    return (
        *(record.status, record.species, record.breed, record.sex),
        *(record.client_phone, record.client_email),
    )


def _are_short(*texts: str | None) -> bool:
    return all(len(text or "") <= BESIDE_AT_MOST for text in texts)


def _of_name(name: str | None) -> list[Telling]:
    if not name:
        return []
    found = screen_name(name)
    if found is None and len(name) > LONGEST_NAME:  # no name at all
        return [_doubtful(telling) for telling in _of_text(name)]
    return [] if found is None else [Telling(name, found)]


def _of_text(text: str) -> list[Telling]:
    found = screen([text[:BESIDE_AT_MOST]])
    return [] if found is None else [Telling(text, found)]


def _of_any(text: str | None) -> list[Telling]:
    return (_of_name(text) or _of_text(text)) if text else []


def _of_life(life: Life | None) -> list[Telling]:
    return [] if life is None else [Telling(f"life: {life}", Screening("death", life != "dead"))]


def _doubtful(telling: Telling) -> Telling:
    return Telling(telling.text, Screening(telling.screening.category, in_doubt=True))


def _texts_in(value: Any, depth: int = 0) -> Iterator[str]:
    """Every text in a document, whatever its shape."""
    if isinstance(value, str):
        yield value
    elif depth < _DEEPEST and isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts_in(inner, depth + 1)
    elif depth < _DEEPEST and isinstance(value, Sequence):
        for inner in value:
            yield from _texts_in(inner, depth + 1)
