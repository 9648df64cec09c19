"""What a fleet's schedules will ask of workers and of Neo within a day, and what it costs. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from idexx_sync.core.catalog import SYNCS, SyncName
from idexx_sync.schedules.load import MINUTES, Load

FEWEST_MEASURED: Final = 20
"""Runs of a sync; fewer say too little of how long one takes."""
_MINUTE_S: Final = 60
DAYS_A_MONTH: Final = 30.4
_WORKER_GB: Final = 2.0
USD_A_GB_S: Final = 16.6667e-6
USD_A_CALL: Final = 0.20e-6
USD_A_TICK: Final = 1.00e-6 + 3 * 0.40e-6
"""Scheduler's invocation, and three requests of its queue."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one run takes on average."""

    seconds: float
    requests: float
    """To Neo."""
    measured: int = 0
    """By so many runs; 0: it is assumed."""


ASSUMED: Final[Mapping[SyncName, Work]] = {
    "inbound": Work(0.7, 2),
    "cases": Work(5.2, 41),
    "reconciliation": Work(9.1, 61),
}
"""Of a usual night: most inbound runs find nothing new, a case run reads 15 to 280 records, a
reconciliation 60. Requests are always assumed, because no job keeps them."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A day of one sync, or of all."""

    runs: int
    peak: int
    """Runs that begin in its busiest minute."""
    at_once: float
    """Runs under way in its busiest minute, on average."""
    requests: float
    """A day."""
    usd_a_month: float
    """At list prices of x86 in the cheaper regions; without logs and database."""

    @property
    def mean(self) -> float:
        """Runs a minute."""
        return self.runs / MINUTES

    @property
    def peak_to_mean(self) -> float:
        """1: all minutes are alike; 0: nothing runs."""
        return self.peak / self.mean if self.runs else 0.0


@dataclass(frozen=True, slots=True)
class FleetForecast:
    """What is to come of a fleet's schedules."""

    load: Load
    work: Mapping[SyncName, Work]
    of_sync: Mapping[SyncName, Forecast]
    """Syncs that somebody schedules."""
    total: Forecast


def forecast(load: Load, measured: Mapping[SyncName, Work]) -> FleetForecast:
    """The forecast for a load; how long runs take is measured where enough of them are."""
    work = {
        sync: measured[sync]
        if sync in measured and measured[sync].measured >= FEWEST_MEASURED
        else ASSUMED[sync]
        for sync in SYNCS
    }
    scheduled = [sync for sync in SYNCS if sync in load.of_sync]
    of_sync = {sync: _of_sync(load.of_sync[sync], work[sync]) for sync in scheduled}
    under_way = [_under_way(load.of_sync[sync], work[sync].seconds) for sync in scheduled]
    total = Forecast(
        runs=sum(one.runs for one in of_sync.values()),
        peak=max(load.minutes),
        at_once=max(map(sum, zip(*under_way, strict=True)), default=0.0),
        requests=sum(one.requests for one in of_sync.values()),
        usd_a_month=sum(one.usd_a_month for one in of_sync.values()),
    )
    return FleetForecast(load, work, of_sync, total)


def _of_sync(minutes: tuple[int, ...], work: Work) -> Forecast:
    runs = sum(minutes)
    a_run = work.seconds * _WORKER_GB * USD_A_GB_S + USD_A_CALL + USD_A_TICK
    return Forecast(
        runs=runs,
        peak=max(minutes),
        at_once=max(_under_way(minutes, work.seconds)),
        requests=runs * work.requests,
        usd_a_month=runs * a_run * DAYS_A_MONTH,
    )


def _under_way(minutes: tuple[int, ...], seconds: float) -> list[float]:
    """How many runs are under way on average in each minute, of a day that comes again.

    They begin anywhere within their minute, so that of one of 60 s half lies in the next.
    """
    shares = list(_shares(seconds))
    return [
        sum(minutes[at - back] * share for back, share in enumerate(shares))
        for at in range(len(minutes))
    ]


def _shares(seconds: float) -> Iterable[float]:
    """Which part of each minute after its own a run takes, its own first."""
    taken, length = 0.0, seconds / _MINUTE_S
    for back in range(MINUTES):
        until = _covered(back + 1, length)
        yield until - taken
        taken = until
        if taken >= length:
            return


def _covered(minutes: int, length: float) -> float:
    """How much of a run lies on average within so many minutes from its minute's beginning on."""
    if length >= minutes:
        return minutes - 0.5
    first = max(0.0, minutes - length)
    inside = min(1.0, first)
    return inside * length + (1 - inside) * (minutes - (inside + 1) / 2)
