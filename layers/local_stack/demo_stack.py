"""What the demo stands on: Postgres with ODIS's tables, a simulated Neo, two clinics, a clock."""

import base64
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg import Connection
from pydantic import SecretStr

from idexx_sync import migrations
from idexx_sync.settings import Settings
from local_stack.chromium import find_chromium, playwright_package
from local_stack.onboarding import (
    Member,
    OdisClinic,
    book_by_voice,
    bring_on_board,
    store_in_odis,
)
from local_stack.postgres import running_postgres
from neo_simulator.client import Company, Simulator
from neo_simulator.process import running_simulator

ODIS_TABLES = Path(__file__).with_name("odis.sql")
BEGINNING = datetime(2026, 3, 5, 15, 30, tzinfo=UTC)
"""07:30 on a Thursday in Los Angeles; on Sunday its clock goes forward."""
DAYS = 14

WEST = OdisClinic(
    name="Example Animal Hospital West",
    zone="America/Los_Angeles",
    schedule={"slot_duration_minutes": 15, "default_capacity": 3, "sync_horizon_days": DAYS},
    business_hours={
        **{
            day: {"open": "08:00", "close": "18:00", "lunch_start": "12:00", "lunch_end": "13:00"}
            for day in ("monday", "tuesday", "wednesday", "thursday", "friday")
        },
        "saturday": {"open": "09:00", "close": "13:00"},
        "sunday": {"open": "02:00", "close": "05:00"},
    },
)
"""Open on the Sunday night in which an hour is missing."""
DESERT = OdisClinic(
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


class DemoClock:
    """One moment for this service and both clinics; it moves when told."""

    def __init__(self) -> None:
        self.now = BEGINNING
        self._clinics: list[Company] = []

    def __call__(self) -> datetime:
        return self.now

    def wall(self, zone: str) -> datetime:
        return self.now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)

    def follow(self, clinic: Company) -> None:
        self._clinics.append(clinic)

    def later(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        for clinic in self._clinics:
            clinic.advance(minutes)


@dataclass(frozen=True)
class Foundation:
    settings: Settings
    conn: Connection[Any]
    simulator: Simulator


@contextmanager
def foundation() -> Iterator[Foundation]:
    """Everything that runs, for the time of the block; nothing of it is left behind."""
    with running_postgres(durable=False) as postgres, running_simulator() as simulator:
        postgres.create_database("demo")
        with psycopg.connect(postgres.dsn("demo"), autocommit=True) as conn:
            conn.execute(ODIS_TABLES.read_bytes())
            migrations.apply(conn)
            yield Foundation(_settings(postgres.dsn("demo")), conn, simulator)


def _settings(database_url: str) -> Settings:
    chromium = find_chromium(os.environ, playwright_package())
    if chromium is None:
        raise RuntimeError("no headless Chromium on this machine; ./run demo installs one")
    return Settings(
        DATABASE_URL=SecretStr(database_url),
        local_key=SecretStr(base64.b64encode(secrets.token_bytes(32)).decode()),
        chromium_path=str(chromium),
    )


def with_origins(settings: Settings, clinics: list[Company]) -> Settings:
    """The settings of a deployment in which these simulated Neos are allowed."""
    return settings.model_copy(update={"neo_hosts": tuple(clinic.base_url for clinic in clinics)})


def open_neos(simulator: Simulator, clock: DemoClock) -> list[Company]:
    """The two clinics' worlds; their records have the same ids, as they may have in Neo."""
    clinics = []
    for number, (odis, visits) in enumerate(((WEST, 20), (DESERT, 14)), start=1):
        now = clock.wall(odis.zone)
        neo = simulator.create_company(
            name=odis.name,
            zone=odis.zone,
            now=now,
            seed=number,
            days=(now.date() - timedelta(days=2), now.date() + timedelta(days=DAYS + 3)),
            visits_per_day=visits,
            ugly=True,
        )
        clock.follow(neo)
        clinics.append(neo)
    return clinics


def members(base: Foundation, clock: DemoClock) -> tuple[Settings, list[Member], list[str]]:
    """Both clinics on board; also the settings to sync them with, and what was typed."""
    neos = open_neos(base.simulator, clock)
    settings = with_origins(base.settings, neos)
    typed: list[str] = []
    found = []
    for odis, neo, rooms in zip((WEST, DESERT), neos, (None, ("3", "4")), strict=True):
        clinic_id = store_in_odis(base.conn, odis)
        typed += bring_on_board(settings, clinic_id, neo, rooms)
        today = clock.wall(odis.zone).date()
        last_day = today + timedelta(days=DAYS - 1)
        label = odis.name.rpartition(" ")[2]
        member = Member(clinic_id, label, odis.zone, neo, rooms, today, last_day)
        booked = neo.book(datetime.combine(today + timedelta(days=1), time(11)), patient="PIXEL")
        book_by_voice(base.conn, clinic_id, today + timedelta(days=1), booked)
        found.append(member)
    return settings, found, typed
