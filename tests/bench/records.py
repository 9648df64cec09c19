"""P11 and P12: reading a hundred consultations, and how many of them are read again."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import cycle
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from functions.case_sync.handler import worker
from neo_simulator.client import LoggedRequest
from tests.bench.figure import Figure, counted, spread
from tests.bench.rig import L0, L1, Profile, Rig, Service, renew_tools
from tests.kit.worked_clinic import ZONE

CONSULTATIONS: Final = 100
CHANGED: Final = 10
PER_SECOND: Final = 10
AT_ONCE: Final = 3
CASE_TABLES: Final = (
    "public.patients",
    "public.cases",
    "public.case_sync_audits",
    "idexx_sync.case_keys",
    "idexx_sync.records",
)


def measure_records(rig: Rig, repetitions: int) -> list[Figure]:
    """P11: from the event to the answer, everything read for the first time."""
    seconds, most_a_second, most_at_once = [], [], []
    with visited_clinic(rig, L1) as service:
        for _ in range(repetitions):
            service.conn.execute(f"TRUNCATE {', '.join(CASE_TABLES)} CASCADE")
            service.clinic.neo.clear_requests()
            started = time.perf_counter()
            work(service)
            seconds.append(time.perf_counter() - started)
            requests = service.clinic.neo.requests()
            assert len(records_read(requests)) == CONSULTATIONS
            most_a_second.append(busiest_second(requests))
            most_at_once.append(max(request["concurrency"] for request in requests))
    floor = floor_s(L1)
    what = f"case sync of {CONSULTATIONS} consultations, L1"
    return [
        Figure(
            id="P11",
            what=f"{what} / floor",
            measured=spread(seconds).times(1 / floor),
            goal=1.1,
            unit="ratio",
            against=f"{floor:.2f} s: one calendar, then {CONSULTATIONS} records by {AT_ONCE} "
            f"connections and at most {PER_SECOND} a second",
            repetitions=repetitions,
        ),
        Figure(
            id="P11.rate",
            what=f"{what}: requests in its busiest second",
            measured=counted(most_a_second),
            goal=PER_SECOND,
            unit="count",
            against="the simulator's log, any second of it",
            repetitions=repetitions,
        ),
        Figure(
            id="P11.at_once",
            what=f"{what}: requests at once",
            measured=counted(most_at_once),
            goal=AT_ONCE,
            unit="count",
            against="the simulator's log",
            repetitions=repetitions,
        ),
    ]


def count_records_read_again(rig: Rig, repetitions: int) -> list[Figure]:
    """P12: all were read while final; then the calendar says something else of ten."""
    shares = []
    with visited_clinic(rig, L0) as service:
        neo = service.clinic.neo
        work(service)
        visits = cycle(visit["id"] for visit in neo.state()["visits"])
        for number in range(repetitions):
            for _ in range(CHANGED):
                neo.edit_reason(next(visits), f"RECHECK {number}")
            neo.clear_requests()
            work(service)
            shares.append(len(records_read(neo.requests())))
    return [
        Figure(
            id="P12",
            what=f"consultations read again after {CHANGED} of {CONSULTATIONS} visits changed",
            measured=counted(shares).times(1 / CONSULTATIONS),
            goal=0.15,
            unit="share",
            against="all of them; counted in the simulator's log",
            repetitions=repetitions,
        )
    ]


@contextmanager
def visited_clinic(rig: Rig, profile: Profile) -> Iterator[Service]:
    """A clinic with so many finished visits of the last days, as polite as in production."""
    now = datetime.now(ZoneInfo(ZONE)).replace(tzinfo=None, microsecond=0)
    company = rig.simulator.create_company(
        zone=ZONE,
        now=now,
        visits=CONSULTATIONS,
        days=(now.date() - timedelta(days=6), now.date() - timedelta(days=1)),
        blocks=False,
    )
    with (
        rig.service_of(profile, company) as service,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("IDEXX_SYNC_NEO_REQUESTS_PER_SECOND", str(PER_SECOND))
        patch.setenv("IDEXX_SYNC_NEO_CONNECTIONS", str(AT_ONCE))
        renew_tools()
        yield service


def work(service: Service) -> None:
    """One run of the case sync through its handler, which must succeed."""
    clinic_id = str(service.clinic.clinic_id)
    answer = worker({"v": 1, "clinic_id": clinic_id, "trigger": "api"}, None)
    if answer["status"] not in ("succeeded", "succeeded_with_warnings"):
        raise RuntimeError(f"the measured run did not succeed: {answer}")


def records_read(requests: list[LoggedRequest]) -> list[LoggedRequest]:
    return [request for request in requests if request["path"].startswith("/consultations/")]


def busiest_second(requests: list[LoggedRequest]) -> int:
    arrived = [request["started"] for request in requests]
    return max(sum(at <= other < at + 1 for other in arrived) for at in arrived)


def floor_s(profile: Profile, records: int = CONSULTATIONS) -> float:
    """The least time that politeness allows for the calendar and the records after it."""
    answer_s = profile.neo_round_trip_s + profile.neo_server_ms / 1000
    by_connections = math.ceil(records / AT_ONCE) * answer_s
    return answer_s + max(by_connections, (records - 1) / PER_SECOND)
