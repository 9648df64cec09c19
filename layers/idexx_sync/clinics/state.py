"""What the freshness of a clinic follows from, however incomplete, read in one round trip.

A fleet is looked at once a minute and at each request for the metrics, so only that is read here;
all else that people ask of one clinic is in its `overview`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

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
from idexx_sync.database.loaders import read_as
from idexx_sync.pims.breaker import Attempt
from idexx_sync.pims.identity_store import Refused, refused_of


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
    """As ODIS stored it; read by `schedules.entries`. Clinics that have the same share one value,
    which nobody changes."""
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
_OWN: Final = {
    "id": "c.id",
    "read_at": "idexx_sync.clock()",
    "name": "c.name",
    "is_active": "c.is_active",
    "stage": "c.stage",
    "credential_version": "v.version",
    "changed_at": "greatest(c.set_up_at, v.created_at)",
    "attempts": "l.attempts",
    "histories": "h.histories",
    "alerts": "z.alerts",
    "pauses": "c.pauses",
    "identity_refused": "c.identity_refused",
    "identity_refused_since": "c.identity_refused_since",
    "identity_refused_at": "c.identity_refused_at",
}
"""What is selected of STATE_SOURCES and of which hardly two clinics have the same: the parameters
of `_state` in their order."""
_WRITTEN: Final = {
    "room_ids": "text[]",
    "business_hours": "jsonb",
    "daily_hours": "jsonb",
    "open_time": "time",
    "close_time": "time",
    "days_of_week": "integer[]",
    "blocked_periods": "json",
    "sync_schedules": "jsonb",
}
"""Settings that are selected as Postgres writes them -> their types: many clinics have the same,
and a text is made a value once for all of them."""
_SETTINGS: Final = (
    *("base_url", "timezone", "slot_minutes", "capacity", "horizon_days", "stale_minutes"),
    *_WRITTEN,
)
"""Columns of CLINIC_ROWS: when runs begin, and whether any can."""
_SELECTED: Final = {
    **_OWN,
    **{f"{name}_setting": f"c.{name}{'::text' * (name in _WRITTEN)}" for name in _SETTINGS},
}
STATE_COLUMNS: Final = ", ".join(f"{found} AS {name}" for name, found in _SELECTED.items())
"""What is selected of STATE_SOURCES, under names of which no column of CLINIC_ROWS has another."""
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
    SELECT {STATE_COLUMNS}
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
    rows = conn.execute(STATE_QUERY, state_parameters(clinic_ids)).fetchall()
    return [state_from_row(row) for row in rows]


def state_from_names(row: dict[str, Any]) -> ClinicState:
    """The state of a row that holds STATE_COLUMNS among others."""
    return _state(*(row[name] for name in _SELECTED))


def state_from_row(row: tuple[Any, ...]) -> ClinicState:
    """The state of a row of STATE_QUERY, whatever stands in it."""
    return _state(*row)


def _state(
    id_: UUID,
    read_at: datetime,
    name: str,
    is_active: bool,
    stage: Stage | None,
    credential_version: int | None,
    changed_at: Any,
    attempts: list[dict[str, Any]] | None,
    histories: list[list[Any]] | None,
    alerts: list[dict[str, Any]] | None,
    pauses: list[dict[str, Any]] | None,
    refused: Any,
    refused_since: Any,
    refused_at: Any,
    *settings: Any,
) -> ClinicState:
    stored, is_fit = _settings(*settings)
    return ClinicState(
        id=id_,
        read_at=read_at,
        name=name,
        is_active=is_active,
        timezone=stored["timezone"],
        stage=stage,
        stale_minutes=stored["stale_minutes"],
        horizon_days=stored["horizon_days"],
        sync_schedules=stored["sync_schedules"],
        credential_version=credential_version,
        changed_at=or_else(changed_at),
        attempts=tuple(map(_attempt, attempts or ())),
        histories=tuple(map(_history, histories or ())),
        refused=refused_of(refused, refused_since, refused_at),
        fault=None if is_fit else _fault_of(id_, stored),
        alerts=tuple(map(_alert, alerts or ())),
        pauses=pauses_from_json(pauses),
    )


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
        sync,
        succeeded_at,
        kind,
        message,
        succeeded_at if ended == success else _moment(ended),  # one job, nearly always
        unfresh,
        read_nothing or False,
        _moment(read_on),
        iso_day(read_until),
    )


def iso_day(text: Any) -> date | None:
    """An ISO date; None for anything else."""
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


@lru_cache(maxsize=4096)  # many clinics have the same, and each has them the next time
def _settings(*selected: Any) -> tuple[dict[str, Any], bool]:
    """The values of _SETTINGS by name, for whoever has them and not to be changed; and whether a
    run can begin with them."""
    stored = {
        name: read_as(_WRITTEN[name], value) if name in _WRITTEN else value
        for name, value in zip(_SETTINGS, selected, strict=True)
    }
    return stored, _fault_of(_NOBODY, stored) is None


def _fault_of(clinic_id: UUID, stored: dict[str, Any]) -> ConfigurationInvalid | None:
    try:
        settings, _ = require_settings(clinic_id, stored)
        room_ids_of(clinic_id, stored["room_ids"])
        require_zone(stored["timezone"])
        require_slots(settings)
    except ConfigurationInvalid as error:
        return error
    return None
