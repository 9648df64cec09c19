"""Who uses the local stack: two clinics with a simulated Neo and a key each, and one operator;
a third clinic, where it is wanted, that somebody is to bring on board."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import Connection
from pydantic import SecretStr

from idexx_sync.core.deployments import DATABASES, KEYS, secret_name
from idexx_sync.core.fingerprints import read_fingerprint_keys
from idexx_sync.core.sealing import keyring
from idexx_sync.core.settings import Settings
from idexx_sync.core.vocabulary import CLINIC_SCOPES, SCOPES
from idexx_sync.keys.format import Peppers, read_peppers
from idexx_sync.keys.store import create_key
from idexx_sync.operations.imprints import accept
from local_stack.login_roles import STAGE, Role
from local_stack.onboarding import (
    OdisClinic,
    bring_on_board,
    point_to_neo,
    store_in_odis,
    user_in_odis,
)
from neo_simulator.client import Company, Simulator

DAYS: Final = 14
"""The clinics' horizon."""

WEST: Final = OdisClinic(
    name="Example Animal Hospital West",
    zone="America/Los_Angeles",
    schedule={"slot_duration_minutes": 15, "default_capacity": 3, "sync_horizon_days": DAYS},
    business_hours={
        **{
            day: {"open": "08:00", "close": "18:00", "lunch_start": "12:00", "lunch_end": "13:00"}
            for day in ("monday", "tuesday", "wednesday", "thursday", "friday")
        },
        "saturday": {"open": "09:00", "close": "13:00"},
        "sunday": {"open": "01:00", "close": "05:00"},
    },
)
"""Open on Sunday nights: in one an hour is missing, in another one comes twice."""
DESERT: Final = OdisClinic(
    name="Example Pet Clinic Desert",
    zone="America/Phoenix",
    schedule={
        "slot_duration_minutes": 30,
        "default_capacity": 2,
        "sync_horizon_days": DAYS,
        "daily_hours": {
            str(number): {"enabled": number > 0, "open": "08:00", "close": "17:30"}
            for number in range(7)
        },
    },
    blocked=[("Staff meeting", time(16), time(17))],
)
CLINICS: Final[tuple[tuple[OdisClinic, int, tuple[str, ...] | None], ...]] = (
    (WEST, 20, None),
    (DESERT, 14, ("3", "4")),
)
"""The clinic, its visits a day, and the calendar columns that count."""
HARBOR: Final = OdisClinic(
    name="Example Vet Clinic Harbor",
    zone="America/New_York",
    schedule={"slot_duration_minutes": 30, "default_capacity": 3, "sync_horizon_days": DAYS},
    business_hours={
        day: {"open": "08:00", "close": "18:00", "lunch_start": "12:00", "lunch_end": "13:00"}
        for day in ("monday", "tuesday", "wednesday", "thursday", "friday")
    },
)
"""A clinic of ODIS that is not on board."""


@dataclass(frozen=True, kw_only=True)
class Worlds:
    """How the clinics' simulated Neos are to be."""

    now: datetime | None = None
    """A wall-clock time at which they stand still; None: their clocks are real."""
    days_ahead: int = 60
    """So long there are visits in the calendars: from `now`, else from the first start on."""
    one_waits: bool = False
    """Whether there is a third clinic, which is not on board."""


@dataclass(frozen=True)
class LocalClinic:
    id: UUID
    odis: OdisClinic
    neo: Company
    rooms: tuple[str, ...] | None
    """The calendar columns that count; None: all."""
    key: str = field(repr=False)

    @property
    def name(self) -> str:
        return self.odis.name


@dataclass(frozen=True)
class WaitingClinic:
    """A clinic that ODIS has and whose Neo's address is known; it is switched off."""

    id: UUID
    name: str
    neo: Company
    user: UUID
    """Somebody of the clinic, whose its cases may be."""


@dataclass(frozen=True)
class Clinics:
    operator_key: str = field(repr=False)
    members: list[LocalClinic]
    typed: list[str]
    """The commands that brought them on board."""
    waiting: WaitingClinic | None = None


def secrets_of(kept: dict[str, Any], addresses: Mapping[Role, str]) -> dict[str, str]:
    """Name -> value of what the functions find in Secrets Manager."""
    values = {secret: addresses[part] for secret, part in DATABASES.items()} | {
        secret: kept[name] for secret, name in KEYS.items()
    }
    return {secret_name(STAGE, secret): value for secret, value in values.items()}


