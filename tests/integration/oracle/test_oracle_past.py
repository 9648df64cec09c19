"""The oracle of days that are over: silent once all is put right, loud on what is not.

Rows and cases come from real runs, over days that are over by then; Neo is changed after them, and
what a reconciliation has to do is done by hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import Connection

from idexx_sync.jobs.model import new_order
from idexx_sync.jobs.params import WindowParams
from idexx_sync.jobs.runner import run_job
from idexx_sync.jobs.wiring import make_dependencies
from idexx_sync.syncs.cases.sync import CaseSync
from idexx_sync.syncs.inbound.sync import InboundSync
from local_stack.onboarding import bring_on_board, store_in_odis, user_in_odis
from local_stack.postgres import Postgres
from local_stack.stack_clinics import DESERT
from neo_simulator.client import Simulator
from oracle.cases import KEY, CaseQuestion, case_differences
from oracle.past import past_appointment_differences
from oracle.question import Question
from tests.kit.business_time import set_business_time
from tests.kit.settings import make_settings

State = dict[str, Any]

NOW = datetime(2026, 3, 5, 19, 30, tzinfo=UTC)
FIRST, YESTERDAY, TODAY, LAST = (date(2026, 2, 26), *(date(2026, 3, day) for day in (4, 5, 7)))
PAST_DAYS = WindowParams(first_day=FIRST, last_day=LAST)
NAMES = ("stays", "goes", "moves", "off", "seen")
"""The past's visits, each by what is going to happen to it; `seen` is over and finalised."""


@dataclass(frozen=True)
class Past:
    conn: Connection[Any]
    question: Question
    state: State
    visits: dict[str, str]
    block: str

    def rows(self, state: State | None = None, **asked: Any) -> list[str]:
        question = replace(self.question, **asked)
        return past_appointment_differences(self.conn, question, state or self.state)

    def cases(self, state: State | None = None, **asked: Any) -> list[str]:
        question = CaseQuestion(self.question.clinic_id, FIRST, LAST, FIRST, reconciled_until=TODAY)
        return case_differences(self.conn, replace(question, **asked), state or self.state)

    def changed(self, name: str, **facts: Any) -> State:
        """The state in which something has become of one visit."""
        visits = [
            one | facts if one["id"] == self.visits[name] else one for one in self.state["visits"]
        ]
        return {**self.state, "visits": visits}

    def write(self, name: str, change: str, table: str = "schedule_appointments") -> None:
        if table == "cases":
            self.conn.execute(
                f"UPDATE cases SET {change} WHERE id = (SELECT case_id FROM idexx_sync.case_keys "
                "WHERE clinic_id = %s AND external_id = %s)",
                (self.question.clinic_id, KEY + self.visits[name]),
            )
        else:
            key = self.visits.get(name, name)
            self.conn.execute(
                f"UPDATE schedule_appointments SET {change} "
                "WHERE clinic_id = %s AND neo_appointment_id = %s",
                (self.question.clinic_id, key),
            )


@pytest.fixture(scope="module")
def conn(postgres: Postgres, prepared: str) -> Iterator[Connection[Any]]:
    """One database for all of this module."""
    postgres.create_database("compared_past", template=prepared)
    with psycopg.connect(postgres.dsn("compared_past"), autocommit=True) as connection:
        yield connection
    postgres.drop_database("compared_past")


