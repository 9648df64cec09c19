"""What the freshness of a clinic follows from, however incomplete, read in one round trip.

A fleet is looked at once a minute and at each request for the metrics, so only that is read here;
all else that people ask of one clinic is in its `overview`.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg.rows import dict_row

from idexx_sync.clinics.hours import require_slots
from idexx_sync.clinics.pauses import Pause, pauses_from_json
from idexx_sync.clinics.store import (
    CLINIC_ROWS,
    SUCCEEDED,
    TELLS,
    require_settings,
    require_zone,
    room_ids_of,
)
from idexx_sync.core.catalog import SYNCS, SyncName
from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.faults import or_else
from idexx_sync.core.vocabulary import Stage
from idexx_sync.database.connection import Conn
from idexx_sync.pims.breaker import Attempt
from idexx_sync.pims.identity_store import Refused, refused_from_row


class SyncHistory(NamedTuple):
    """How a sync that has jobs has been going; a fleet has so many that a tuple's speed counts."""

    sync: SyncName
    last_success_at: datetime | None
    """None: never, or so long ago that the job is gone. Only runs that apply count."""
    error_kind: str | None
    """Of the newest job that came to an end or failed; skipped ones tell nothing, nor do previews
    and what failed on the command line."""
    error_message: str | None
    ended_at: datetime | None
    """Of that job; None: it waits for its retry."""
    unfresh: str | None = None
    """Why that job, although it ended well, is no success."""
    read_nothing: bool = False
    """That job was complete, and the answer showed nothing at all."""
    read_on: datetime | None = None
    """When the last success began."""
    read_until: date | None = None
    """The last day that it read; None: it does not say."""


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert of the clinic that is open."""

    id: UUID
    kind: str
    since: datetime
    acknowledged_by: str | None = None
    """Who has seen it first; None: nobody has."""
    muted_until: datetime | None = None
    """None: it is not muted."""
    incident_id: UUID | None = None
    """The alert that stands for it, because many clinics have it alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicState:
    """A clinic with what its syncs' freshness follows from; None where nothing is set."""

    id: UUID
    read_at: datetime
    """Business time, at which all this was so."""
    name: str
    is_active: bool
    timezone: str | None
    stage: Stage | None
    """None: the clinic is not set up for this service."""
    stale_minutes: int | None
    """None: ODIS has no schedule settings of the clinic."""
    horizon_days: int | None = None
    """None: ODIS has no schedule settings of the clinic."""
    sync_schedules: Any
    """As ODIS stored it; read by `schedules.entries`."""
    credential_version: int | None
    changed_at: datetime | None
    """When settings or credentials were changed last."""
    attempts: tuple[Attempt, ...]
    """The last two logins with the newest credentials, newest first; none where the newest of
    them got in."""
    histories: tuple[SyncHistory, ...]
    """One for each sync that has jobs."""
    refused: Refused | None = None
    """What was seen in Neo instead of the clinic's own company."""
    fault: ConfigurationInvalid | None
    """Why no run can begin with the clinic's settings."""
    alerts: tuple[OpenAlert, ...] = ()
    """Oldest first."""
    pauses: tuple[Pause, ...] = ()
    """Those that stand, that of all clinics first; none: it is not paused."""

    def history(self, sync: SyncName) -> SyncHistory | None:
        for found in self.histories:
            if found.sync == sync:
                return found
        return None

    def alert_on(self, kind: str) -> UUID | None:
        """The open alert of this kind."""
        return next((alert.id for alert in self.alerts if alert.kind == kind), None)


_NOBODY: Final = UUID(int=0)
_SLOT_COLUMNS: Final = (
    *("base_url", "timezone", "room_ids", "business_hours", "daily_hours", "open_time"),
    *("close_time", "days_of_week", "slot_minutes", "capacity", "horizon_days"),
    *("stale_minutes", "blocked_periods"),
)
"""Columns of CLINIC_ROWS that decide whether a run can begin."""
_slot_values: Final = itemgetter(*_SLOT_COLUMNS)
_COLUMNS: Final = (
    *("id", "name", "is_active", "stage", "sync_schedules", "pauses"),
    *("identity_refused", "identity_refused_since", "identity_refused_at"),
    *_SLOT_COLUMNS,
)
FOUND_BESIDE: Final = """idexx_sync.clock() AS read_at, v.version AS credential_version,
           greatest(c.set_up_at, v.created_at) AS changed_at, l.attempts, h.histories, z.alerts"""
