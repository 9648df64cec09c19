"""Clinics: who they are, their zone, hours and settings of this service."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from idexx_sync.clinics.pause_store import PAUSES_AS_JSON
from idexx_sync.clinics.pauses import Pause, pauses_from_json
from idexx_sync.core.clinic_time import LAST_SECOND, named_zone
from idexx_sync.core.errors import ConfigurationInvalid, InvalidInput, NotFound
from idexx_sync.core.faults import Fault, or_else, unreadable
from idexx_sync.core.vocabulary import Stage
from idexx_sync.database.connection import Conn
from idexx_sync.pims.identity_store import Known, known_from_row
from idexx_sync.pims.protocol import Configuration


@dataclass(frozen=True, slots=True)
class BlockedPeriod:
    """A recurring time in which a clinic offers nothing, in clinic wall-clock time."""

    start_time: time
    end_time: time
    days_of_week: tuple[int, ...]
    """0 = Sunday."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A clinic's row of `clinic_schedule_configs` (ODIS schema, schedule config)."""

    open_time: Any
    close_time: Any
    days_of_week: Any
    """0 = Sunday. These three as ODIS stored them; read by `clinics.hours`."""
    slot_minutes: int
    capacity: int
    horizon_days: int
    stale_minutes: int
    daily_hours: Any
    """As ODIS stored it; read by `clinics.hours`."""
    fault: ConfigurationInvalid | None = None
    """Why there are no slots: their length or capacity cannot be read."""


@dataclass(frozen=True, slots=True)
class SlotSettings:
    """What a clinic's slots are made from."""

    business_hours: Any
    """As ODIS stored it; read by `clinics.hours`."""
    schedule: Schedule
    blocked_periods: tuple[BlockedPeriod, ...]


@dataclass(frozen=True, slots=True)
class Clinic:
    """All that a run must know of its clinic."""

    id: UUID
    name: str
    is_active: bool
    timezone: str | None
    business_hours: Any
    """As ODIS stored it; read by `clinics.hours`."""
    base_url: str
    transport: Literal["http", "browser"]
    room_ids: tuple[str, ...] | None
    """Calendar columns that count; None: all."""
    stage: Stage
    known_room_ids: tuple[str, ...]
    """Rooms that Neo's configuration showed last; empty before the first login."""
    configuration_read_at: datetime | None
    acting_user_id: UUID | None
    """Whose cases ours are."""
    live_from: date | None
    """The clinic's first day: nobody is called about visits before it."""
    schedule: Schedule
    blocked_periods: tuple[BlockedPeriod, ...]
    company: Known = field(default_factory=Known)
    """What its company in Neo is known by."""
    faults: tuple[Fault, ...] = ()
    """What of its rows cannot be read; in its place is what takes time away or stops calls."""
    pauses: tuple[Pause, ...] = ()
    """Those that stand, that of all clinics first; none: it is not paused."""

    @property
    def zone(self) -> ZoneInfo:
        """The clinic's zone; ConfigurationInvalid for a name that no zone has."""
        return require_zone(self.timezone)


CLINIC_ROWS = f"""
    SELECT c.id, c.name, c.is_active, c.timezone, c.business_hours,
           s.base_url, s.transport, s.room_ids, s.stage, s.acting_user_id, s.live_from,
{PAUSES_AS_JSON} AS pauses,
           jsonb_path_query_array(s.neo_configuration, '$.rooms[*].id') AS known_room_ids,
           s.neo_configuration_read_at AS configuration_read_at, s.updated_at AS set_up_at,
           s.identity, s.identity_version, s.identity_learned_at, s.identity_refused,
           s.identity_refused_since, s.identity_refused_at,
           g.open_time, g.close_time, g.days_of_week, g.slot_duration_minutes AS slot_minutes,
           g.default_capacity AS capacity, g.sync_horizon_days AS horizon_days,
           g.stale_threshold_minutes AS stale_minutes, g.daily_hours, g.sync_schedules,
           (SELECT json_agg(json_build_object(
                       'id', b.id, 'start_time', b.start_time, 'end_time', b.end_time,
                       'days_of_week', b.days_of_week) ORDER BY b.start_time, b.id)
              FROM public.clinic_blocked_periods b
             WHERE b.clinic_id = c.id AND b.is_active) AS blocked_periods
      FROM public.clinics c
      LEFT JOIN idexx_sync.clinic_settings s ON s.clinic_id = c.id
      LEFT JOIN public.clinic_schedule_configs g ON g.clinic_id = c.id
"""
"""Every clinic with all its settings."""

