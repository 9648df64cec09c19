"""How fresh each sync of a clinic is, computed when it is asked for (rule R13). Pure.

A fleet is judged at each look at the metrics: what only people ask of one clinic, such as when its
next run is, and what of it is told or decided, is left to `status`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from idexx_sync.clinics.needs import WRITES, Need, failure_needs, general_needs
from idexx_sync.clinics.state import ClinicState, SyncHistory
from idexx_sync.core.catalog import CATALOG, SyncName
from idexx_sync.core.clinic_time import local_day, zone_of
from idexx_sync.core.vocabulary import Freshness
from idexx_sync.schedules.entries import read_entries
from idexx_sync.schedules.next_run import Timetable, minute_of, timetable

STALE_MINUTES: Final = 60
"""ODIS's own default for a clinic without a threshold (ODIS schema, schedule config)."""


class SyncFreshness(NamedTuple):
    """How fresh one sync of a clinic is, and what that was found by; as many as histories."""

    sync: SyncName
    freshness: Freshness
    is_expected: bool
    """Whether its freshness says anything of the clinic: it is scheduled, or each clinic has it."""
    history: SyncHistory | None
    """None: it never had a job."""
    failed: tuple[Need, ...]
    """What its last failure needs."""
    short_of: date | None
    """The day to which its last success should have read by the clinic's horizon of now, where it
    has not; None: it has, or does not say."""

    @property
    def last_success_at(self) -> datetime | None:
        return None if self.history is None else self.history.last_success_at


@dataclass(frozen=True, slots=True)
class ClinicFreshness:
    """How fresh a clinic's syncs are, with what is needed for runs of any of them."""

    table: Timetable
    unread_schedules: tuple[str, ...]
    """What of its schedules cannot be read or carried out, by name."""
    needs: tuple[Need, ...]
    syncs: tuple[SyncFreshness, ...]
    """The inbound sync, and each other one that is scheduled and built, or was ever ordered."""


def clinic_freshness(state: ClinicState, now: datetime) -> ClinicFreshness:
    """The freshness of the clinic of that state."""
    entries = read_entries(state.sync_schedules)
    zone = zone_of(state.timezone)
    table = timetable(entries.readable, zone, state.id)
    scheduled = {entry.sync for entry in entries.readable if entry.enabled}
    needs = tuple(general_needs(state, now))
    asks = _asks_somebody(needs)
    syncs: list[SyncFreshness] = []
    for sync, row in CATALOG.items():
        history = state.history(sync)
        is_expected = row.for_every_clinic or sync in scheduled
        if is_expected or history is not None:
            failed = failure_needs(state, history, now)
            short_of = None if history is None else _short_of(state, history, zone)
            found = _freshness(
                state, sync, history, table, now, asks or _asks_somebody(failed), short_of
            )
            syncs.append(SyncFreshness(sync, found, is_expected, history, failed, short_of))
    return ClinicFreshness(table, (*entries.problems, *table.problems), needs, tuple(syncs))


def never_came(state: ClinicState, sync: SyncName, table: Timetable) -> bool:
    """Whether a sync without a success has had the time for one: two scheduled times since its
    clinic was set up, the last one some time ago; without a schedule the clinic's own threshold."""
    since = state.changed_at
    if since is None or state.stage not in WRITES:
        return False
    last = table.previous_run(sync, _missed_before(sync, state.read_at))
    if last is None:
        return state.read_at - since > _threshold(state)
    before = table.previous_run(sync, last - timedelta(seconds=1))
    return before is not None and before > since


def _asks_somebody(needs: Iterable[Need]) -> bool:
    return any(need.blocks and need.who != "nobody" for need in needs)


def _freshness(
    state: ClinicState,
    sync: SyncName,
    history: SyncHistory | None,
    table: Timetable,
    now: datetime,
    asks_somebody: bool,
    short_of: date | None,
) -> Freshness:
    """How far what is stored can be trusted to be current."""
    if state.pauses:
        return "paused"
    if asks_somebody:
        return "action_required"
    if history is None or history.last_success_at is None:
        return "new"
    found = _age(state, sync, history.last_success_at, table, now)
    return "late" if found == "on_time" and short_of is not None else found


def _age(
    state: ClinicState, sync: SyncName, success: datetime, table: Timetable, now: datetime
) -> Freshness:
    last = table.previous_run(sync, _missed_before(sync, now))
    if last is None:
        return "on_time" if now - success <= _threshold(state) else "stale"
    if success >= last:
        return "on_time"
    before = table.previous_run(sync, last - timedelta(seconds=1))
    return "late" if before is None or success >= before else "stale"


@lru_cache(maxsize=64)  # one moment for a whole fleet
def _missed_before(sync: SyncName, now: datetime) -> datetime:
    """A scheduled time up to this one counts as missed, although its tick may still wait."""
    return minute_of(now - CATALOG[sync].begins_within)


def _threshold(state: ClinicState) -> timedelta:
    return timedelta(minutes=state.stale_minutes or STALE_MINUTES)


def _short_of(state: ClinicState, history: SyncHistory, zone: ZoneInfo) -> date | None:
    if history.read_on is None or history.read_until is None:
        return None
    if state.horizon_days is None or state.fault is not None:
        return None
    window, today = CATALOG[history.sync].default_window, local_day(history.read_on, zone)
    if (history.read_until - today).days >= window.ahead(state.horizon_days):
        return None
    return window.last(today, state.horizon_days)
