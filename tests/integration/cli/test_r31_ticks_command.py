"""R31: `idexx-sync ticks` tells what became of scheduled times, and lists what did not run."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from tests.kit.bench import Bench
from tests.kit.command_line import CommandLine
from tests.kit.rows import add_job


@pytest.fixture
def missed(bench: Bench) -> UUID:
    """The job of a tick of 7 in the clinic's morning, beside one that ran and one that was late."""
    due = bench.now - timedelta(hours=1)
    for hours, status in ((1, "succeeded"), (2, "skipped_stale")):
        before = due - timedelta(hours=hours)
        add_job(bench.conn, bench.clinic_id, due, status, scheduled_time=before)
    return add_job(
        bench.conn, bench.clinic_id, due, "missed", scheduled_time=due, made_up_by=uuid4()
    )


def test_r31_the_command_line_tells_how_many_ran_by_sync(
    bench: Bench, idexx_sync: CommandLine, missed: UUID
) -> None:
    shown = idexx_sync("ticks", width=200)

    assert shown.code == 0
    assert "inbound: fewer than 99.9% of those due ran: idexx-sync ticks --missed" in shown.out
    assert "33.33%" in shown.out
    assert str(missed) not in shown.out
    assert idexx_sync("ticks", "--sync", "cases", "--json").json["syncs"][0]["due"] == 0


@pytest.mark.parametrize("width", [50, 80])
def test_r31_on_a_narrow_terminal_no_number_is_torn_apart(
    idexx_sync: CommandLine, missed: UUID, width: int
) -> None:
    shown = idexx_sync("ticks", width=width).out

    assert "reconciliation\n" in shown
    assert "Due 3  Ran 1  Missed 1  Skipped 1  Made up 1" in shown


def test_r31_those_that_did_not_run_are_listed_newest_first_with_what_makes_them_up(
    bench: Bench, idexx_sync: CommandLine, missed: UUID
) -> None:
    shown = idexx_sync("ticks", "--missed", width=200).out
    data = idexx_sync("ticks", str(bench.clinic_id), "--missed", "--limit", "1", "--json").json

    assert shown.index(str(missed)) < shown.index("skipped stale")
    assert "made up by" in shown
    assert "not made up" in shown
    assert [one["id"] for one in data["not_run"]] == [str(missed)]


def test_r31_a_tick_that_was_given_up_before_its_run_is_listed_and_one_that_died_running_is_not(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    due = bench.now - timedelta(hours=1)
    given_up = add_job(
        bench.conn, bench.clinic_id, due, "dead", scheduled_time=due, started_at=None
    )
    before = due - timedelta(hours=1)
    died = add_job(bench.conn, bench.clinic_id, before, "dead", scheduled_time=before)

    shown = idexx_sync("ticks", bench.clinic_id, "--missed", width=200).out

    assert str(given_up) in shown
    assert str(died) not in shown
    assert f"idexx-sync ticks {bench.clinic_id} --missed --sync inbound" in shown


def test_r31_where_every_tick_ran_the_list_says_so(idexx_sync: CommandLine) -> None:
    assert "No tick is known that did not run." in idexx_sync("ticks", "--missed").out
