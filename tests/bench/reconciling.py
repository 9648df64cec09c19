"""P18: a reconciliation of seven days of which nothing has changed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from functions.case_sync.handler import worker as case_worker
from functions.inbound_sync.handler import worker as inbound_worker
from functions.reconciliation.handler import worker
from tests.bench.figure import Figure, counted, spread
from tests.bench.records import AT_ONCE, PER_SECOND, floor_s, records_read
from tests.bench.rig import L0, L1, Profile, Rig, Service, renew_tools
from tests.kit.proxy import counting_proxy
from tests.kit.worked_clinic import ZONE

DAYS: Final = 7
VISITS_A_DAY: Final = 40
BUDGET: Final = 60
"""Records that a night reads."""
APART_S: Final = 0.01
"""So far away that a pipelined batch always arrives whole: only true waits are counted."""
WELL: Final = ("succeeded", "succeeded_with_warnings")


def measure_reconciliation(rig: Rig, repetitions: int) -> list[Figure]:
    """From the event to the answer; then the round trips of one more run."""
    seconds, requests = [], []
    with compared_clinic(rig, L1) as service:
        for _ in range(repetitions):
            service.clinic.neo.clear_requests()
            started = time.perf_counter()
            reconcile(service)
            seconds.append(time.perf_counter() - started)
            requests.append(len(service.clinic.neo.requests()))
            assert len(records_read(service.clinic.neo.requests())) == BUDGET
    floor = floor_s(L1, BUDGET)
    what = f"reconciliation of {DAYS} days of {VISITS_A_DAY} visits, nothing changed"
    return [
        Figure(
            id="P18",
            what=f"{what}, L1 / floor",
            measured=spread(seconds).times(1 / floor),
            goal=1.15,
            unit="ratio",
            against=f"{floor:.2f} s: one calendar, then {BUDGET} records by {AT_ONCE} connections "
            f"and at most {PER_SECOND} a second",
            repetitions=repetitions,
        ),
        Figure(
            id="P18.neo",
            what=f"{what}: requests to Neo",
            measured=counted(requests),
            goal=1 + BUDGET,
            unit="count",
            against="the simulator's log",
            repetitions=repetitions,
        ),
        Figure(
            id="P18.postgres",
            what=f"{what}: round trips to Postgres",
            measured=counted([_round_trips(rig)]),
            goal=20,
            unit="count",
            against="a counting proxy; a pipelined flush is one",
            repetitions=1,
        ),
    ]


def _round_trips(rig: Rig) -> int:
    with (
        compared_clinic(rig, L0) as service,
        counting_proxy(service.database_url, APART_S) as (proxy, url),
        service.through(url),
    ):
        reconcile(service)  # opens the connection
        proxy.reset()
        reconcile(service)
        return proxy.round_trips + proxy.connections


@contextmanager
def compared_clinic(rig: Rig, profile: Profile) -> Iterator[Service]:
    """A clinic whose last days both other syncs have read; as polite as in production."""
    now = datetime.now(ZoneInfo(ZONE)).replace(tzinfo=None, microsecond=0)
    first, last = now.date() - timedelta(days=DAYS - 1), now.date()
    company = rig.simulator.create_company(
        zone=ZONE, now=now, visits=DAYS * VISITS_A_DAY, days=(first, last), blocks=False
    )
    with (
        rig.service_of(profile, company) as service,
        pytest.MonkeyPatch.context() as patch,
    ):
        service.clinic.neo.set_knob("delay_ms", 0)
        days = {"from": str(first), "to": str(last)}
        _work(inbound_worker, service, **days)
        for _ in range(12):  # 25 records a unit, two minutes a run
            if not _work(case_worker, service, **days)["warnings"].get("consultations_left"):
                break
        service.clinic.neo.set_knob("delay_ms", profile.neo_server_ms)
        patch.setenv("IDEXX_SYNC_NEO_REQUESTS_PER_SECOND", str(PER_SECOND))
        patch.setenv("IDEXX_SYNC_NEO_CONNECTIONS", str(AT_ONCE))
        renew_tools()
        yield service


def reconcile(service: Service) -> None:
    """One run through the handler, which finds nothing."""
    answer = _work(worker, service, lookback_days=DAYS - 1, mode="fix")
    assert not answer["counts"]["discrepancies"], answer


def _work(handler: Any, service: Service, **params: Any) -> Any:
    clinic_id = str(service.clinic.clinic_id)
    answer = handler({"v": 1, "clinic_id": clinic_id, "trigger": "api", "params": params}, None)
    if answer["status"] not in WELL:
        raise RuntimeError(f"the run did not succeed: {answer}")
    return service.clinic.newest_job()["result"]