CLINIC_QUERY = f"""{CLINIC_ROWS}
     WHERE c.id = coalesce(%(clinic_id)s,
                           (SELECT j.clinic_id FROM idexx_sync.jobs j WHERE j.id = %(job_id)s))
"""
"""One clinic with all its settings; parameters: clinic_id, or job_id of one of its jobs."""

SUCCEEDED = """(j.status IN ('succeeded', 'succeeded_with_warnings')
    AND j.result ->> 'fresh' = 'true')"""
"""Whether a job j has brought a clinic's rows up to date over all days that its sync is for."""

ON_BOARD = "(c.is_active AND s.stage <> 'off')"
"""Whether a clinic c with settings s is to be synced, be it paused or not."""

TELLS = """(j.manner <> 'preview'
    AND (j.status IN ('succeeded', 'succeeded_with_warnings', 'held')
         OR j.for_workers OR j.dispatched_at IS NOT NULL
         OR j.trigger NOT IN ('cli', 'retry', 'approval')))"""
"""Whether a job j says anything of its clinic's state. A preview does not, and of a run that
somebody made on a machine of their own, where nothing is dispatched, only what it wrote does: why
it failed may be the matter of that machine."""

_EVERY_DAY: Final = tuple(range(7))
_WHOLE_NUMBERS: Final = {
    "slot_minutes": ("slot_duration_minutes", 24 * 60),
    "capacity": ("default_capacity", 10_000),
    "horizon_days": ("sync_horizon_days", 62),
    "stale_minutes": ("stale_threshold_minutes", 366 * 24 * 60),
}
"""Setting -> its column of `clinic_schedule_configs`, and the most that makes sense there."""
_FOR_SLOTS: Final = {"slot_minutes": 120, "capacity": 1}
"""What a run counts on where it cannot be read, because appointments are written all the same:
the longest slot that ODIS allows, which a visit without an end then takes."""


def clinic_from_row(clinic_id: UUID, row: dict[str, Any] | None) -> Clinic:
    """The clinic of a row of CLINIC_QUERY.

    Raises NotFound without a row, and ConfigurationInvalid that names a setting that is missing or
    unfit. What a run can do without is among the clinic's `faults` instead.
    """
    if row is None:
        raise NotFound("clinic", clinic_id)
    settings, faults = require_settings(clinic_id, row)
    beside = {"live_from": row["live_from"], "neo_configuration": row["known_room_ids"]}
    return Clinic(
        id=row["id"],
        name=row["name"],
        is_active=row["is_active"],
        timezone=row["timezone"],
        business_hours=settings.business_hours,
        base_url=row["base_url"],
        transport=row["transport"],
        room_ids=room_ids_of(clinic_id, row["room_ids"]),
        stage=row["stage"],
        known_room_ids=texts_of(row["known_room_ids"]),
        configuration_read_at=or_else(row["configuration_read_at"]),
        acting_user_id=row["acting_user_id"],
        live_from=or_else(row["live_from"]),
        schedule=settings.schedule,
        blocked_periods=settings.blocked_periods,
        company=known_from_row(row),
        faults=(*unreadable("clinic_settings", clinic_id, beside), *faults),
        pauses=pauses_from_json(row["pauses"]),
    )


def require_settings(clinic_id: UUID, row: dict[str, Any]) -> tuple[SlotSettings, list[Fault]]:
    """What slots are made from, and what of it cannot be read although runs can do without it.

    Raises ConfigurationInvalid that names a setting that is missing or unfit.
    """
    if row["base_url"] is None:
        raise ConfigurationInvalid(
            f"clinic_settings: clinic {clinic_id} is not set up for this service; "
            f"run: idexx-sync clinics add {clinic_id}",
            code="clinic_settings",
        )
    if row["open_time"] is None:
        raise ConfigurationInvalid(
            f"clinic_schedule_configs: clinic {clinic_id} has no row there; "
            "save its schedule settings in ODIS first",
            code="clinic_schedule_configs",
        )
    periods = [_period(stored) for stored in row["blocked_periods"] or ()]
    schedule, faults = _schedule(clinic_id, row)
    settings = SlotSettings(
        business_hours=row["business_hours"],
        schedule=schedule,
        blocked_periods=tuple(period for period, _ in periods),
    )
    return settings, [*faults, *(fault for _, found in periods for fault in found)]


