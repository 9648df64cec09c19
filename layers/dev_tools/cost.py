"""What a stage costs a month, for 1, 100 and 10,000 clinics: the table of docs/cost.md.

`python -m dev_tools.cost` prints it. Prices are AWS's list prices for x86 in its cheaper regions,
US dollars. Runs last as the fleet's forecast assumes; what that leaves out is said below.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from idexx_sync.core.catalog import SyncName
from idexx_sync.schedules.forecast import ASSUMED, DAYS_A_MONTH, USD_A_CALL, USD_A_GB_S, USD_A_TICK

FLEETS: Final = (1, 100, 10_000)
RUNS_A_DAY: Final[Mapping[SyncName, int]] = {"inbound": 96, "cases": 12, "reconciliation": 1}
WORKER_GB: Final = 2.0
ALARMS, DASHBOARDS, SECRETS, MEASURES = 34, 1, 11, 14
"""Of the template of production, and of the service's own measures; a test counts them."""
USD_AN_ALARM, USD_A_DASHBOARD, USD_A_SECRET, USD_A_MEASURE = 0.10, 3.00, 0.40, 0.30
USD_A_LOG_GB: Final = 0.50
_LOG_BYTES_A_RUN: Final = 4 * 700
"""Four lines of ours, Lambda's three among them."""
_UPKEEP_GB: Final = 0.5
_PASSES_A_DAY: Final = 24 * 60 + 24 * 12
"""Of the watchdog and of config_sync."""
_PASS_S: Final = 0.3
_PASS_S_A_CLINIC: Final = 0.0008
"""A look at ten thousand clinics takes two seconds of a whole processor, and 512 MB are 0.29 of
one."""
APART_GB: Final = 0.5
_SLOWER: Final = 1.25
"""A run waits most of its time; what it computes takes longer with less memory."""
_LOGINS_A_DAY: Final = 3
_LOGIN_S: Final = 4.0


@dataclass(frozen=True, slots=True)
class Month:
    """Dollars a month."""

    workers: float
    workers_apart: float
    """With logins in a function of their own, those included."""
    upkeep: float
    logs: float
    fixed: float

    @property
    def total(self) -> float:
        return self.workers + self.upkeep + self.logs + self.fixed

    @property
    def total_apart(self) -> float:
        return self.total - self.workers + self.workers_apart


def month(clinics: int) -> Month:
    runs = {sync: clinics * each * DAYS_A_MONTH for sync, each in RUNS_A_DAY.items()}
    seconds = sum(count * ASSUMED[sync].seconds for sync, count in runs.items())
    begun = sum(runs.values()) * (USD_A_CALL + USD_A_TICK)
    logins = clinics * _LOGINS_A_DAY * DAYS_A_MONTH
    apart = logins * (_LOGIN_S * (WORKER_GB + APART_GB) * USD_A_GB_S + USD_A_CALL)
    passes = _PASSES_A_DAY * DAYS_A_MONTH
    pass_s = _PASS_S + _PASS_S_A_CLINIC * clinics
    return Month(
        workers=seconds * WORKER_GB * USD_A_GB_S + begun,
        workers_apart=seconds * _SLOWER * APART_GB * USD_A_GB_S + begun + apart,
        upkeep=passes * (pass_s * _UPKEEP_GB * USD_A_GB_S + USD_A_CALL),
        logs=sum(runs.values()) * _LOG_BYTES_A_RUN / 1e9 * USD_A_LOG_GB,
        fixed=ALARMS * USD_AN_ALARM
        + DASHBOARDS * USD_A_DASHBOARD
        + SECRETS * USD_A_SECRET
        + MEASURES * USD_A_MEASURE,
    )


def table() -> Iterator[str]:
    """Lines of Markdown."""
    months = [month(clinics) for clinics in FLEETS]
    rows = {
        "workers": [one.workers for one in months],
        "watchdog and config_sync": [one.upkeep for one in months],
        "logs": [one.logs for one in months],
        "alarms, dashboard, secrets, measures": [one.fixed for one in months],
        "**together**": [one.total for one in months],
        "workers of 512 MB, logins apart": [one.workers_apart for one in months],
        "**together, logins apart**": [one.total_apart for one in months],
    }
    yield "| $ a month | " + " | ".join(f"{clinics:,}" for clinics in FLEETS) + " |"
    yield "| --- |" + " ---: |" * len(FLEETS)
    for name, values in rows.items():
        yield f"| {name} | " + " | ".join(f"{value:,.2f}" for value in values) + " |"


if __name__ == "__main__":
    print("\n".join(table()))
