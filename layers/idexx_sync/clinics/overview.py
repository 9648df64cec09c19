"""What the database says of a clinic, however incomplete, read in one round trip."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import dict_row

from idexx_sync.clinics.hours import require_slots
from idexx_sync.clinics.pauses import Pause, pauses_from_json
from idexx_sync.clinics.store import CLINIC_ROWS, SUCCEEDED, TELLS, clinic_from_row, texts_of
from idexx_sync.core.catalog import SYNCS, SyncName
from idexx_sync.core.errors import ConfigurationInvalid, NotFound
from idexx_sync.core.faults import Fault, or_else
from idexx_sync.core.vocabulary import Stage
from idexx_sync.database.connection import Conn
from idexx_sync.pims.breaker import Attempt
from idexx_sync.pims.identity_store import Known, known_from_row


@dataclass(frozen=True, slots=True)
class SyncHistory:
    """How a sync that has jobs has been going."""

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
class OpenHold:
    id: UUID
    cause: str
    opened_at: datetime


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


@dataclass(frozen=True, slots=True)
class KeptOut:
    """What a person has decided, and still counts: a hold that was rejected, or what was revived
    and the calendar does not show."""

    id: UUID
    cause: str
    by: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """A job that told something which nobody has taken care of since, as far as can be known."""

    job_id: UUID
    sync: SyncName
    at: datetime
    days_lost: tuple[date, date] | None
    """First and last of the days that no run has read, and none since."""
    patients_changed: int
    """Visits that were given to another patient, within the last 7 days."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Records that are in doubt for one reason: of the calendar, which take time for it, or
    clinical ones."""

    code: str
    number: int
    since: datetime
    """When the first of them was."""
    ids: tuple[str, ...]
    """A few of them."""


@dataclass(frozen=True, slots=True)
class Denied:
    """Cases that a person has to look at: nobody is called about them before."""

    number: int
    since: datetime
    """When words met the first of them."""
    visits: tuple[str, ...]
    """A few of them, by the visit's id."""


@dataclass(frozen=True, slots=True)
class ClinicOverview:
    """A clinic with its settings, logins, jobs and holds; None where nothing is set."""

    id: UUID
    read_at: datetime
    """Business time, at which all this was so."""
    name: str
    is_active: bool
    timezone: str | None
    base_url: str | None
    """None: the clinic is not set up for this service."""
    transport: Literal["http", "browser"] | None
    room_ids: list[str] | None
    stage: Stage | None
    acting_user_id: UUID | None
    """Whose cases ours are."""
    live_from: date | None
    """The clinic's first day: nobody is called about visits before it."""
    stale_minutes: int | None
    """None: ODIS has no schedule settings of the clinic."""
    sync_schedules: Any
    """As ODIS stored it; read by `schedules.entries`."""
    credential_version: int | None
    credentials_set_at: datetime | None
    changed_at: datetime | None
    """When settings or credentials were changed last."""
    attempts: tuple[Attempt, ...]
    """The last two logins with the newest credentials, newest first."""
    histories: tuple[SyncHistory, ...]
    """One for each sync that has jobs."""
    open_holds: tuple[OpenHold, ...]
    doubts: tuple[Doubt, ...]
    company: Known
    """What its company in Neo is known by, and what was seen instead."""
    fault: ConfigurationInvalid | None
    """Why no run can begin with the clinic's settings."""
    faults: tuple[Fault, ...] = ()
    """What of its rows cannot be read, although runs can do without it."""
    unread: tuple[Doubt, ...] = ()
    """Visits whose clinical record gives nothing, again and again, for one reason."""
    denied_deaths: Denied | None = None
    """Cases that say otherwise than words that are certain of their patient's death."""
    kept_out: tuple[KeptOut, ...] = ()
    revived: tuple[KeptOut, ...] = ()
    partly: Denied | None = None
    """Cases that are not completed, because some words of their visit could not be read."""
    told: tuple[Told, ...] = ()
    horizon_days: int | None = None
    """None: ODIS has no schedule settings of the clinic."""
    alerts: tuple[OpenAlert, ...] = ()
    """Oldest first."""
    pauses: tuple[Pause, ...] = ()
    """Those that stand, that of all clinics first; none: it is not paused."""

    def history(self, sync: SyncName) -> SyncHistory | None:
        return next((found for found in self.histories if found.sync == sync), None)

    def alert_on(self, kind: str) -> UUID | None:
        """The open alert of this kind."""
        return next((alert.id for alert in self.alerts if alert.kind == kind), None)


