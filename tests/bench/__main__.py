"""`./run bench`: measures P1 to P12, P16, P18, prints them beside their goals, and writes them."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from dev_tools.chromium import find_chromium, playwright_package
from tests.bench.authorizing import measure_authorizer
from tests.bench.earlier import measure_earlier_way
from tests.bench.figure import Figure
from tests.bench.first_run import measure_first_run
from tests.bench.growth import measure_growth
from tests.bench.imports import measure_imports
from tests.bench.looks import measure_looks
from tests.bench.memory import measure_memory
from tests.bench.reconciling import measure_reconciliation
from tests.bench.records import count_records_read_again, measure_records
from tests.bench.rig import L1, Rig, open_rig
from tests.bench.unchanged import count_writes
from tests.bench.upsert import measure_upsert
from tests.bench.warm_run import count_round_trips, measure_overhead

Measure = Callable[[Rig, int], list[Figure]]

MEASURES: Final[dict[str, Measure]] = {
    "P1": measure_overhead,
    "P2": count_round_trips,
    "P3": measure_first_run,
    "P4": measure_earlier_way,
    "P5": measure_upsert,
    "P6": count_writes,
    "P7": measure_growth,
    "P8": measure_memory,
    "P9": measure_imports,
    "P10": measure_authorizer,
    "P11": measure_records,
    "P12": count_records_read_again,
    "P16": measure_looks,
    "P18": measure_reconciliation,
}
CHOICES: Final = """the figures:
  P1  a warm sync beside a bare script that does the same
  P2  round trips of a warm, unchanged run
  P3  a first run with its login beside a bare Playwright script
  P4  the earlier service's way beside ours
  P5  the upsert beside a raw COPY
  P6  what an unchanged run writes
  P7  growth from 10 to 10,000 appointments
  P8  memory
  P9  import of each handler beside its third-party libraries
  P10 the authorizer beside one bare SELECT
  P11 a case sync of 100 consultations beside the floor of politeness
  P12 consultations that are read again
  P16 metrics and freshness of ten thousand clinics
  P18 a reconciliation of seven days beside the floor of politeness
"""
PROFILES: Final = (
    f"L1: Neo is {L1.neo_round_trip_s * 1000:.0f} ms away and takes {L1.neo_server_ms} ms to "
    f"answer, Postgres is {L1.postgres_round_trip_s * 1000:.0f} ms away; L0: no delay at all"
)
REPETITIONS: Final = 20
QUICK: Final = 3
NARROWEST: Final = 150


def main() -> None:
    arguments = parse(sys.argv[1:])
    chromium = find_chromium(os.environ, playwright_package())
    if chromium is None:
        raise SystemExit("no headless Chromium on this machine: ./run bench installs one")
    figures: list[Figure] = []
    try:
        with open_rig(chromium) as rig:
            for id_ in arguments.only:
                figures += measured(id_, rig, arguments.repetitions)
    finally:  # what was measured before something broke is worth seeing
        write(figures, arguments.output)
        show(figures)


def measured(id_: str, rig: Rig, repetitions: int) -> list[Figure]:
    say(f"measuring {id_}, {repetitions} repetitions")
    started = time.monotonic()
    figures = MEASURES[id_](rig, repetitions)
    say(f"{id_} took {time.monotonic() - started:.0f} s")
    return figures


def write(figures: Iterable[Figure], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({figure.id: figure.as_json() for figure in figures}, indent=2))
    say(f"written to {path}")


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./run bench",
        description=__doc__,
        epilog=CHOICES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", type=ids, default=list(MEASURES), metavar="P1,P5", help="only these figures"
    )
    parser.add_argument(
        "--repetitions", type=at_least_one, default=REPETITIONS, metavar="N", help="of each way"
    )
    parser.add_argument(
        "--quick",
        action="store_const",
        dest="repetitions",
        const=QUICK,
        help=f"{QUICK} repetitions: shows that it works, and no more",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(".local/bench.json"),
        metavar="FILE",
        help="where the figures go as JSON (%(default)s)",
    )
    return parser.parse_args(words)


def ids(text: str) -> list[str]:
    wanted = text.upper().split(",")
    if strange := set(wanted) - set(MEASURES):
        raise argparse.ArgumentTypeError(
            f"{', '.join(sorted(strange))}: there are {', '.join(MEASURES)}"
        )
    return [id_ for id_ in MEASURES if id_ in wanted]


def at_least_one(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def show(figures: Iterable[Figure]) -> None:
    spread = "low - high: quartiles of the repetitions; of counts: fewest and most"
    table = Table(caption=f"{spread}\n{PROFILES}")
    for name in ("id", "what", "value", "low - high", "goal", "", "against, how"):
        table.add_column(name, justify="right" if name in ("value", "goal") else "left")
    for figure in figures:
        measured = figure.measured
        table.add_row(
            figure.id,
            figure.what,
            f"{number(measured.value)} {figure.unit}",
            f"{number(measured.low)} - {number(measured.high)}",
            goal_of(figure),
            {True: "met", False: "MISSED", None: ""}[figure.is_met],
            figure.against,
        )
    console = Console()
    console.width = max(console.width, NARROWEST)
    console.print(table)


def goal_of(figure: Figure) -> str:
    if figure.goal is None:
        return ""
    return f"{'>=' if figure.at_least else '<='} {figure.goal:g}"


def number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.2f}"


def say(text: str) -> None:
    sys.stderr.write(f"bench: {text}\n")


if __name__ == "__main__":
    main()