def require_zone(timezone: str | None) -> ZoneInfo:
    """The zone of `clinics.timezone`; ConfigurationInvalid for a name that no zone has."""
    zone = named_zone(timezone)
    if zone is None:
        raise ConfigurationInvalid(
            f"clinics.timezone: {timezone!r} is not an IANA zone; "
            "set one such as America/Los_Angeles",
            code="timezone",
        )
    return zone


def _schedule(clinic_id: UUID, row: dict[str, Any]) -> tuple[Schedule, list[Fault]]:
    """The schedule config, and a fault for each column that only costs slots."""
    numbers: dict[str, int] = {}
    broken: dict[str, ConfigurationInvalid] = {}
    for name in _WHOLE_NUMBERS:
        try:
            numbers[name] = _whole_number(name, row[name])
        except ConfigurationInvalid as error:
            if name not in _FOR_SLOTS:
                raise
            numbers[name], broken[name] = _FOR_SLOTS[name], error
    schedule = Schedule(
        open_time=row["open_time"],
        close_time=row["close_time"],
        days_of_week=row["days_of_week"],
        daily_hours=row["daily_hours"],
        fault=next(iter(broken.values()), None),
        **numbers,
    )
    table = "clinic_schedule_configs"
    columns = (_WHOLE_NUMBERS[name][0] for name in broken)
    return schedule, [Fault(table, column, str(clinic_id), "unreadable") for column in columns]


def _whole_number(name: str, stored: Any) -> int:
    column, most = _WHOLE_NUMBERS[name]
    if isinstance(stored, int) and 1 <= stored <= most:
        return stored
    raise ConfigurationInvalid(
        f"clinic_schedule_configs.{column}: a whole number from 1 to {most} is expected; "
        "correct it in ODIS's clinic settings",
        code="clinic_schedule_configs",
    )


def room_ids_of(clinic_id: UUID, stored: Any) -> tuple[str, ...] | None:
    """The ids of the calendar columns that count; None: all. Raises ConfigurationInvalid."""
    if stored is None:
        return None
    if not stored or texts_of(stored) != tuple(stored):
        what = "is empty" if not stored else "holds something else than ids"
        raise ConfigurationInvalid(
            f"room_ids: the list of clinic {clinic_id} {what}; "
            "name the rooms that count, or null for all of them",
            code="room_ids",
        )
    return texts_of(stored)


def texts_of(stored: Any) -> tuple[str, ...]:
    """Those items of a list that are texts."""
    return tuple(item for item in or_else(stored) or () if isinstance(item, str))


def _period(stored: dict[str, Any]) -> tuple[BlockedPeriod, list[Fault]]:
    """A blocked period; where a part of it cannot be read, it takes all that it may have meant."""
    start, end = _clock(stored["start_time"]), _clock(stored["end_time"])
    days = stored["days_of_week"]
    days_are_read = isinstance(days, list) and all(day in _EVERY_DAY for day in days)
    period = BlockedPeriod(
        start_time=start or time.min,
        end_time=end or LAST_SECOND,
        days_of_week=tuple(days) if days_are_read else _EVERY_DAY,
    )
    unread = {"start_time": start is None, "end_time": end is None}
    unread["days_of_week"] = not days_are_read
    table, id_ = "clinic_blocked_periods", str(stored["id"])
    return period, [Fault(table, name, id_, "unreadable") for name, bad in unread.items() if bad]


def _clock(stored: Any) -> time | None:
    """A time of day; None for one that no clock shows, such as 24:00."""
    try:
        return None if stored.startswith("24") else time.fromisoformat(stored)
    except (AttributeError, ValueError):
        return None


def clinic_by_id(conn: Conn, clinic_id: UUID) -> Clinic:
    """The clinic; NotFound when ODIS has no such, ConfigurationInvalid when it is not set up."""
    with conn.cursor(row_factory=dict_row) as cur:
        row = cur.execute(CLINIC_QUERY, {"clinic_id": clinic_id, "job_id": None}).fetchone()
    return clinic_from_row(clinic_id, row)


