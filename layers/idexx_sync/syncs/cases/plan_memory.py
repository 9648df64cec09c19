"""What to remember of a visit that was planned, and what it says otherwise than before. Pure."""

from collections.abc import Iterator
from typing import Final

from idexx_sync.syncs.cases.mapping import MappedFields, iso, private_words
from idexx_sync.syncs.cases.model import ANOTHER_OWNER, ANOTHER_PATIENT
from idexx_sync.syncs.cases.news import is_news
from idexx_sync.syncs.cases.planning import VisitPlanning
from idexx_sync.syncs.memory import VisitMemory
from idexx_sync.syncs.proof import latest_stamp, newest_stamp

SAID: Final = ("start", "end", "status", "type", "patient", "client", "consultation", "private")
"""What of a visit's memory is the source's own words."""


def memory_of(planning: VisitPlanning) -> VisitMemory:
    """The source's own words, personal ones as a fingerprint (rule R4)."""
    visit, memory, context = planning.visit, planning.memory, planning.context
    latest = latest_stamp(context.now, context.zone)
    return VisitMemory(
        start=visit.start,
        end=visit.end,
        status=visit.status,
        type=visit.type,
        patient=visit.patient_id or memory.patient,
        client=visit.client_id or memory.client,
        consultation=visit.consultation_id,
        private=_private(planning),
        marked_for=memory.marked_for,
        old_summary=memory.old_summary,
        unsaid=planning.whose.is_unsaid,
        stamp=newest_stamp(visit.last_updated_at, memory.stamp, latest),
    )


def bare_since(planning: VisitPlanning) -> str | None:
    """Since when every read has shown the visit finished and without a consultation; one that does
    not say which it has is no word on it (rule R5)."""
    if planning.status != "finalized" or planning.visit.consultation_id is not None:
        return None
    if not planning.visit.has_consultation:
        return planning.memory.bare_since
    return planning.memory.bare_since or iso(planning.context.now)


def fingerprints_of(planning: VisitPlanning, mapped: MappedFields) -> dict[str, str]:
    """Derived field -> fingerprint, of those that say something."""
    said = {
        name: value
        for name, value in mapped.derived.items()
        if value not in (None, "") and planning.whose.may_say(name)
    }
    return {name: planning.context.fingerprints.of(value) for name, value in said.items()}


def reason_of(planning: VisitPlanning, said: VisitMemory) -> str:
    """Why the visit's case is written, if anything of it differs."""
    if planning.stored.case is None:
        return "new"
    if planning.whose.roots:
        return ANOTHER_PATIENT if planning.whose.patient == "another" else ANOTHER_OWNER
    if planning.stored.written.start is None:
        return "adopted"
    return "source" if any(differing(planning, said)) else "rederived"


def differing(planning: VisitPlanning, said: VisitMemory) -> Iterator[str]:
    """What the source says otherwise than before."""
    before = planning.before.memory
    for name in SAID:
        if getattr(said, name) != getattr(before, name) and (
            name != "private" or _are_private_news(planning)
        ):
            yield name


def _private(planning: VisitPlanning) -> str | None:
    """Fingerprint of what is said of people; of whom nobody knows, the last one stays."""
    if planning.whose.is_unsaid:
        return planning.memory.private
    return planning.context.fingerprints.of(list(private_words(planning.visit).values()))


def _are_private_news(planning: VisitPlanning) -> bool:
    """Where the fingerprint tells nothing, by what our own document says of the source."""
    if planning.whose.is_unsaid:
        return False
    words, case = private_words(planning.visit), planning.before.case
    private = planning.before.memory.private
    known = planning.context.fingerprints.is_of(private or "", list(words.values()))
    if known is None and case is not None:
        return any(is_news(case, name, word) for name, word in words.items())
    return not known
