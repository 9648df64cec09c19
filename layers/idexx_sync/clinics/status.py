"""The status of a clinic: how fresh each sync is, when it is next due, what is needed from whom.

Pure but for `read_clinic_status`; the command line and the HTTP API both say this.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from idexx_sync.clinics.freshness import ClinicFreshness, clinic_freshness
from idexx_sync.clinics.needs import (
    Need,
    is_switched_on,
    lasting_needs,
    schedule_needs,
    settings_needs,
    shortfall_needs,
)
from idexx_sync.clinics.overview import ClinicOverview, clinic_overview
from idexx_sync.clinics.pauses import Pause
from idexx_sync.clinics.state import OpenAlert
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.vocabulary import Freshness, Stage
from idexx_sync.database.connection import Conn


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """The status of one sync of a clinic."""

    sync: SyncName
    freshness: Freshness
    last_success_at: datetime | None
    next_run_at: datetime | None
    """UTC; None: it is not scheduled, or nothing starts in this status."""
    is_expected: bool = True
    """Whether its freshness says anything of the clinic: it is scheduled, or each clinic has it."""


@dataclass(frozen=True, slots=True)
class ClinicStatus:
    """The status of a clinic as the API, the command line and the metrics show it."""

    clinic_id: UUID
    name: str
    timezone: str | None
    """IANA name as ODIS has it; None: Los Angeles is assumed."""
    is_active: bool
    """Whether it is active in ODIS."""
    stage: Stage | None
    """None: the clinic is not set up for this service."""
    pauses: tuple[Pause, ...]
    """Those that stand, that of all clinics first; none: it is not paused."""
    syncs: tuple[SyncStatus, ...]
    """The inbound sync, and each other one that is scheduled and built, or was ever ordered."""
    open_holds: int
    kept_out: int
    """Holds that a person has rejected, and that still keep something out."""
    needs: tuple[Need, ...]
    """Everything that is missing or waits, what blocks first."""
    alerts: tuple[OpenAlert, ...] = ()
    """What people are told of it, oldest first; a need that one of them is about names it."""

    @property
    def paused_reason(self) -> str | None:
        """Why it is paused; None: it is not."""
        return "; ".join(pause.reason for pause in self.pauses) or None

    @property
    def is_on_board(self) -> bool:
        """Whether this service is to sync it, be it paused or not."""
        return self.is_active and self.stage not in (None, "off")

    @property
    def needs_somebody(self) -> bool:
        """Whether the clinic or ODIS has to act, or nobody knows why its data grow old."""
        asked = any(need.who != "nobody" and not need.decided for need in self.needs)
        old = any(sync.freshness == "stale" for sync in self.syncs if sync.is_expected)
        return self.is_on_board and (asked or old)


def read_clinic_status(conn: Conn, clinic_id: UUID) -> ClinicStatus:
    """The status of the clinic, read in one round trip; NotFound if ODIS does not have it."""
    overview = clinic_overview(conn, clinic_id)
    return clinic_status(overview, overview.read_at)


def clinic_status(overview: ClinicOverview, now: datetime) -> ClinicStatus:
    """The status of the clinic of the overview."""
    found = clinic_freshness(overview, now)
    needs = [
        *found.needs,
        *settings_needs(overview),
        *schedule_needs(found.unread_schedules),
        *_sync_needs(overview, found),
        *lasting_needs(overview),
    ]
    starts = _starts(overview)
    return ClinicStatus(
        clinic_id=overview.id,
        name=overview.name,
        timezone=overview.timezone,
        is_active=overview.is_active,
        stage=overview.stage,
        pauses=overview.pauses,
        syncs=tuple(
            SyncStatus(
                sync=one.sync,
                freshness=one.freshness,
                last_success_at=one.last_success_at,
                next_run_at=found.table.next_run(one.sync, now) if starts else None,
                is_expected=one.is_expected,
            )
            for one in found.syncs
        ),
        open_holds=len(overview.open_holds),
        kept_out=len(overview.kept_out),
        needs=tuple(sorted(needs, key=lambda need: not need.blocks)),
        alerts=overview.alerts,
    )


def _sync_needs(overview: ClinicOverview, found: ClinicFreshness) -> Iterator[Need]:
    """What the last run of each sync needs."""
    for one in found.syncs:
        yield from one.failed
        if one.history is not None:
            yield from shortfall_needs(
                one.history,
                is_old=one.is_expected and one.freshness in ("new", "late", "stale"),
                short_of=one.short_of,
                is_paused=bool(overview.pauses),
            )


def _starts(overview: ClinicOverview) -> bool:
    """Whether the clinic's schedules start anything, at times that are known."""
    zone_is_known = overview.fault is None or overview.fault.code != "timezone"
    return is_switched_on(overview) and not overview.pauses and zone_is_known