@pytest.fixture(scope="module")
def synced(
    conn: Connection[Any], postgres: Postgres, simulator: Simulator, chromium_path: Path
) -> Iterator[Past]:
    neo = simulator.create_company(
        zone=DESERT.zone,
        now=NOW.astimezone(ZoneInfo(DESERT.zone)).replace(tzinfo=None),
        generate=False,
    )
    settings = make_settings(
        postgres.dsn("compared_past"), neo_hosts=(neo.base_url,), chromium_path=str(chromium_path)
    )
    clinic_id = store_in_odis(conn, DESERT)
    bring_on_board(settings, clinic_id, neo, None, user_in_odis(conn, clinic_id))
    conn.execute(
        "UPDATE idexx_sync.clinic_settings SET live_from = %s WHERE clinic_id = %s",
        (FIRST, clinic_id),
    )
    visits = {
        name: neo.book(f"2026-03-0{2 + n % 3} 1{n}:00", patient=f"PET {n}")
        for n, name in enumerate(NAMES)
    }
    neo.start_consultation(visits["seen"])
    neo.finalise(visits["seen"])
    block = neo.book_block(datetime(2026, 3, 3, 12), datetime(2026, 3, 3, 13))  # noqa: DTZ001
    set_business_time(conn, NOW)
    dependencies = make_dependencies(settings, retried=False)
    for order, sync in (
        (new_order(clinic_id, "inbound", "cli", PAST_DAYS), InboundSync()),
        (new_order(clinic_id, "cases", "cli", PAST_DAYS), CaseSync()),
    ):
        job = run_job(order, sync, dependencies)
        assert job.error_kind is None, job.error_message
    dependencies.database.close()
    yield Past(conn, Question(clinic_id, FIRST, YESTERDAY), neo.state(), visits, block)
    neo.remove()


@pytest.fixture
def past(synced: Past) -> Iterator[Past]:
    """All that a test writes is undone."""
    with synced.conn.transaction(force_rollback=True):
        yield synced


def test_what_is_right_is_no_difference(past: Past) -> None:
    assert past.rows() == []
    assert past.cases() == []
    assert past.cases(live_from=None, reconciled_until=None) == [
        f"{past.visits['seen']}: status is completed, should be reviewed"
    ]


# Rows --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"deleted": True}, "should not be there on 2026-03-03: it was deleted in Neo"),
        ({"status_now": "cancelled"}, "status is scheduled; it was cancelled in Neo"),
    ],
)
def test_a_row_of_what_was_called_off_goes_or_says_so(past: Past, facts: State, why: str) -> None:
    state, key = past.changed("goes", **facts), past.visits["goes"]
    assert past.rows(state) == [f"{key}: {why}"]

    past.write("goes", "status = 'cancelled'")
    assert past.rows(state) == []
    past.write("goes", "status = 'scheduled', deleted_at = now()")
    assert past.rows(state) == []


def test_a_row_that_neo_does_not_know_goes(past: Past) -> None:
    past.write("goes", "neo_appointment_id = '1'")

    assert past.rows() == ["1: should not be there on 2026-03-03: Neo does not have it"]


def test_a_block_that_is_gone_goes(past: Past) -> None:
    blocks = [{**one, "deleted": True} for one in past.state["blocks"]]
    key = f"{past.block}@2026-03-03 12:00:00"

    found = past.rows({**past.state, "blocks": blocks})

    assert found == [f"{key}: should not be there on 2026-03-03: it was deleted in Neo"]


def test_a_row_is_when_neo_says(past: Past) -> None:
    key = past.visits["moves"]
    moved = {"start": "2026-03-02 08:00:00", "end": "2026-03-02 09:00:00"}
    state = past.changed("moves", **moved)

    assert past.rows(state) == [
        f"{key}: date is 2026-03-04, should be 2026-03-02",
        f"{key}: start_time is 12:00:00, should be 08:00:00",
        f"{key}: end_time is 12:30:00, should be 09:00:00",
    ]
    past.write("moves", "date = '2026-03-02', start_time = '08:00', end_time = '09:00'")
    assert past.rows(state) == []


def test_a_row_whose_visit_came_back_is_there(past: Past) -> None:
    past.write("goes", "deleted_at = now()")

    assert past.rows() == [f"{past.visits['goes']}: is removed, and Neo has it on 2026-03-03"]


@pytest.mark.parametrize("facts", [{"deleted": True}, {"status_now": "cancelled"}])
def test_a_finalised_row_may_stay(past: Past, facts: State) -> None:
    state = past.changed("seen", **facts)

    assert past.rows(state) == []
    past.write("seen", "deleted_at = now()")
    assert past.rows(state) == []


def test_what_is_only_told_is_no_difference(past: Past) -> None:
    past.write("stays", "status = 'no_show', client_name = 'SOMEBODY', room_id = '9'")
    past.conn.execute(
        "DELETE FROM schedule_appointments WHERE neo_appointment_id = %s", (past.visits["goes"],)
    )

    assert past.rows() == []