"""What is selected of STATE_SOURCES beside columns of the clinic c."""
STATE_SOURCES: Final = f"""
      FROM ({CLINIC_ROWS}) c
      LEFT JOIN LATERAL (
          SELECT version, created_at FROM idexx_sync.credentials
           WHERE clinic_id = c.id ORDER BY version DESC LIMIT 1) v ON true
     CROSS JOIN LATERAL (
          SELECT CASE WHEN (array_agg(a.outcome ORDER BY a.id DESC))[1] IS DISTINCT FROM 'ok'
                      THEN json_agg(a ORDER BY a.id DESC) END AS attempts
            FROM (SELECT id, attempted_at, outcome FROM idexx_sync.logins
                   WHERE clinic_id = c.id AND credential_version = v.version
                     AND submitted IS NOT FALSE
                   ORDER BY id DESC LIMIT 2) a) l
     CROSS JOIN LATERAL (
          SELECT json_agg(json_build_array(
                     n.sync, s.finished_at, t.error_kind, t.error_message, t.finished_at,
                     t.unfresh, t.read_nothing, s.started_at, s.read_until)) AS histories
            FROM unnest(%(syncs)s::text[]) AS n (sync)
            LEFT JOIN LATERAL (
                SELECT j.finished_at, j.started_at, j.result #>> '{{window,1}}' AS read_until
                  FROM idexx_sync.jobs j
                 WHERE j.clinic_id = c.id AND j.sync = n.sync AND {SUCCEEDED}
                 ORDER BY j.finished_at DESC LIMIT 1) s ON true
            LEFT JOIN LATERAL (
                SELECT j.error_kind, j.error_message, j.finished_at,
                       CASE WHEN j.status IN ('succeeded', 'succeeded_with_warnings')
                            THEN j.result ->> 'unfresh' END AS unfresh,
                       j.status IN ('succeeded', 'succeeded_with_warnings')
                       AND j.result ->> 'fresh' = 'true'
                       AND j.result #>> '{{counts,read}}' = '0' AS read_nothing
                  FROM idexx_sync.jobs j
                 WHERE j.clinic_id = c.id AND j.sync = n.sync AND {TELLS}
                   AND (j.error_kind IS NOT NULL
                        OR j.status IN ('succeeded', 'succeeded_with_warnings', 'held'))
                 ORDER BY j.finished_at DESC NULLS FIRST  -- one that waits for its retry first
                 LIMIT 1) t ON true
           WHERE EXISTS (SELECT FROM idexx_sync.jobs j
                          WHERE j.clinic_id = c.id AND j.sync = n.sync AND {TELLS})) h
     CROSS JOIN LATERAL (
          SELECT json_agg(json_build_object(
                     'id', id, 'kind', kind, 'since', opened_at,
                     'acknowledged_by', acknowledged_by, 'incident_id', incident_id,
                     'muted_until', CASE WHEN muted_until > idexx_sync.clock()
                                         THEN muted_until END)
                     ORDER BY opened_at, id) AS alerts
            FROM idexx_sync.alerts WHERE clinic_id = c.id AND closed_at IS NULL) z
"""
"""Clinics with logins, jobs and alerts; parameter: syncs."""
OF_CLINICS: Final = "WHERE %(clinic_ids)s::uuid[] IS NULL OR c.id = ANY(%(clinic_ids)s)"
STATE_QUERY: Final = f"""
    SELECT {", ".join(f"c.{column}" for column in _COLUMNS)}, {FOUND_BESIDE}
    {STATE_SOURCES} {OF_CLINICS}
"""
"""The states of some clinics, or of all where clinic_ids is null; other parameter: syncs."""


