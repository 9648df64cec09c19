"""P7: how the cost grows with the number of appointments."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from idexx_sync.jobs import wiring
from idexx_sync.pims.neo.http.answers import RawAnswer
from idexx_sync.pims.neo.http.transport import HttpTransport
from tests.bench.bare_sync import recording
from tests.bench.figure import Figure, Spread, Way, interleaved, seconds_of, spread
from tests.bench.rig import L0, Rig, Service
from tests.kit.worked_clinic import WorkedClinic

SIZES = (10, 100, 1000, 10_000)
SIZES_SAID = ", ".join(map(str, SIZES))
HOW = (
    "least-squares slope of log(own time) over log(appointments); own time: a run's time without "
    f"its HTTP request's; {SIZES_SAID} appointments in one window"
)


@dataclass
class NeoTime:
    """How long our requests to Neo took, and how many there were."""

    seconds: float = 0
    requests: int = 0


def measure_growth(rig: Rig, repetitions: int) -> list[Figure]:
    with rig.service(L0, *SIZES) as service, neo_time() as neo:

        def own_time(clinic: WorkedClinic) -> float:
            before = neo.seconds
            return seconds_of(lambda: service.run(clinic)) - (neo.seconds - before)

        def unchanged(clinic: WorkedClinic) -> Way:
            return lambda: own_time(clinic)

        def first(clinic: WorkedClinic) -> Way:
            def run() -> float:
                service.forget_rows(clinic)
                return own_time(clinic)

            return run

        def figure(id_: str, what: str, way: Callable[[WorkedClinic], Way]) -> Figure:
            times = interleaved(repetitions, *map(way, service.clinics))
            slopes = spread([slope(turn) for turn in zip(*times, strict=True)])
            return Figure(
                id=id_,
                what=f"exponent of growth, {what}",
                measured=replace(slopes, value=slope([spread(one).value for one in times])),
                goal=1.05,
                unit="exponent",
                against=HOW,
                repetitions=repetitions,
            )

        return [
            figure("P7", "unchanged run", unchanged),
            figure("P7.first", "first run: every row written", first),
            *counts(service, neo),
        ]


def slope(times: Sequence[float]) -> float:
    """The exponent e in: time grows as size ** e."""
    x = [math.log(size) for size in SIZES]
    y = [math.log(seconds) for seconds in times]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    above = sum((one - mean_x) * (other - mean_y) for one, other in zip(x, y, strict=True))
    return above / sum((one - mean_x) ** 2 for one in x)


def counts(service: Service, neo: NeoTime) -> list[Figure]:
    """Requests and statements of an unchanged run: how many more the largest has."""
    statements, requests = [], []
    for clinic in service.clinics:
        service.run(clinic)
        before = neo.requests
        with recording(wiring.process_dependencies().database.connection()) as recorded:
            service.run(clinic)
        statements.append(recorded.statements)
        requests.append(neo.requests - before)
    return [
        Figure(
            id=id_,
            what=f"{what} of an unchanged run: most less fewest (it makes {max(found)})",
            measured=Spread(max(found) - min(found), min(found), max(found), "extremes"),
            goal=0,
            unit="count",
            against=f"counted with {SIZES_SAID} appointments",
            repetitions=len(SIZES),
        )
        for id_, what, found in (
            ("P7.requests", "requests to Neo", requests),
            ("P7.statements", "SQL statements", statements),
        )
    ]


@contextmanager
def neo_time() -> Iterator[NeoTime]:
    spent = NeoTime()
    get = HttpTransport.get

    def timed(self: HttpTransport, path: str, params: Mapping[str, str]) -> RawAnswer:
        started = time.perf_counter()
        try:
            return get(self, path, params)
        finally:
            spent.seconds += time.perf_counter() - started
            spent.requests += 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HttpTransport, "get", timed)
        yield spent
