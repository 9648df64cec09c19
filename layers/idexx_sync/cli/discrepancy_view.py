"""Differences between ODIS and Neo as a person reads them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from idexx_sync.cli.list_view import cut_shown
from idexx_sync.cli.listed import Listed
from idexx_sync.cli.phrases import DIFFERENCES, OUTCOMES, TREATMENTS
from idexx_sync.cli.tables import Shown, entry, line
from idexx_sync.core.catalog import CATALOG
from idexx_sync.core.phrases import counted, phrase
from idexx_sync.operations.discrepancy_models import DiscrepancyView
from idexx_sync.operations.hints import for_the_api
from idexx_sync.operations.models import JobView

KINDS: Final[Mapping[str, str]] = {"appointment": "calendar row", "case": "case"}
MOST_FIELDS: Final = 6
"""Of a difference so many names of fields are told, and the others counted."""


def discrepancies_shown(
    job: JobView, found: Listed[DiscrepancyView], *, asked: bool, over_api: bool
) -> list[Shown]:
    """Each difference with what became of it; `asked`: whether only some were wanted."""
    if not found.items:
        return [line(_nothing(job, asked=asked))]
    parts: list[Shown] = []
    for one in sorted(found.items, key=_place):
        said = f"{phrase(DIFFERENCES, one.cause)}: {_became(one)}"
        parts += entry((one.external_id, str(one.day), said), ", ".join(_about(one)))
    parts += cut_shown(more=found.more, shown=len(found.items))
    told = for_the_api if over_api else str
    return [*parts, *(line(told(said)) for said in _next(job, found.items))]


def _place(one: DiscrepancyView) -> tuple[int, str, str]:
    """The newest day first, and what is of one visit together, its row before its case."""
    return -one.day.toordinal(), one.external_id.rpartition("-")[2], one.kind


def _next(job: JobView, found: Sequence[DiscrepancyView]) -> Iterator[str]:
    """What a person can do about them."""
    of_clinic = f"--clinic {job.clinic_id}"
    if job.manner == "apply" and any(one.outcome == "held" for one in found):
        yield f"Decide what is held: idexx-sync holds list {of_clinic}"
    yield f"What is done about a cause, and why: idexx-sync reconciliation policy show {of_clinic}"
    first = sorted(found, key=_place)[0].external_id
    yield f"Why: idexx-sync explain appointment {first} {of_clinic}"


def _became(one: DiscrepancyView) -> str:
    """`fixed`; where nothing was to be applied, also what would be done."""
    said = phrase(OUTCOMES, one.outcome)
    if one.outcome == "reported" and one.treatment in ("fix", "hold"):
        return f"{said}, would be {phrase(TREATMENTS, one.treatment)}"
    return said


def _about(one: DiscrepancyView) -> Iterator[str]:
    yield phrase(KINDS, one.kind)
    if one.nights:
        yield f"on {counted(one.nights, 'night')}"
    if one.missed_by is not None:
        yield f"missed by {one.missed_by}"
    yield from _facts(one.facts)
    if one.rule:
        yield f"{phrase({}, one.code or '')} ({one.rule})".strip()


def _facts(facts: Mapping[str, Any]) -> Iterator[str]:
    """`start 2026-05-04 09:00:00 -> 10:00:00`, `fields date, room_id`."""
    for name, value in sorted(facts.items()):
        if name == "kind" or value in (None, [], ""):
            continue
        yield f"{phrase({}, name)} {_value(name, value)}"


def _value(name: str, value: object) -> str:
    if not isinstance(value, list):
        return str(value)
    if name in ("start", "status"):
        return " -> ".join(str(part) for part in value)
    told = " ".join(str(part) for part in value[:MOST_FIELDS])
    left = len(value) - MOST_FIELDS
    return f"{told} and {left} more" if left > 0 else told


def _nothing(job: JobView, *, asked: bool) -> str:
    """Why there is nothing to show."""
    if CATALOG[job.sync].params != "lookback":
        return f"A job of the sync {job.sync} compares nothing; reconciliations do."
    if asked:
        return "It found no such difference."
    if not job.is_final:
        return "The job has not ended; nothing is committed so far."
    if job.manner == "preview":
        return f"A dry run keeps none; its counts: idexx-sync jobs show {job.id}"
    return "It found no difference." if job.error is None else "It failed before it found any."
