"""The command: which scenarios are run, on how many processes, and what is printed."""

import argparse
import json
import multiprocessing
import os
import queue
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.faults import (
    fleet,
    histories,
    kills,
    month,
    races,
    sweep_cases,
    sweep_database,
    sweep_login,
    sweep_neo,
    sweep_nights,
    timetables,
)
from tests.faults.results import Outcome, failures, figures, table
from tests.faults.rig import devoted, running_rig
from tests.faults.scenario import Scenario
from tests.kit.paths import ROOT

PROCESSES = 3
"""One more than cores: much of a scenario is waiting for what has failed."""
TOLD_EVERY = 50
SILENT_S = 600.0
"""A scenario that takes longer is taken for hanging, unless it is a long one."""
SLOWEST = 10
"""So many times as long as it takes on a quiet machine a scenario may take on a busy one."""
LOOKS_UP_S = 5.0
"""How often a worker without work looks whether the command still runs."""
FILE = ROOT / ".local" / "faults.json"


def main(words: Sequence[str]) -> int:
    wanted = _arguments(words)
    chosen = [
        scenario for scenario in _scenarios(wanted) if wanted.only.lower() in scenario.group.lower()
    ]
    if not chosen:
        print(f"--only: no group contains {wanted.only!r}", file=sys.stderr)  # noqa: T201
        return 2
    started = time.monotonic()
    outcomes = run_all(chosen, wanted.processes)
    seconds = time.monotonic() - started
    report(outcomes, seconds)
    if not (wanted.only or wanted.replay or wanted.seed is not None):
        _write(FILE, figures(outcomes, seconds))
    return int(any(outcome.failed for outcome in outcomes))


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run faults", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the long set")
    parser.add_argument("--only", default="", metavar="WORDS", help="groups that contain the words")
    parser.add_argument("--seed", type=int, help="one random history only")
    parser.add_argument("--number", type=int, default=300, help="its operations")
    parser.add_argument("--no-nights", action="store_true", help="that is never reconciled")
    parser.add_argument("--replay", metavar="FILE", help="a history that was written down")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    return parser.parse_args(words)


def _scenarios(wanted: argparse.Namespace) -> list[Scenario]:
    if wanted.replay:
        return [Scenario("Replayed history", histories.replay, {"path": wanted.replay})]
    if wanted.seed is not None:
        return [histories.seeded(wanted.seed, wanted.number, nights=not wanted.no_nights)]
    return scenarios(full=wanted.full)


def scenarios(*, full: bool) -> list[Scenario]:
    """The long set, or the short one, which has every kind of fault and fewer of its places."""
    sets = (
        month,
        fleet,
        timetables,
        histories,
        kills,
        races,
        sweep_login,
        sweep_neo,
        sweep_database,
        sweep_cases,
        sweep_nights,
    )
    return [scenario for one in sets for scenario in one.scenarios(full=full)]


def report(outcomes: Sequence[Outcome], seconds: float) -> None:
    wrong = failures(outcomes)
    if wrong:
        _say(wrong)
    _say(table(outcomes))
    failed = sum(outcome.failed for outcome in outcomes)
    _say(f"{len(outcomes) - failed} passed, {failed} failed in {seconds:.0f} s")


def run_all(scenarios: Sequence[Scenario], processes: int) -> list[Outcome]:
    """Carry the scenarios out, the long ones first, each process on a rig of its own."""
    with tempfile.TemporaryDirectory(prefix="idexx-sync-measured-") as measured:
        return _run_all(scenarios, processes, Path(measured))


def _run_all(scenarios: Sequence[Scenario], processes: int, measured: Path) -> list[Outcome]:
    context = multiprocessing.get_context("spawn")
    waiting: Any = context.Queue()
    done: Any = context.Queue()
    for scenario in sorted(scenarios, key=lambda scenario: -scenario.cost_s):
        waiting.put(scenario)
    workers = [
        context.Process(target=_work, args=(waiting, done, measured))
        for _ in range(max(1, processes))
    ]
    for worker in workers:
        waiting.put(None)
        worker.start()
    try:
        longest_s = max(scenario.cost_s for scenario in scenarios)
        return _collect(done, len(scenarios), workers, max(SILENT_S, SLOWEST * longest_s))
    finally:
        for worker in workers:
            worker.join(20)
            if worker.is_alive():
                worker.terminate()


def _collect(done: Any, number: int, workers: Sequence[Any], silent_s: float) -> list[Outcome]:
    outcomes: list[Outcome] = []
    heard = time.monotonic()
    while len(outcomes) < number:
        try:
            outcome = done.get(timeout=1)
            outcomes.append(outcome)
            heard = time.monotonic()
            if outcome.failed or len(outcomes) % TOLD_EVERY == 0:
                told = f"{len(outcomes)} of {number} done"
                print(failures([outcome]) or told, file=sys.stderr, flush=True)  # noqa: T201
        except queue.Empty:
            if time.monotonic() - heard > silent_s or not any(one.is_alive() for one in workers):
                lost = Outcome("lost", f"{number - len(outcomes)} scenarios", trouble="no answer")
                return [*outcomes, lost]
    return outcomes


def _work(waiting: Any, done: Any, measured: Path) -> None:
    """One process: a rig, and scenarios until there are no more, or nobody waits for them."""
    master = os.getppid()
    with running_rig(measured) as rig, devoted(rig):
        while (scenario := _next(waiting, master)) is not None:
            outcome = Outcome(scenario.group, scenario.name)
            started = time.monotonic()
            try:
                rig.forget_clinics()
                scenario.run(rig, outcome)
                outcome.violations += rig.traces.found(rig.folder)
            except Exception:  # noqa: BLE001 the other scenarios go on
                outcome.trouble = traceback.format_exc(limit=-4)
            outcome.seconds = time.monotonic() - started
            done.put(outcome)


def _next(waiting: Any, master: int) -> Scenario | None:
    while os.getppid() == master:
        with suppress(queue.Empty):
            scenario: Scenario | None = waiting.get(timeout=LOOKS_UP_S)
            return scenario
    return None


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201