_STILL_UNREAD = """quarantine_code = ANY (ARRAY['read_failed', 'wrong_patient', 'vanished'])
                         AND strikes >= 2 AND read_at > idexx_sync.clock() - interval '2 days'"""
"""Whether a clinical record has given nothing again and again, and is asked for still: as long as
its visit is among the days that runs read, that is done daily."""

OVERVIEW_QUERY = f"""
    SELECT c.*, idexx_sync.clock() AS read_at, v.version AS credential_version,
           v.created_at AS credentials_set_at, greatest(c.set_up_at, v.created_at) AS changed_at,
           l.attempts, h.histories, o.open_holds, o.kept_out, o.revived, d.doubts, d.unread,
           w.denied_deaths, p.partly, y.told, z.alerts
      FROM ({CLINIC_ROWS}) c
      LEFT JOIN LATERAL (
          SELECT version, created_at FROM idexx_sync.credentials
           WHERE clinic_id = c.id ORDER BY version DESC LIMIT 1) v ON true
     CROSS JOIN LATERAL (
          SELECT json_agg(a ORDER BY a.id DESC) AS attempts
            FROM (SELECT id, attempted_at, outcome FROM idexx_sync.logins
                   WHERE clinic_id = c.id AND credential_version = v.version
                     AND submitted IS NOT FALSE
                   ORDER BY id DESC LIMIT 2) a) l
     CROSS JOIN LATERAL (
          SELECT json_agg(json_build_object(
                     'sync', n.sync, 'last_success_at', s.finished_at,
                     'read_on', s.started_at, 'read_until', s.read_until,
                     'read_nothing', t.read_nothing,
                     'error_kind', t.error_kind, 'error_message', t.error_message,
                     'ended_at', t.finished_at, 'unfresh', t.unfresh)) AS histories
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
          SELECT json_agg(json_build_object('id', id, 'cause', cause, 'opened_at', opened_at)
                          ORDER BY opened_at, id) FILTER (WHERE status = 'open') AS open_holds,
                 json_agg(json_build_object('id', id, 'cause', cause, 'by', decided_by,
                                            'at', coalesce(decided_at, opened_at))
                          ORDER BY decided_at, id)
                     FILTER (WHERE status = 'rejected' AND cause <> 'revived') AS kept_out,
                 json_agg(json_build_object('id', id, 'cause', cause, 'by', decided_by,
                                            'at', coalesce(decided_at, opened_at)))
                     FILTER (WHERE status = 'rejected' AND cause = 'revived') AS revived
            FROM idexx_sync.holds
           WHERE clinic_id = c.id AND status IN ('open', 'rejected')) o
     CROSS JOIN LATERAL (
          SELECT json_agg(json_build_object(
                     'id', id, 'kind', kind, 'since', opened_at,
                     'acknowledged_by', acknowledged_by, 'incident_id', incident_id,
                     'muted_until', CASE WHEN muted_until > idexx_sync.clock()
                                         THEN muted_until END)
                     ORDER BY opened_at, id) AS alerts
            FROM idexx_sync.alerts WHERE clinic_id = c.id AND closed_at IS NULL) z
     CROSS JOIN LATERAL (
          SELECT json_agg(r ORDER BY r.code) FILTER (WHERE r.kind = 'appointment') AS doubts,
                 json_agg(r ORDER BY r.code) FILTER (WHERE r.kind = 'consultation') AS unread
            FROM (SELECT kind, quarantine_code AS code, count(*) AS number,
                         min(doubtful_since) AS since,
                         (array_agg(external_id ORDER BY external_id))[1:3] AS ids
                    FROM idexx_sync.records
                   WHERE clinic_id = c.id
                     AND doubtful_since IS NOT NULL AND quarantine_code IS NOT NULL
                     AND (kind = 'appointment' OR kind = 'consultation' AND {_STILL_UNREAD})
                   GROUP BY kind, quarantine_code) r) d
      LEFT JOIN LATERAL (
          SELECT json_build_object('number', count(DISTINCT q.id), 'since', min(t.denied_at),
                                   'visits', (array_agg(DISTINCT k.visit))[1:3]) AS denied_deaths
            FROM idexx_sync.deaths t
            JOIN public.cases q ON q.clinic_id = t.clinic_id
             AND q.status IN ('draft', 'ongoing')
             AND idexx_sync.is_extreme(q.extreme_case_check) IS FALSE
            JOIN LATERAL (
                SELECT substring(n.external_id FROM '[^-]*$') AS visit
                  FROM idexx_sync.case_keys n
                 WHERE n.clinic_id = q.clinic_id AND n.case_id = q.id LIMIT 1) k ON true
           WHERE t.clinic_id = c.id AND t.denied_at IS NOT NULL
             AND t.denied_at > idexx_sync.clock() - interval '30 days'
             AND (k.visit = t.visit_id
                  OR q.metadata #>> '{{pimsAppointment,patient,id}}' = t.patient_id)
          HAVING count(*) > 0) w ON true
      LEFT JOIN LATERAL (
          SELECT json_build_object('number', count(DISTINCT r.external_id),
                                   'since', min(r.read_at),
                                   'visits', (array_agg(DISTINCT r.external_id))[1:3]) AS partly
            FROM idexx_sync.records r
            JOIN idexx_sync.case_keys n
              ON n.clinic_id = r.clinic_id
             AND n.external_id = 'pims-appt-idexx-neo-' || r.external_id
            JOIN public.cases q ON q.id = n.case_id AND q.status IN ('draft', 'ongoing')
           WHERE r.clinic_id = c.id AND r.source ->> 'partly' = 'true'
             AND r.kind IN ('visit', 'consultation')
             AND r.read_at > idexx_sync.clock() - interval '8 days'
          HAVING count(*) > 0) p ON true
     CROSS JOIN LATERAL (
          SELECT json_agg(json_build_object(
                     'job_id', j.id, 'sync', j.sync, 'at', j.finished_at,
                     'days_lost', CASE WHEN NOT EXISTS (
                         SELECT FROM idexx_sync.jobs r
                          WHERE r.clinic_id = j.clinic_id AND r.sync = j.sync
                            AND r.finished_at > j.finished_at
                            AND r.status IN ('succeeded', 'succeeded_with_warnings')
                            AND coalesce(r.result ->> 'unfresh', 'other_days') = 'other_days'
                            AND r.result #>> '{{window,0}}' <= j.result #>> '{{days_lost,0}}'
                            AND r.result #>> '{{window,1}}' >= j.result #>> '{{days_lost,1}}')
                         THEN j.result -> 'days_lost' END,
                     'patients_changed', CASE
                         WHEN j.finished_at > idexx_sync.clock() - interval '7 days'
                         THEN j.result #> '{{warnings,patients_changed}}' END)
                     ORDER BY j.finished_at DESC) AS told
            FROM idexx_sync.jobs j
           WHERE j.clinic_id = c.id AND j.manner = 'apply'
             AND (j.result -> 'days_lost' IS NOT NULL
                  OR j.result #> '{{warnings,patients_changed}}' IS NOT NULL)
             AND j.finished_at > idexx_sync.clock() - interval '30 days') y
     WHERE %(clinic_ids)s::uuid[] IS NULL OR c.id = ANY(%(clinic_ids)s)
"""
"""The overviews of some clinics, or of all where clinic_ids is null; other parameter: syncs."""


