"""What the demo plays: two clinics, synced, changed, synced again, and compared each time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from typing import Any, Final

from psycopg import Connection

from demo.cases import begin_visits, end_visits
from demo.changes import change_the_world, prepare
from demo.clinics import Member, NoOutcome
from demo.nights import (
    AFTERWARDS,
    AS_EXPECTED,
    Operator,
    book_yesterday,
    found_of,
    let_happen,
    otherwise,
    statuses,
)
from demo.report import Report
from demo.runs import WELL, RunFailed, Stage, not_idle, unexpected
from demo.ticks import Schedules
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


def play(
    stage: Stage,
    report: Report,
    on_board: Clinics,
    window: Window,
    schedules: Schedules | None = None,
) -> None:
    """Every sync of both clinics; what differs from the oracle is added to the stage's outcome.

    The clinics' Neos are `worlds_of` the window. A run that fails ends the play, as a difference.
    Without `schedules` nothing runs by itself.
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
        awaited = [] if schedules is None else schedules.begin(clinics)
        _nights(stage, report, clinics, Operator(stage.http, on_board.operator_key))
        if schedules is not None:
            outcome.differences += schedules.end(awaited, report)
    except (RunFailed, NoOutcome) as failure:
        outcome.differences.append(str(failure))


def _nights(stage: Stage, report: Report, clinics: Sequence[Member], operator: Operator) -> None:
    """Yesterday is synced, much happens, and two nights look at it."""
    conn, steps, outcome = stage.conn, stage.steps, stage.outcome
    nights = [book_yesterday(member) for member in clinics]
    lately = [night.member for night in nights]
    stage.sync("yesterday's", lately)
    stage.sync("yesterday's", lately, "cases")
    steps.step("letting things happen that no other sync is to find")
    for night in nights:
        let_happen(conn, night)
    first = stage.sync("first", lately, "reconciliation", operator.night, (*WELL, "held"))
    report.stage("First reconciliation: yesterday beside Neo", first)
    for night, done in zip(nights, first, strict=True):
        found = found_of(night, operator.discrepancies(done.job))
        report.night(night, found)
        wanted = {name: outcome for name, (_, _, outcome) in AS_EXPECTED.items()}
        outcome.differences += otherwise(night, found, wanted)
        night.member.neo.undelete(night.visits["back"])
    approved = stage.sync("approved", lately, "reconciliation", operator.approve_open_hold)
    report.stage(
        "Second reconciliation: what was held is approved, what is back comes back", approved
    )
    for night in nights:
        outcome.differences += otherwise(night, statuses(conn, night), AFTERWARDS)


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
