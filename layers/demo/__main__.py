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
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from types import FrameType
from typing import Any, Final

import httpx
import psycopg
from psycopg import Connection
from rich.console import Console

from demo.cases import begin_visits, end_visits
from demo.changes import change_the_world, prepare
from demo.clinics import WAIT_S, Member, NoOutcome
from demo.outcome import Outcome
from demo.report import Report, Steps
from demo.runs import RunFailed, Stage, not_idle, unexpected
from demo.window import Window, window_to_come
from idexx_sync.cli.app import leave_at_once
from idexx_sync.cli.exits import Exit
from local_stack.home import throw_away_home
from local_stack.onboarding import book_by_voice
from local_stack.stack import LocalStack, Manner, running_stack
from local_stack.stack_clinics import WEST, Worlds
from oracle.appointments import appointment_differences
from oracle.cases import CaseQuestion, case_differences
from oracle.question import Question

MINUTES_BETWEEN: Final = 15
MORNING: Final = time_of_day(7, 30)
"""When it is in the simulated Neos, on the first day of the window."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="./run demo",
        description="Two clinics on a simulated IDEXX Neo: synced, changed, synced again, "
        "compared. Exit code 0 only if every row, slot and case is equal.",
    )
    parser.add_argument(
        "--json", action="store_true", help="one object on standard output instead of tables"
    )
    as_json: bool = parser.parse_args(arguments).json
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    started = time.monotonic()
    outcome = Outcome()
    steps = Steps(Console(file=sys.stderr))
    report = Report(Console(file=sys.stderr if as_json else sys.stdout), steps, quiet=as_json)
    error: str | None = None
    try:
        with steps:
            play(outcome, steps, report, datetime.now(UTC).date())
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


def play(outcome: Outcome, steps: Steps, report: Report, today: date) -> None:
    """The Neos live in the morning of the window's first day; the service lives today, as it
    always does: for it all of these days are to come."""
    window = window_to_come(WEST.zone, today)
    worlds = Worlds(
        now=datetime.combine(window.first_day, MORNING),
        days_ahead=(window.last_day - window.first_day).days + 4,
    )
    with (
        throw_away_home() as place,
        running_stack(place, Manner(worlds=worlds, durable=False), steps.step) as stack,
        psycopg.connect(stack.database_url, autocommit=True) as conn,
        httpx.Client(base_url=stack.api_url, timeout=WAIT_S + 20, trust_env=False) as http,
    ):
        clinics = _members(stack, conn, window)
        blocks = {member.id: prepare(member) for member in clinics}
        report.clinics(clinics, stack.clinics.typed)
        stage = Stage(conn, http, steps, outcome)
        try:
            first = stage.sync("first", clinics)
            report.stage("First sync: a real login, everything is new", first)
            outcome.differences += _ask_oracle(conn, clinics, "after the first sync")

            steps.step("letting things happen at the clinics")
            happened = {}
            for member in clinics:
                member.neo.advance(MINUTES_BETWEEN)
                happened[member.id] = change_the_world(member, blocks[member.id])
            second = stage.sync("second", clinics)
            report.stage("Second sync, a quarter of an hour later", second)
            for done in second:
                report.happenings(done, happened[done.member.id])
                outcome.differences += unexpected(done, happened[done.member.id])

            for member in clinics:
                member.neo.advance(MINUTES_BETWEEN)
            third = stage.sync("third", clinics)
            report.stage("Third sync: nothing happened", third)
            for done in third:
                outcome.differences += unexpected(done, []) + not_idle(done)

            steps.step("asking the oracle about every row and slot")
            outcome.differences += _ask_oracle(conn, clinics, "at the end")

            visited = {member.id: begin_visits(member) for member in clinics}
            report.stage(
                "First case sync: visits become cases", stage.sync("first", clinics, "cases")
            )
            outcome.differences += _ask_oracle_of_cases(conn, clinics, "after the first case sync")
            steps.step("letting the visits end")
            ended = {}
            for member in clinics:
                member.neo.advance(MINUTES_BETWEEN)
                ended[member.id] = end_visits(member, visited[member.id])
            fourth = stage.sync("second", clinics, "cases")
            report.stage("Second case sync: their clinical records", fourth)
            for done in fourth:
                report.happenings(done, ended[done.member.id])
                outcome.differences += unexpected(done, ended[done.member.id])
            fifth = stage.sync("third", clinics, "cases")
            report.stage("Third case sync: nothing happened", fifth)
            for done in fifth:
                outcome.differences += unexpected(done, [])
            steps.step("asking the oracle about every case")
            outcome.differences += _ask_oracle_of_cases(conn, clinics, "at the end")
        except (RunFailed, NoOutcome) as failure:
            outcome.differences.append(str(failure))
        steps.step("stopping everything")


def _members(stack: LocalStack, conn: Connection[Any], window: Window) -> list[Member]:
    """The stack's clinics, with bookings of ODIS's voice agent on the second day."""
    clinics = [Member.of(clinic, window) for clinic in stack.clinics.members]
    second_day = window.first_day + timedelta(days=1)
    for member in clinics:
        booked = member.neo.book(datetime.combine(second_day, time_of_day(11)), patient="PIXEL")
        book_by_voice(conn, member.id, second_day, booked)
    return clinics


def _ask_oracle(conn: Connection[Any], clinics: list[Member], when: str) -> list[str]:
    return [
        f"{member.label}, {when}: {difference}"
        for member in clinics
        for difference in appointment_differences(
            conn,
            Question(member.id, member.first_day, member.last_day, member.rooms),
            member.neo.state(),
        )
    ]


def _ask_oracle_of_cases(conn: Connection[Any], clinics: list[Member], when: str) -> list[str]:
    today = datetime.now(UTC).date() - timedelta(days=1)  # whatever the clinic's zone
    return [
        f"{member.label}, {when}: {difference}"
        for member in clinics
        for difference in case_differences(
            conn,
            CaseQuestion(member.id, member.first_day, member.last_day, live_from=today),
            member.neo.state(),
        )
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
