"""What the demo plays: two clinics, synced, changed, synced again, and compared each time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from typing import Any, Final

from psycopg import Connection

from demo.cases import begin_visits, end_visits
from demo.changes import change_the_world, prepare
from demo.clinics import Member, NoOutcome
from demo.report import Report
from demo.runs import RunFailed, Stage, not_idle, unexpected
from demo.window import Window
from local_stack.onboarding import book_by_voice
from local_stack.stack_clinics import Clinics, LocalClinic, Worlds
from oracle.appointments import appointment_differences
from oracle.cases import CaseQuestion, case_differences
from oracle.question import Question

MINUTES_BETWEEN: Final = 15
MORNING: Final = time_of_day(7, 30)
"""When it is in the simulated Neos, on the first day of the window."""


def worlds_of(window: Window) -> Worlds:
    """The Neos live in the morning of the window's first day; the service lives today, as it
    always does: for it all of these days are to come."""
    return Worlds(
        now=datetime.combine(window.first_day, MORNING),
        days_ahead=(window.last_day - window.first_day).days + 4,
    )


def play(stage: Stage, report: Report, on_board: Clinics, window: Window) -> None:
    """Every sync of both clinics; what differs from the oracle is added to the stage's outcome.

    The clinics' Neos are `worlds_of` the window. A run that fails ends the play, as a difference.
    """
    conn, steps, outcome = stage.conn, stage.steps, stage.outcome
    clinics = _members(conn, on_board.members, window)
    blocks = {member.id: prepare(member) for member in clinics}
    report.clinics(clinics, on_board.typed)
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
        report.stage("First case sync: visits become cases", stage.sync("first", clinics, "cases"))
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


def _members(
    conn: Connection[Any], on_board: Sequence[LocalClinic], window: Window
) -> list[Member]:
    """The stack's clinics, with bookings of ODIS's voice agent on the second day."""
    clinics = [Member.of(clinic, window) for clinic in on_board]
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
