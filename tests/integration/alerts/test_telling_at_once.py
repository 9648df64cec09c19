"""Passes beside each other, calls that nobody waits for any more, and clocks that are wrong: all is
told, and nothing twice."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from pydantic import SecretStr

from idexx_sync.alerts.alert_store import acknowledge
from idexx_sync.alerts.slack import client as slack_client
from idexx_sync.alerts.slack import message_store
from idexx_sync.database.connection import Conn, connect
from idexx_sync.upkeep import telling_store
from local_stack.sinks.trouble import Trouble
from tests.kit.database import as_role, query
from tests.kit.rows import add_alert
from tests.kit.slack_bench import Bench


def at_once(bench: Bench, number: int, do: Callable[[Conn], object]) -> None:
    """So many do it, each over a connection of its own."""
    together = threading.Barrier(number)
    with ExitStack() as stack:
        conns = [
            stack.enter_context(connect(SecretStr(as_role(bench.url, "upkeep"))))
            for _ in range(number)
        ]

        def done(conn: Conn) -> None:
            together.wait()
            do(conn)

        threads = [threading.Thread(target=done, args=(conn,)) for conn in conns]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def test_two_watchdogs_at_once_tell_everything_once(bench: Bench) -> None:
    for _ in range(5):
        add_alert(bench.owner, bench.clinic())

    at_once(bench, 2, lambda conn: bench.tells(conn))
    bench.tells()

    assert len(bench.shown) == 5
    assert message_store.waiting(bench.conn)[0] == 0


def test_a_change_that_several_find_at_once_is_one_message(bench: Bench) -> None:
    alert = add_alert(bench.owner, bench.clinic())
    bench.tells()
    for number in range(10):
        acknowledge(bench.conn, alert, "Kim")
        bench.owner.execute(
            "UPDATE idexx_sync.alerts SET acknowledged_by = %s WHERE id = %s",
            (f"Kim {number}", alert),
        )

        at_once(bench, 4, message_store.make_due)

        assert message_store.waiting(bench.conn)[0] == 1
        bench.owner.execute(
            "UPDATE idexx_sync.messages SET sent_at = idexx_sync.clock(), channel = 'C0ENGINEERS', "
            "place = '1.1' WHERE sent_at IS NULL"
        )


def test_a_message_leaves_by_one_pass_only(bench: Bench) -> None:
    add_alert(bench.owner, bench.clinic())
    message_store.make_due(bench.conn)
    (one,) = message_store.unsent(bench.conn, 1)

    left = [message_store.leaves(bench.conn, one.id, 0, "C0ENGINEERS", None) for _ in range(2)]

    assert [doubt is not None for doubt in left] == [True, False]


def test_what_another_pass_has_sent_meanwhile_is_not_sent(bench: Bench) -> None:
    """It had the turn for too long, as one whose machine slept."""
    for _ in range(2):
        add_alert(bench.owner, bench.clinic())

    def other_pass(_seconds: float) -> None:
        bench.owner.execute("DELETE FROM idexx_sync.places")
        with connect(SecretStr(as_role(bench.url, "upkeep"))) as conn:
            assert bench.tells(conn) == {"messages_sent": 1}

    bench.paused = _Asks(other_pass)

    assert bench.tells() == {"messages_sent": 1}
    assert len(bench.shown) == 2


class _Asks(list[float]):
    def __init__(self, do: Callable[[float], None]) -> None:
        super().__init__()
        self._do = do

    def append(self, seconds: float, /) -> None:
        self._do(seconds)


def test_a_pass_that_was_cut_off_keeps_its_turn_for_a_while_only(bench: Bench) -> None:
    add_alert(bench.owner, bench.clinic())
    assert telling_store.take_turn(bench.conn) is not None
    assert bench.tells() == {}

    bench.owner.execute(
        "UPDATE idexx_sync.places SET place = jsonb_set(place, '{until}', "
        "to_jsonb((place -> 'until')::numeric - %s))",
        (telling_store.TURN_S,),
    )

    assert bench.tells() == {"messages_sent": 1}
    assert len(bench.shown) == 1


@pytest.mark.parametrize("place", ['{"until": 1e300}', '{"until": "soon"}', "[]", "7", None])
def test_a_turn_that_can_not_be_read_is_nobodys(bench: Bench, place: str | None) -> None:
    for name in (telling_store.TURN, telling_store.HELD_BACK):
        bench.owner.execute(
            "INSERT INTO idexx_sync.places (name, place) VALUES (%s, %s)", (name, place)
        )
    add_alert(bench.owner, bench.clinic())

    assert bench.tells() == {"messages_sent": 1}


def test_a_turn_that_is_over_ends_no_other_one(bench: Bench) -> None:
    first = telling_store.take_turn(bench.conn)
    assert first is not None
    bench.owner.execute("DELETE FROM idexx_sync.places")
    assert telling_store.take_turn(bench.conn) is not None

    telling_store.end_turn(bench.conn, first)

    assert telling_store.take_turn(bench.conn) is None


@pytest.mark.parametrize("held", ["getaddrinfo", "create_connection"])
def test_a_call_that_was_given_up_before_it_was_connected_sends_nothing_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, held: str
) -> None:
    """As after a sleep of the machine, or a look-up of a name that takes longer than we wait."""
    monkeypatch.setattr(slack_client, "LONGEST_S", 0.5)
    real, let_go, late = getattr(socket, held), threading.Event(), list[threading.Thread]()

    def slow(*asked: Any, **more: Any) -> Any:
        me = threading.current_thread()
        if me.name == "in-time" and not late:
            late.append(me)
            let_go.wait(20)
        return real(*asked, **more)

    monkeypatch.setattr(socket, held, slow)
    alert = add_alert(bench.owner, bench.clinic())

    assert bench.tells() == {"messages_unanswered": 1}
    assert bench.tells() == {"messages_sent": 1}  # it is not there, so it goes again
    let_go.set()
    late[0].join(10)
    time.sleep(0.3)  # until what has left has arrived

    assert not late[0].is_alive()
    assert len(bench.sinks.slack.of_alert(alert)) == 1


def test_a_clock_that_is_years_ahead_silences_nobody(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_alert(bench.owner, bench.clinic())
    bench.sinks.troubles.next(Trouble("status", status=429, seconds=90))
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 10 * 365 * 86_400)

    assert bench.tells() == {"messages_held_back": 1}
    monkeypatch.undo()
    assert bench.tells() == {}
    bench.waits(91)

    assert bench.tells() == {"messages_sent": 1}


def test_what_a_clock_that_was_wrong_has_kept_is_not_believed(bench: Bench) -> None:
    add_alert(bench.owner, bench.clinic())
    telling_store.hold_back(bench.conn, 30)
    assert bench.tells() == {}

    bench.waits(-10 * 365 * 86_400)

    assert bench.tells() == {"messages_sent": 1}


@pytest.mark.parametrize(
    ("told", "least", "most"),
    [
        ("9" * 5000, 3599, 3600),
        ("0" * 5000 + "7", 6, 7),
        ("0", 0, 1),
        ("Sun, 03 May 2026 08:00:00 GMT", 29, 30),
        ("-5", 29, 30),
    ],
)
def test_whatever_slack_says_how_long_to_wait_some_time_is_waited(
    bench: Bench, told: str, least: float, most: float
) -> None:
    add_alert(bench.owner, bench.clinic())
    bench.sinks.troubles.next(Trouble("status", status=429, retry_after=told))

    assert bench.tells() == {"messages_held_back": 1}

    (row,) = query(
        bench.owner,
        "SELECT (place -> 'until')::float8 - extract(epoch FROM clock_timestamp())::float8 AS left "
        "FROM idexx_sync.places WHERE name = 'slack'",
    )
    assert least - 2 < row["left"] <= most
