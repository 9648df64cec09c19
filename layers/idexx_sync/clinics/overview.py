"""What the database says of a clinic, however incomplete, read in one round trip."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import dict_row

from idexx_sync.clinics.state import (
    OF_CLINICS,
    STATE_COLUMNS,
    STATE_SOURCES,
    ClinicState,
    iso_day,
    state_from_names,
    state_parameters,
)
from idexx_sync.clinics.store import clinic_from_row, texts_of
from idexx_sync.core.catalog import SyncName
from idexx_sync.core.errors import ConfigurationInvalid, NotFound
from idexx_sync.core.faults import Fault, or_else
from idexx_sync.database.connection import Conn
from idexx_sync.pims.identity import Identity, identity_from


@dataclass(frozen=True, slots=True)
class OpenHold:
    id: UUID
    cause: str
    opened_at: datetime


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicOverview(ClinicState):
    """A clinic's state with its settings and holds, and what is in doubt, told or decided of it."""

    base_url: str | None
    """None: the clinic is not set up for this service."""
    transport: Literal["http", "browser"] | None
    room_ids: list[str] | None
    acting_user_id: UUID | None
    """Whose cases ours are."""
    live_from: date | None
    """The clinic's first day: nobody is called about visits before it."""
    credentials_set_at: datetime | None
    open_holds: tuple[OpenHold, ...]
    doubts: tuple[Doubt, ...]
    identity: Identity | None
    """By which its company in Neo is recognised; None: nothing is known yet."""
    identity_version: int = 0
    """0: none is known yet."""
    identity_learned_at: datetime | None = None
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


_STILL_UNREAD = """quarantine_code = ANY (ARRAY['read_failed', 'wrong_patient', 'vanished'])
                         AND strikes >= 2 AND read_at > idexx_sync.clock() - interval '2 days'"""
"""Whether a clinical record has given nothing again and again, and is asked for still: as long as
its visit is among the days that runs read, that is done daily."""

OVERVIEW_QUERY = f"""
    SELECT c.*, v.created_at AS credentials_set_at, o.open_holds, o.kept_out, o.revived, d.doubts,
           d.unread, w.denied_deaths, p.partly, y.told, {STATE_COLUMNS}
    {STATE_SOURCES}
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
    {OF_CLINICS}
"""
"""The overviews of some clinics, or of all where clinic_ids is null; other parameter: syncs."""


def clinic_overview(conn: Conn, clinic_id: UUID) -> ClinicOverview:
    """The overview of one clinic; NotFound if ODIS does not have it."""
    with conn.cursor(row_factory=dict_row) as cur:
        row = cur.execute(OVERVIEW_QUERY, state_parameters([clinic_id])).fetchone()
    if row is None:
        raise NotFound("clinic", clinic_id)
    return overview_from_row(row)


def overviews_of(conn: Conn, clinic_ids: Collection[UUID]) -> dict[UUID, ClinicOverview]:
    """The overviews of these clinics, in one round trip; those that ODIS lacks are left out."""
    if not clinic_ids:
        return {}
    with conn.cursor(row_factory=dict_row) as cur:
        rows = cur.execute(OVERVIEW_QUERY, state_parameters(clinic_ids)).fetchall()
    return {row["id"]: overview_from_row(row) for row in rows}


def overview_from_row(row: dict[str, Any]) -> ClinicOverview:
    """The overview of a row of OVERVIEW_QUERY, whatever stands in it."""
    state = state_from_names(row)
    return ClinicOverview(
        **{one.name: getattr(state, one.name) for one in fields(state)},
        base_url=row["base_url"],
        transport=row["transport"],
        room_ids=None if row["room_ids"] is None else list(texts_of(row["room_ids"])),
        acting_user_id=row["acting_user_id"],
        live_from=or_else(row["live_from"]),
        credentials_set_at=or_else(row["credentials_set_at"]),
        open_holds=tuple(
            OpenHold(UUID(hold["id"]), hold["cause"], datetime.fromisoformat(hold["opened_at"]))
            for hold in row["open_holds"] or ()
        ),
        doubts=_doubts(row["doubts"]),
        unread=_doubts(row["unread"]),
        identity=identity_from(row["identity"]),
        identity_version=row["identity_version"] or 0,
        identity_learned_at=or_else(row["identity_learned_at"]),
        faults=_faults(row),
        denied_deaths=_denied(row["denied_deaths"]),
        kept_out=_decided(row["kept_out"]),
        revived=_decided(row["revived"]),
        partly=_denied(row["partly"]),
        told=tuple(_told(told) for told in row["told"] or ()),
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


def _told(stored: dict[str, Any]) -> Told:
    lost, changed = stored["days_lost"], stored["patients_changed"]
    first, last = map(iso_day, lost) if isinstance(lost, list) and len(lost) == 2 else (None, None)
    return Told(
        job_id=UUID(stored["job_id"]),
        sync=stored["sync"],
        at=datetime.fromisoformat(stored["at"]),
        days_lost=None if first is None or last is None else (first, last),
        patients_changed=changed if type(changed) is int else 0,
    )


def _denied(stored: dict[str, Any] | None) -> Denied | None:
    if stored is None:
        return None
    since = datetime.fromisoformat(stored["since"])
    return Denied(stored["number"], since, tuple(stored["visits"]))


def _faults(row: dict[str, Any]) -> tuple[Fault, ...]:
    try:
        return clinic_from_row(row["id"], row).faults
    except ConfigurationInvalid:
        return ()
