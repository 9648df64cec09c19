"""Nights of a fleet by the model, with the limits that the deployment sets."""

from collections.abc import Iterable, Mapping
from typing import Final

from dev_tools.tick_model.fleet import MINUTE_S, SLOW, USUAL, Durations, ticks
from dev_tools.tick_model.model import Outcome, Way, Worker, simulate
from idexx_sync.core.catalog import CATALOG, SYNCS, SyncName
from idexx_sync.jobs.deliveries import BACK_AFTER_S
from infra.stages import PROD

SIZES: Final = (500, 2_000, 10_000)
NIGHT: Final = range(6, 12)
"""Hours of UTC: it becomes 02:00 in each zone, and another case sync follows."""
AGAIN_S: Final = tuple(map(float, BACK_AFTER_S))
"""When Lambda repeats what was invoked asynchronously; over a queue a worker asks for it."""
SEED: Final = 1
NEO: Final = {"usual": USUAL, "slow": SLOW}
HEADING: Final = (
    "| clinics | crons | Neo | direct: dropped | direct: stale "
    "| queue: dropped | queue: stale | queue: oldest, minutes |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- |"
)
"""Of the rows; three numbers are those of inbound, cases and reconciliation."""


def reserved(sync: SyncName) -> int:
    """Runs at once that the deployment reserves for the sync's worker."""
    slots = PROD.workers[sync].reserved_concurrency
    assert slots is not None, f"{PROD.name} reserves nothing for {sync}"
    return slots


def for_ticks(sync: SyncName) -> int:
    """Of these, what is for ticks: MaximumConcurrency of the queue's mapping."""
    return PROD.workers[sync].for_ticks


def workers(way: Way, durations: Mapping[SyncName, Durations]) -> dict[SyncName, Worker]:
    """Each sync's worker as the deployment sets it."""
    return {
        sync: Worker(
            slots=reserved(sync) if way == "direct" else for_ticks(sync),
            event_age_s=CATALOG[sync].begins_within.total_seconds(),
            again_after_s=AGAIN_S[: CATALOG[sync].retries],
            durations=durations[sync],
        )
        for sync in SYNCS
    }


def night(
    way: Way, clinics: int, neo: str, *, spread: bool, hours: range = NIGHT
) -> dict[SyncName, Outcome]:
    """What becomes of the ticks of these hours."""
    ticked = ticks(clinics, hours, SEED, spread=spread)
    return simulate(way, workers(way, NEO[neo]), ticked, SEED)


def row(clinics: int, neo: str, *, spread: bool) -> str:
    """One line of the table, both ways beside each other."""
    direct = night("direct", clinics, neo, spread=spread)
    queue = night("queue", clinics, neo, spread=spread)
    cells = (
        f"{clinics:,}",
        "spread" if spread else "as they stand",
        neo,
        _told(one.dropped for one in direct.values()),
        _told(one.stale for one in direct.values()),
        _told(one.dropped for one in queue.values()),
        _told(one.stale for one in queue.values()),
        _told(round(one.oldest_s / MINUTE_S) for one in queue.values()),
    )
    return f"| {' | '.join(cells)} |"


def _told(numbers: Iterable[int]) -> str:
    found = list(numbers)
    return " / ".join(f"{number:,}" for number in found) if any(found) else "0"
