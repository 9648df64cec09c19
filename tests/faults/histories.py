"""Random histories of a clinic, with faults, judged by the oracle whenever all is calm."""

import json
import re
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from idexx_sync.core.catalog import SyncName
from tests.faults.clinic import FaultClinic
from tests.faults.converge import Watch
from tests.faults.operations import Operation, history, with_nights
from tests.faults.races import run_both
from tests.faults.results import Outcome
from tests.faults.rig import Rig
from tests.faults.scenario import Scenario
from tests.faults.world import World
from tests.kit.paths import ROOT

SHORTEN_S = 90.0
"""How long a failing history may be tried to be shortened."""
SETTLE_EVERY = 60
"""Operations between two questions to the oracle, at most."""
RUNS: dict[str, SyncName] = {
    "run": "inbound",
    "run_cases": "cases",
    "run_reconciliation": "reconciliation",
}
"""Operation -> the sync that it runs."""


KEPT = Path(__file__).parent / "kept"
"""Histories that once ended wrong."""


def scenarios(*, full: bool) -> Iterator[Scenario]:
    for path in sorted(KEPT.glob("*.json")):
        yield Scenario("Kept history", replay, {"path": str(path.relative_to(ROOT))}, 10)
    seeds, number = (20, 800) if full else (2, 150)
    for seed in range(1, seeds + 1):
        yield seeded(seed, number)


def seeded(seed: int, number: int, *, nights: bool = True) -> Scenario:
    arguments = {"seed": seed, "number": number, "nights": nights}
    return Scenario("Random history", live, arguments, number / 15)


def live(rig: Rig, outcome: Outcome, *, seed: int, number: int, nights: bool) -> None:
    """One history; where it fails, the shortest one that still does is written down."""
    operations = history(seed, number)
    if nights:
        operations = with_nights(operations, seed)
    happened = _happen(rig, outcome, operations)
    if outcome.violations:
        short = shortened(rig, operations[:happened], kinds(outcome), SHORTEN_S)
        path = ROOT / ".local" / f"faults-{seed}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(short, indent=1) + "\n")
        outcome.name += (
            f"; {len(short)} operations are enough: ./run faults --replay {path.relative_to(ROOT)}"
        )


def replay(rig: Rig, outcome: Outcome, *, path: str) -> None:
    _happen(rig, outcome, json.loads((ROOT / path).read_text()))


def shortened(
    rig: Rig, operations: Sequence[Operation], wanted: set[str], seconds: float
) -> list[Operation]:
    """Fewer operations that end alike: parts are left out as long as they still do."""
    ends = time.monotonic() + seconds
    kept, size = list(operations), len(operations) // 2
    while size and time.monotonic() < ends:
        place = 1  # the beginning stays
        while place < len(kept) and time.monotonic() < ends:
            tried = kept[:place] + kept[place + size :]
            outcome = Outcome("shortening", "")
            happened = _happen(rig, outcome, tried)
            if kinds(outcome) & wanted:
                kept = tried[:happened]
            else:
                place += size
        size //= 2
    return kept


def kinds(outcome: Outcome) -> set[str]:
    """What was wrong, without the numbers in it."""
    return {re.sub(r"\d+", "0", f"{one.rule} {one.text}") for one in outcome.violations}


def _happen(rig: Rig, outcome: Outcome, operations: Sequence[Operation]) -> int:
    """The number of operations until an invariant was broken, or all of them."""
    start = datetime.fromisoformat(operations[0][1]["start"])
    syncs: tuple[SyncName, ...] = ("inbound", "cases")
    if operations[0][1].get("nights"):
        syncs += ("reconciliation",)
    clinic = FaultClinic(rig, start=start, syncs=syncs)
    world, watch = World(clinic), Watch(clinic, outcome)
    calm_for = 0
    try:
        for number, operation in enumerate(operations, start=1):
            calm_for += 1
            name = operation[0]
            if name in RUNS:
                _run(watch, world, outcome, RUNS[name])
            elif name == "run_both":
                run_both(watch)
            elif name != "settle":
                world.carry_out(operation)
            if name == "settle" or calm_for >= SETTLE_EVERY or number == len(operations):
                calm_for = 0
                world.calm()
                watch.converge()
                clinic.forget_requests()
            if outcome.violations:
                return number
        return len(operations)
    finally:
        outcome.notes["not possible"] += world.refused
        world.close()
        clinic.close()


def _run(watch: Watch, world: World, outcome: Outcome, sync: SyncName) -> None:
    counter = world.before_run()
    watch.one(sync=sync)
    outcome.notes["struck"] += bool(counter and counter.struck)