def overview_parameters(clinic_ids: Collection[UUID] | None) -> dict[str, Any]:
    ids = None if clinic_ids is None else list(clinic_ids)
    return {"clinic_ids": ids, "syncs": list(SYNCS)}


def clinic_overview(conn: Conn, clinic_id: UUID) -> ClinicOverview:
    """The overview of one clinic; NotFound if ODIS does not have it."""
    with conn.cursor(row_factory=dict_row) as cur:
        row = cur.execute(OVERVIEW_QUERY, overview_parameters([clinic_id])).fetchone()
    if row is None:
        raise NotFound("clinic", clinic_id)
    return overview_from_row(row)


def overviews_of(conn: Conn, clinic_ids: Collection[UUID]) -> dict[UUID, ClinicOverview]:
    """The overviews of these clinics, in one round trip; those that ODIS lacks are left out."""
    if not clinic_ids:
        return {}
    with conn.cursor(row_factory=dict_row) as cur:
        rows = cur.execute(OVERVIEW_QUERY, overview_parameters(clinic_ids)).fetchall()
    return {row["id"]: overview_from_row(row) for row in rows}


def overview_from_row(row: dict[str, Any]) -> ClinicOverview:
    """The overview of a row of OVERVIEW_QUERY, whatever stands in it."""
    fault, faults = _faults(row)
    return ClinicOverview(
        id=row["id"],
        read_at=row["read_at"],
        name=row["name"],
        is_active=row["is_active"],
        timezone=row["timezone"],
        base_url=row["base_url"],
        transport=row["transport"],
        room_ids=None if row["room_ids"] is None else list(texts_of(row["room_ids"])),
        stage=row["stage"],
        acting_user_id=row["acting_user_id"],
        live_from=or_else(row["live_from"]),
        stale_minutes=row["stale_minutes"],
        sync_schedules=row["sync_schedules"],
        credential_version=row["credential_version"],
        credentials_set_at=or_else(row["credentials_set_at"]),
        changed_at=or_else(row["changed_at"]),
        attempts=tuple(
            Attempt(datetime.fromisoformat(attempt["attempted_at"]), attempt["outcome"])
            for attempt in row["attempts"] or ()
        ),
        histories=tuple(_history(history) for history in row["histories"] or ()),
        open_holds=tuple(
            OpenHold(UUID(hold["id"]), hold["cause"], datetime.fromisoformat(hold["opened_at"]))
            for hold in row["open_holds"] or ()
        ),
        doubts=_doubts(row["doubts"]),
        unread=_doubts(row["unread"]),
        company=known_from_row(row),
        fault=fault,
        faults=faults,
        denied_deaths=_denied(row["denied_deaths"]),
        kept_out=_decided(row["kept_out"]),
        revived=_decided(row["revived"]),
        partly=_denied(row["partly"]),
        told=tuple(_told(told) for told in row["told"] or ()),
        horizon_days=row["horizon_days"],
        pauses=pauses_from_json(row["pauses"]),
        alerts=tuple(_alert(alert) for alert in row["alerts"] or ()),
    )


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