def open_neos(simulator: Simulator, kept: dict[str, Any], worlds: Worlds) -> list[Company]:
    """The clinics' worlds, made anew at each start, but always the same: what is in the database
    from last time is still true. The records of all have the same ids, as they may have in Neo."""
    began = worlds.now or datetime.now(UTC)
    if "first_day" not in kept:
        kept |= {"first_day": began.date().isoformat(), "began": began.isoformat()}
    first = date.fromisoformat(kept["first_day"])
    return [
        simulator.create_company(
            name=odis.name,
            zone=odis.zone,
            now=worlds.now,
            past_until=None if worlds.now else _wall_clock(kept.get("began"), odis.zone),
            seed=number,
            days=(first - timedelta(days=2), first + timedelta(days=worlds.days_ahead)),
            visits_per_day=visits,
            ugly=ugly,
        )
        for number, (odis, visits, ugly) in enumerate(_neos(worlds), start=1)
    ]


def _neos(worlds: Worlds) -> list[tuple[OdisClinic, int, bool]]:
    """The clinic, its visits a day, and whether its data are odd in every way."""
    on_board = [(odis, visits, True) for odis, visits, _rooms in CLINICS]
    return [*on_board, (HARBOR, 16, False)] if worlds.one_waits else on_board


def _wall_clock(moment: str | None, zone: str) -> datetime | None:
    """None for a folder that was begun before such moments were kept: its past stays as it is."""
    if moment is None:
        return None
    local = datetime.fromisoformat(moment).astimezone(ZoneInfo(zone))
    return local.replace(tzinfo=None, second=0, microsecond=0)


def bring_clinics(
    conn: Connection[Any],
    kept: dict[str, Any],
    neos: Sequence[Company],
    origins: str,
    operators_url: str,
) -> Clinics:
    """Both clinics on board with this start's addresses and passwords; keys as at the first."""
    settings = Settings(
        DATABASE_URL=SecretStr(operators_url),
        local_key=SecretStr(kept["local_key"]),
        fingerprint_key=SecretStr(kept["fingerprint_key"]),
        neo_hosts=tuple(origins.split(",")),
    )
    peppers = read_peppers(SecretStr(kept["pepper"]))
    for secret in (
        keyring(settings.local_key),
        read_fingerprint_keys(settings.fingerprint_key),
        peppers,
    ):
        accept(conn, secret, replaces=True)
    if "operator_key" not in kept:
        kept["operator_key"] = _key(conn, peppers, None, SCOPES)
    members, typed = [], []
    for (odis, _visits, rooms), neo in zip(CLINICS, neos, strict=False):
        known = _known(conn, kept, odis)
        clinic_id = UUID(known["id"])
        if "key" not in known:
            known["key"] = _key(conn, peppers, clinic_id, CLINIC_SCOPES)
        typed += bring_on_board(settings, clinic_id, neo, rooms, UUID(known["user"]))
        members.append(LocalClinic(clinic_id, odis, neo, rooms, known["key"]))
    waiting = [_waiting(conn, kept, settings, neo) for neo in neos[len(CLINICS) :]]
    return Clinics(kept["operator_key"], members, typed, *waiting)


def _known(conn: Connection[Any], kept: dict[str, Any], odis: OdisClinic) -> dict[str, str]:
    """What is kept of a clinic: its id and a user of its own in ODIS, made at the first start."""
    known: dict[str, str] = kept.setdefault("clinics", {}).setdefault(odis.name, {})
    if "id" not in known:
        known["id"] = str(store_in_odis(conn, odis))
    if "user" not in known:
        known["user"] = str(user_in_odis(conn, UUID(known["id"])))
    return known


def _waiting(
    conn: Connection[Any], kept: dict[str, Any], settings: Settings, neo: Company
) -> WaitingClinic:
    """Only told where its Neo is, which is elsewhere at each start."""
    known = _known(conn, kept, HARBOR)
    clinic_id = UUID(known["id"])
    point_to_neo(settings, clinic_id, neo)
    return WaitingClinic(clinic_id, HARBOR.name, neo, UUID(known["user"]))


def _key(
    conn: Connection[Any], peppers: Peppers, clinic_id: UUID | None, scopes: Sequence[str] | Any
) -> str:
    made = create_key(
        conn,
        peppers,
        clinic_id=clinic_id,
        scopes=scopes,
        name="local stack",
        stage=STAGE,
        now=datetime.now(UTC),
    )
    return made.text.get_secret_value()


def today_at(zone: str) -> date:
    return datetime.now(UTC).astimezone(ZoneInfo(zone)).date()
