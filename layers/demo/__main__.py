"""`./run demo`: two clinics on a simulated IDEXX Neo, synced, changed, synced again, compared.

The whole service runs as the deployed template says; each clinic orders its syncs through the
HTTP API with its own key, and the worker logs in with a real headless Chromium. Tables go to
standard output and progress to standard error; with --json standard output holds one object. Exit
code 0 only if every row, slot and case is as the oracle says.
"""

import argparse
import json
import signal
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from types import FrameType

import httpx
import psycopg
from rich.console import Console

from demo.clinics import WAIT_S
from demo.outcome import Outcome
from demo.play import play, worlds_of
from demo.report import Report, Steps
from demo.runs import Stage
from demo.ticks import Schedules
from demo.window import window_to_come
from dev_tools.image.unpacked import FOLDER, why_not_built, why_not_here
from idexx_sync.cli.app import leave_at_once
from idexx_sync.cli.exits import Exit
from local_stack.home import throw_away_home
from local_stack.stack import Manner, running_stack
from local_stack.stack_clinics import WEST


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="./run demo",
        description="Two clinics on a simulated IDEXX Neo: synced, changed, synced again, "
        "compared. Exit code 0 only if every row, slot and case is equal.",
    )
    parser.add_argument(
        "--json", action="store_true", help="one object on standard output instead of tables"
    )
    parser.add_argument(
        "--image",
        action="store_true",
        help="run the functions in the image that ./run image build has built",
    )
    options = parser.parse_args(arguments)
    as_json: bool = options.json
    images = FOLDER if options.image else None
    if images is not None and (reason := why_not_here() or why_not_built(images)):
        print(f"demo: {reason}", file=sys.stderr)
        return 1
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    started = time.monotonic()
    outcome = Outcome()
    steps = Steps(Console(file=sys.stderr))
    report = Report(Console(file=sys.stderr if as_json else sys.stdout), steps, quiet=as_json)
    error: str | None = None
    try:
        with steps:
            show(outcome, steps, report, datetime.now(UTC).date(), images)
    except KeyboardInterrupt:
        print("demo: interrupted; everything is stopped", file=sys.stderr)
        error = "interrupted"
    except Exception as failure:
        error = type(failure).__name__
        if not as_json:
            raise
        print(f"demo: {error}: {failure}", file=sys.stderr)
    equal = error is None and not outcome.differences
    seconds = time.monotonic() - started
    if as_json:
        more = {} if error is None else {"error": error}
        jobs = [done.data for done in outcome.jobs]
        answer = {"equal": equal, "differences": outcome.differences, "jobs": jobs}
        print(json.dumps({**answer, "seconds": round(seconds, 2), **more}, indent=2))
    elif error is None:
        report.verdict(outcome.differences, seconds)
    if error == "interrupted":
        leave_at_once(Exit.INTERRUPTED)
    return 0 if equal else 1


def _leave(_number: int, _frame: FrameType | None) -> None:
    """A polite end is an interrupt too: what runs is stopped on the way out."""
    raise KeyboardInterrupt


def show(outcome: Outcome, steps: Steps, report: Report, today: date, images: Path | None) -> None:
    """The whole service for the time of the play."""
    window = window_to_come(WEST.zone, today)
    manner = Manner(worlds=worlds_of(window), durable=False, images=images)
    with (
        throw_away_home() as place,
        running_stack(place, manner, steps.step) as stack,
        psycopg.connect(stack.database_url, autocommit=True) as conn,
        httpx.Client(base_url=stack.api_url, timeout=WAIT_S + 20, trust_env=False) as http,
    ):
        schedules = Schedules(
            conn, http, stack.aws, stack.deployed.outputs["DeadLetterQueueUrl"], steps
        )
        play(Stage(conn, http, steps, outcome), report, stack.clinics, window, schedules)
        steps.step("stopping everything")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