def clinic_names(conn: Conn, clinic_id: UUID | None = None) -> dict[UUID, str]:
    """The name of each clinic of ODIS, set up or not; or of the one with this id."""
    rows = conn.execute(
        "SELECT id, name FROM public.clinics WHERE %(id)s::uuid IS NULL OR id = %(id)s",
        {"id": clinic_id},
    ).fetchall()
    return dict(rows)


def set_up_clinic(
    conn: Conn,
    clinic_id: UUID,
    *,
    base_url: str,
    room_ids: list[str] | None,
    stage: Stage,
    acting_user_id: UUID | None,
    live_from: date | None,
    transport: Literal["http", "browser"] = "http",
) -> None:
    """Bring a clinic on board or change its settings; NotFound if ODIS has no such."""
    found = conn.execute(
        """
        INSERT INTO idexx_sync.clinic_settings AS s
               (clinic_id, base_url, room_ids, stage, transport, acting_user_id, live_from)
        SELECT id, %(base_url)s, %(room_ids)s, %(stage)s, %(transport)s, %(acting_user_id)s,
               %(live_from)s
          FROM public.clinics WHERE id = %(clinic_id)s
        ON CONFLICT (clinic_id) DO UPDATE
           SET base_url = EXCLUDED.base_url, room_ids = EXCLUDED.room_ids,
               stage = EXCLUDED.stage, transport = EXCLUDED.transport,
               acting_user_id = EXCLUDED.acting_user_id, live_from = EXCLUDED.live_from,
               updated_at = idexx_sync.clock()
        RETURNING s.clinic_id
        """,
        {
            "clinic_id": clinic_id,
            "base_url": base_url,
            "room_ids": room_ids,
            "stage": stage,
            "transport": transport,
            "acting_user_id": acting_user_id,
            "live_from": live_from,
        },
    ).fetchone()
    if found is None:
        raise NotFound("clinic", clinic_id)


def require_acting_user(conn: Conn, clinic_id: UUID, user_id: UUID) -> None:
    """InvalidInput unless ODIS has the user and lets it in to the clinic.

    The cases are private to their user: a stranger's id would show them to another clinic.
    """
    row = conn.execute(
        """
        SELECT EXISTS (SELECT FROM public.users WHERE id = %(user_id)s),
               coalesce((SELECT bool_or(a.user_id = %(user_id)s)
                           FROM public.user_clinic_access a
                          WHERE a.clinic_id = %(clinic_id)s), false),
               ARRAY(SELECT a.user_id::text FROM public.user_clinic_access a
                       JOIN public.users u ON u.id = a.user_id
                      WHERE a.clinic_id = %(clinic_id)s ORDER BY 1 LIMIT 5)
        """,
        {"user_id": user_id, "clinic_id": clinic_id},
    ).fetchone()
    assert row is not None
    exists, may, others = row
    if exists and may:
        return
    found = f"ODIS has no user {user_id} (public.users)"
    if exists:
        found = f"user {user_id} has no access to clinic {clinic_id} (public.user_clinic_access)"
    advice = (
        f"those with access: {', '.join(others)}" if others else "give one access in ODIS first"
    )
    raise InvalidInput("acting_user_id", f"{found}; {advice}")


def store_configuration(
    conn: Conn, clinic_id: UUID, configuration: Configuration, read_at: datetime
) -> None:
    """Remember the rooms, types and slot length that Neo showed."""
    conn.execute(
        """
        UPDATE idexx_sync.clinic_settings
           SET neo_configuration = %s, neo_configuration_read_at = %s,
               updated_at = idexx_sync.clock()
         WHERE clinic_id = %s
        """,
        (
            Jsonb(
                {
                    "slot_minutes": configuration.slot_minutes,
                    "rooms": [{"id": room.id, "name": room.name} for room in configuration.rooms],
                    "appointment_types": list(configuration.appointment_types),
                }
            ),
            read_at,
            clinic_id,
        ),
    )


def timezones(conn: Conn, clinic_ids: set[UUID]) -> dict[UUID, str | None]:
    """The time zone of each clinic, as ODIS has it."""
    rows = conn.execute(
        "SELECT id, timezone FROM public.clinics WHERE id = ANY(%s)", (list(clinic_ids),)
    ).fetchall()
    return dict(rows)


def timezone_of(conn: Conn, clinic_id: UUID) -> str | None:
    return timezones(conn, {clinic_id}).get(clinic_id)
