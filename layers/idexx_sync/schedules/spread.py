"""`H` in a cron: a time of its own for each clinic, so that not all are due at once. Pure.

Within what a field lets in `H` is one number, `H/15` every fifteenth one from some number on, and
`H(0-29)` or `H(0-29)/10` the same within a range. A sync's default cron, which nobody has chosen,
is spread as if it had been written with `H`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final
from uuid import UUID

from idexx_sync.core.catalog import CATALOG, SYNCS, SyncName
from idexx_sync.schedules.fields import DAY, MINUTE, BadCron, Field
from idexx_sync.schedules.unix_cron import FIELDS, WEEKDAY, fields_of

_TERM: Final = re.compile(r"H(?:\((?P<range>\w+-\w+)\))?(?:/(?P<step>\d+))?", re.ASCII)
_HAS_H: Final = re.compile(r"(^|,)H(?![A-Z])")
_EVERY_MONTH_HAS: Final = 28
"""The last day of the month that `H` may mean."""
_SATURDAY: Final = 6
_APART: Final = 19
"""Minutes between the syncs of a clinic: a prime, so that three of them differ within any range
of at least three minutes but 19 and 38."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whose entry a cron is of."""

    clinic_id: UUID
    sync: SyncName
    number: int = 0
    """Which one it is of the clinic's entries for the sync, counted from 0."""


def spread(cron: str, place: Place) -> str:
    """The cron with numbers in place of each H: for the same place always the same ones.

    All entries of a sync have its minute, or its clinic's syncs could not be kept apart. Raises
    BadCron where an H can't be understood; what has none is returned as it is, but for the sync's
    default.
    """
    parts = _parts(cron, place.sync)
    return "".join([part if isinstance(part, str) else part.at(place) for part in parts])


def as_meant(cron: str, sync: SyncName) -> str:
    """The cron itself; in place of the sync's default the one with H that stands for it."""
    row = CATALOG[sync]
    return row.default_spread if cron.split() == row.default_cron.split() else cron


@dataclass(frozen=True, slots=True)
class _Hash:
    """An H: one number of a range, or each number in steps from one of its first on."""

    field: Field
    first: int
    last: int
    step: int
    """The size of the range where one number is meant."""

    def at(self, place: Place) -> str:
        # Of different ranges the numbers of a place agree all the same, so that its clinic's syncs
        # are apart whichever they have.
        start = self.first + (_number(self.field, place) - self.first) % self.step
        is_one = self.step == self.last - self.first + 1
        return str(start) if is_one else f"{start}-{self.last}/{self.step}"


@lru_cache(maxsize=1024)  # many clinics write the same one
def _parts(cron: str, sync: SyncName) -> tuple[str | _Hash, ...]:
    """The cron that is meant, taken apart at each H. Raises BadCron."""
    meant = as_meant(cron, sync)
    if not any(_HAS_H.search(text) for text in meant.upper().split()):
        return (meant,)
    texts = fields_of(meant)
    try:
        _refuse_two_kinds_of_days(texts)
        terms = [
            ("," if n else " ", _term(term, field))
            for field, text in zip(FIELDS, texts, strict=True)
            for n, term in enumerate(text.split(","))
        ]
    except BadCron as fault:
        raise BadCron(f"{meant!r} spreads by a hash (H), but {fault}") from None
    return tuple(_joined(terms))


def _joined(terms: Iterable[tuple[str, str | _Hash]]) -> Iterator[str | _Hash]:
    """The terms, each behind what parts it from the last one, with all text in a row as one."""
    text = ""
    for n, (behind, term) in enumerate(terms):
        text += behind if n else ""
        if isinstance(term, str):
            text += term
        else:
            yield text
            yield term
            text = ""
    yield text


def _refuse_two_kinds_of_days(texts: list[str]) -> None:
    day, weekday = texts[2], texts[4]
    steps = any(_HAS_H.search(text) and "/" in text for text in (day, weekday))
    if steps and "*" not in (day, weekday):
        raise BadCron(
            f"day of month {day!r} and weekday {weekday!r} are both restricted, one by H/n: "
            "write * in one of them, or list the days"
        )


def _term(term: str, field: Field) -> str | _Hash:
    if not _HAS_H.match(term):
        return term
    match = _TERM.fullmatch(term)
    if match is None:
        raise BadCron(f"{field.name} {term!r} is no H: write H, H/15, H(0-29) or H(0-29)/10")
    first, last = _range(match["range"], field)
    size = last - first + 1
    step = size if match["step"] is None else field.step(match["step"])
    if step > size:
        raise BadCron(f"{field.name} {term!r} steps beyond {first} to {last}: write H for one time")
    return _Hash(field, first, last, step)


def _range(text: str | None, field: Field) -> tuple[int, int]:
    most = {DAY: _EVERY_MONTH_HAS, WEEKDAY: _SATURDAY}.get(field, field.last)
    if text is None:
        return field.first, most
    first, last = field.span(text)
    if field is DAY and last > most:
        raise BadCron(f"{field.name} H({text}): not every month has a day after {most}")
    return first, last


def _number(field: Field, place: Place) -> int:
    if field is MINUTE:
        return _digest(_written(place.clinic_id)) + _APART * SYNCS.index(place.sync)
    return _digest(f"{_written(place.clinic_id)} {place.sync} {place.number} {field.name}")


@lru_cache(maxsize=4)  # a clinic's syncs come one after the other
def _written(clinic_id: UUID) -> str:
    return str(clinic_id)


@lru_cache(maxsize=4)
def _digest(text: str) -> int:
    return int.from_bytes(sha256(text.encode()).digest()[:8])
