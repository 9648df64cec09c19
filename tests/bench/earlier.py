"""P4: the earlier service's way beside ours."""

from datetime import timedelta
from typing import Any

from playwright.sync_api import Playwright, sync_playwright

from idexx_sync.database.connection import Conn
from tests.bench import earlier_way
from tests.bench.bare_sync import connect
from tests.bench.figure import Figure, Spread, interleaved, ratio, seconds_of
from tests.bench.first_run import login_of
from tests.bench.rig import DAYS, L1, Rig, Service

STEADY, FIRST = 60, 143
RECORDED_SECONDS_A_ROW = 0.337
"""What writing one row took in the recorded run of the earlier service."""
AGAINST = (
    "re-enacted with the same Chromium (its driver already running) and calendar: a login in every "
    "run, each row looked up and written by itself"
)


def measure_earlier_way(rig: Rig, repetitions: int) -> list[Figure]:
    with sync_playwright() as playwright:
        return _steady(rig, playwright, repetitions) + _first(rig, playwright, repetitions)


def _steady(rig: Rig, playwright: Playwright, repetitions: int) -> list[Figure]:
    with rig.service(L1, STEADY) as service, connect(service.database_url) as conn:
        earlier = Earlier(rig, playwright, service, conn)
        then, now = interleaved(repetitions, earlier.run, lambda: seconds_of(service.run))
    what = f"earlier way / ours, {STEADY} unchanged rows"
    return [_figure("P4", what, 8, ratio(then, now), repetitions)]


def _first(rig: Rig, playwright: Playwright, repetitions: int) -> list[Figure]:
    with rig.service(L1, FIRST) as service, connect(service.database_url) as conn:
        earlier = Earlier(rig, playwright, service, conn)
        recorded = []

        def first_earlier() -> float:
            service.forget_rows()
            seconds = earlier.run()
            recorded.append(earlier.read_s + FIRST * RECORDED_SECONDS_A_ROW)
            return seconds

        def first_ours() -> float:
            service.forget_rows()
            service.forget_session()
            return seconds_of(service.run)

        def new_rows_ours() -> float:
            service.forget_rows()
            return seconds_of(service.run)

        then, now, kept = interleaved(repetitions, first_earlier, first_ours, new_rows_ours)
    what = f"earlier way / ours, first run of {FIRST} rows"
    slow = f"each row at the {RECORDED_SECONDS_A_ROW * 1000:.0f} ms that were once recorded"
    return [
        _figure("P4.first", f"{what}, both with a login", 20, ratio(then, now), repetitions),
        _figure(
            "P4.first.recorded",
            f"{what}, both with a login, {slow}",
            20,
            ratio(recorded[1:], now),
            repetitions,
        ),
        _figure(
            "P4.first.session",
            f"{what}, ours with the session it keeps",
            None,
            ratio(then, kept),
            repetitions,
        ),
    ]


def _figure(id_: str, what: str, goal: float | None, measured: Spread, repetitions: int) -> Figure:
    return Figure(
        id=id_,
        what=f"{what}, L1",
        measured=measured,
        goal=goal,
        unit="ratio",
        against=AGAINST,
        repetitions=repetitions,
        at_least=True,
    )


class Earlier:
    """Runs of the earlier way for one clinic."""

    def __init__(self, rig: Rig, playwright: Playwright, service: Service, conn: Conn) -> None:
        self.read_s = 0.0
        """What the last run took before it wrote anything."""
        self._playwright = playwright
        self._conn = conn
        self._clinic = service.clinic
        self._login = login_of(rig, service)
        first = service.clinic.today()
        self._days = [first + timedelta(days=n) for n in range(DAYS)]

    def run(self) -> float:
        events: list[dict[str, Any]] = []

        def read() -> None:
            events.extend(earlier_way.read(self._playwright, self._login))

        def write() -> None:
            earlier_way.write(self._conn, self._clinic.clinic_id, self._days, events)

        self.read_s = seconds_of(read)
        return self.read_s + seconds_of(write)