def _decided(stored: list[dict[str, Any]] | None) -> tuple[KeptOut, ...]:
    return tuple(
        KeptOut(UUID(hold["id"]), hold["cause"], hold["by"], datetime.fromisoformat(hold["at"]))
        for hold in stored or ()
    )


def _doubts(stored: list[dict[str, Any]] | None) -> tuple[Doubt, ...]:
    return tuple(
        Doubt(
            code=doubt["code"],
            number=doubt["number"],
            since=datetime.fromisoformat(doubt["since"]),
            ids=tuple(doubt["ids"]),
        )
        for doubt in stored or ()
    )


def _history(stored: dict[str, Any]) -> SyncHistory:
    return SyncHistory(
        sync=stored["sync"],
        last_success_at=_moment(stored["last_success_at"]),
        error_kind=stored["error_kind"],
        error_message=stored["error_message"],
        ended_at=_moment(stored["ended_at"]),
        unfresh=stored["unfresh"],
        read_nothing=stored["read_nothing"] or False,
        read_on=_moment(stored["read_on"]),
        read_until=_day(stored["read_until"]),
    )


def _told(stored: dict[str, Any]) -> Told:
    lost, changed = stored["days_lost"], stored["patients_changed"]
    first, last = map(_day, lost) if isinstance(lost, list) and len(lost) == 2 else (None, None)
    return Told(
        job_id=UUID(stored["job_id"]),
        sync=stored["sync"],
        at=datetime.fromisoformat(stored["at"]),
        days_lost=None if first is None or last is None else (first, last),
        patients_changed=changed if type(changed) is int else 0,
    )


def _day(text: Any) -> date | None:
    """An ISO date; None for anything else."""
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def _denied(stored: dict[str, Any] | None) -> Denied | None:
    if stored is None:
        return None
    since = datetime.fromisoformat(stored["since"])
    return Denied(stored["number"], since, tuple(stored["visits"]))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _faults(row: dict[str, Any]) -> tuple[ConfigurationInvalid | None, tuple[Fault, ...]]:
    faults: tuple[Fault, ...] = ()
    try:
        clinic = clinic_from_row(row["id"], row)
        faults = clinic.faults
        _ = clinic.zone
        require_slots(clinic)
    except ConfigurationInvalid as error:
        return error, faults
    return None, faults