def state_parameters(clinic_ids: Collection[UUID] | None) -> dict[str, Any]:
    ids = None if clinic_ids is None else list(clinic_ids)
    return {"clinic_ids": ids, "syncs": list(SYNCS)}


def states_of(conn: Conn, clinic_ids: Collection[UUID]) -> list[ClinicState]:
    """The states of these clinics, in one round trip; those that ODIS lacks are left out."""
    if not clinic_ids:
        return []
    with conn.cursor(row_factory=dict_row) as cur:
        rows = cur.execute(STATE_QUERY, state_parameters(clinic_ids)).fetchall()
    return [state_from_row(row) for row in rows]


def state_from_row(row: dict[str, Any]) -> ClinicState:
    """The state of a row of STATE_QUERY, whatever stands in it."""
    return ClinicState(**state_values(row))


def state_values(row: dict[str, Any]) -> dict[str, Any]:
    """The fields of the clinic's state."""
    return {
        "id": row["id"],
        "read_at": row["read_at"],
        "name": row["name"],
        "is_active": row["is_active"],
        "timezone": row["timezone"],
        "stage": row["stage"],
        "stale_minutes": row["stale_minutes"],
        "horizon_days": row["horizon_days"],
        "sync_schedules": row["sync_schedules"],
        "credential_version": row["credential_version"],
        "changed_at": or_else(row["changed_at"]),
        "attempts": tuple(map(_attempt, row["attempts"] or ())),
        "histories": tuple(map(_history, row["histories"] or ())),
        "refused": refused_from_row(row),
        "fault": _fault(row),
        "alerts": tuple(map(_alert, row["alerts"] or ())),
        "pauses": pauses_from_json(row["pauses"]),
    }


def _attempt(stored: dict[str, Any]) -> Attempt:
    return Attempt(datetime.fromisoformat(stored["attempted_at"]), stored["outcome"])


def _alert(stored: dict[str, Any]) -> OpenAlert:
    incident_id = stored["incident_id"]
    return OpenAlert(
        id=UUID(stored["id"]),
        kind=stored["kind"],
        since=datetime.fromisoformat(stored["since"]),
        acknowledged_by=stored["acknowledged_by"],
        muted_until=_moment(stored["muted_until"]),
        incident_id=None if incident_id is None else UUID(incident_id),
    )


def _history(stored: list[Any]) -> SyncHistory:
    """The values in the order of the fields: names would be most of what a fleet's rows hold."""
    sync, success, kind, message, ended, unfresh, read_nothing, read_on, read_until = stored
    succeeded_at = _moment(success)
    return SyncHistory(
        sync=sync,
        last_success_at=succeeded_at,
        error_kind=kind,
        error_message=message,
        ended_at=succeeded_at if ended == success else _moment(ended),  # one job, nearly always
        unfresh=unfresh,
        read_nothing=read_nothing or False,
        read_on=_moment(read_on),
        read_until=iso_day(read_until),
    )


def iso_day(text: Any) -> date | None:
    """An ISO date; None for anything else."""
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _fault(row: dict[str, Any]) -> ConfigurationInvalid | None:
    values = _slot_values(row)
    return None if _is_fit(_Stored(repr(values), values)) else _fault_of(row["id"], row)


@dataclass(frozen=True, slots=True)
class _Stored:
    """Values of _SLOT_COLUMNS, equal to all that are written like them: 1 is not true here."""

    text: str
    values: tuple[Any, ...] = field(compare=False)


@lru_cache(maxsize=4096)  # many clinics have the same, and each has them the next time
def _is_fit(stored: _Stored) -> bool:
    return _fault_of(_NOBODY, dict(zip(_SLOT_COLUMNS, stored.values, strict=True))) is None


def _fault_of(clinic_id: UUID, stored: dict[str, Any]) -> ConfigurationInvalid | None:
    try:
        settings, _ = require_settings(clinic_id, stored)
        room_ids_of(clinic_id, stored["room_ids"])
        require_zone(stored["timezone"])
        require_slots(settings)
    except ConfigurationInvalid as error:
        return error
    return None
