"""Which rule makes ODIS show what it shows of an appointment, in words for a person. Pure.

The rules are those of docs/rules.md. Nothing here decides anything: the plans do, in a preview, and
this says it, beside what rows, memory, holds and audits say by themselves.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from idexx_sync.core.catalog import CATALOG, SYNCS, LoggedKind, SyncName
from idexx_sync.explain.calendar_reasons import (
    calendar_reasons,
    day_of_run,
    holds_said,
    is_visit,
    service,
)
from idexx_sync.explain.case_reasons import case_reasons
from idexx_sync.explain.kept import unkept
from idexx_sync.explain.model import NeoSays, StoredAppointment
from idexx_sync.explain.preview import Clinical, Preview, preview
from idexx_sync.explain.runs import Runs
from idexx_sync.explain.texts import Reason
from idexx_sync.syncs.change import Change

__all__ = ["Explained", "day_of_run", "explained", "steps_of"]


@dataclass(frozen=True, slots=True)
class Explained:
    """All that there is to say of one appointment."""

    id: str
    neo: NeoSays
    stored: StoredAppointment
    runs: Runs
    why: Sequence[Reason]
    """The calendar's part first."""
    changes: Sequence[Change]
    """What the next runs would write."""

    @property
    def next_steps(self) -> list[str]:
        """What comes next, each step once."""
        return steps_of(self.why)


def explained(
    appointment_id: str, neo: NeoSays, stored: StoredAppointment, clinic: Clinical, runs: Runs
) -> Explained:
    """Plan the appointment as the next runs would, and put what they decide into words."""
    seen = preview(neo, stored, clinic)
    why = _reasons(neo, stored, clinic, runs, seen)
    foreign = [hold for sync in SYNCS if (hold := runs.foreign(sync)) is not None]
    changes = unkept(seen.changes, [*stored.holds, *foreign])
    return Explained(appointment_id, neo, stored, runs, why, changes)


def _reasons(
    neo: NeoSays, stored: StoredAppointment, clinic: Clinical, runs: Runs, seen: Preview
) -> list[Reason]:
    case = is_visit(neo, stored)
    kinds: tuple[LoggedKind, ...] = ("appointment", "case") if case else ("appointment",)
    syncs = tuple(name for name in SYNCS if CATALOG[name].logs in kinds and _takes_over(name))
    found = [*service(clinic, runs, syncs), *calendar_reasons(neo, stored, clinic, runs, seen)]
    found += holds_said(stored.holds, runs)
    if case:
        found += case_reasons(stored, clinic, runs, seen, day_of_run(neo, stored))
    return list(dict.fromkeys(found))


def _takes_over(sync: SyncName) -> bool:
    """Whether its runs are to make what is stored equal to what is shown now; a reconciliation
    puts right what they have missed, and what keeps it from that is told by the clinic's status."""
    return CATALOG[sync].params == "window"


def steps_of(found: Iterable[Reason]) -> list[str]:
    """What comes next after all of the reasons, each step once."""
    return list(dict.fromkeys(reason.step for reason in found if reason.step is not None))