def test_a_room_that_does_not_count_is_left_alone(past: Past) -> None:
    moved = past.changed("moves", start="2026-03-02 08:00:00", end="2026-03-02 09:00:00", room="9")
    assert len(past.rows(moved)) == 3
    assert past.rows(moved, rooms=["3"]) == []
    cancelled = past.changed("goes", status_now="cancelled", room="9")
    assert past.rows(cancelled, rooms=["3"]) == []

    past.write("goes", "deleted_at = now()")
    assert len(past.rows(past.changed("goes", room="9"))) == 1
    assert past.rows(past.changed("goes", room="9"), rooms=["3"]) == []


# Cases -------------------------------------------------------------------------------------------

MARKED = """metadata = jsonb_set(jsonb_set(metadata, '{pimsAppointment,status}', '"cancelled"'),
    '{reconciliation}', '{"softDeleted": true, "reason": "deleted_in_neo"}')"""


def test_the_case_of_a_deleted_visit_is_closed(past: Past) -> None:
    state, key = past.changed("goes", deleted=True), past.visits["goes"]
    why = "it was deleted in Neo"

    assert past.cases(state, reconciled_until=None) == []
    assert past.cases(state) == [
        f"{key}: status is draft, should be reviewed: {why}",
        f"{key}: pimsAppointment.status is Late, should be cancelled: {why}",
        f"{key}: is not marked as removed: {why}",
    ]
    past.write("goes", f"status = 'reviewed', {MARKED}", "cases")
    assert past.cases(state) == []


def test_the_case_of_a_visit_that_neo_does_not_know_is_closed(past: Past) -> None:
    visits = [one for one in past.state["visits"] if one["id"] != past.visits["goes"]]

    found = past.cases({**past.state, "visits": visits})

    assert {text.rpartition(": ")[2] for text in found} == {"Neo does not have it"}


def test_the_case_of_a_cancelled_visit_that_is_not_shown_is_closed(past: Past) -> None:
    cancelled = past.changed("off", cancelled=True, status_now="cancelled")["visits"]
    shown = [one for one in cancelled if not one["cancelled"]]
    hidden = [one for one in cancelled if one["cancelled"]]
    state = {**past.state, "visits": shown, "hidden": hidden}

    assert len(past.cases(state)) == 2
    past.write("off", f"status = 'reviewed', {MARKED}", "cases")
    assert past.cases(state) == []


@pytest.mark.parametrize("how", ["finalised", "completed", "edited", "later day"])
def test_some_cases_of_deleted_visits_stay(past: Past, how: str) -> None:
    name = "seen" if how == "finalised" else "goes"
    state = past.changed(name, deleted=True)
    asked: dict[str, Any] = {}
    if how == "completed":
        past.write(name, "status = 'completed'", "cases")
    if how == "edited":
        asked["edited"] = {past.visits[name]: {"status"}}
    if how == "later day":
        asked["reconciled_until"] = date(2026, 3, 2)

    assert past.cases(state, **asked) == []


def test_a_case_whose_visit_is_there_carries_no_mark(past: Past) -> None:
    past.write("stays", MARKED, "cases")

    assert (
        f"{past.visits['stays']}: reconciliation says that the visit is gone, and Neo has it"
        in past.cases()
    )


def test_a_case_whose_visit_was_moved_far_away_follows(past: Past) -> None:
    state = past.changed("moves", start="2026-05-02 08:00:00", end="2026-05-02 09:00:00")

    (found,) = past.cases(state)

    assert "scheduled_at is 2026-03-04" in found
    with past.conn.transaction(force_rollback=True):
        past.write("moves", "scheduled_at = '2026-05-02 15:00Z'", "cases")
        assert past.cases(state) == []
    past.write("moves", f"status = 'reviewed', {MARKED}", "cases")
    assert past.cases(state) == []  # nobody asks for it before its day is read


def test_of_a_visit_that_was_moved_far_away_and_cancelled_the_case_is_closed(past: Past) -> None:
    elsewhere: State = {"start": "2026-05-02 08:00:00", "end": "2026-05-02 09:00:00"}
    state = past.changed("moves", cancelled=True, **elsewhere)

    assert len(past.cases(state)) == 2
    past.write("moves", f"status = 'reviewed', {MARKED}", "cases")
    assert past.cases(state) == []
