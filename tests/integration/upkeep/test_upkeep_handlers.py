"""The handlers of the upkeep as Lambda calls them: what comes back, and how long they work."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.dead_letters import handler as dead_letters
from functions.watchdog import handler as watchdog
from idexx_sync.core import logs
from idexx_sync.core.errors import DatabaseUnavailable
from idexx_sync.upkeep.dead_letters import Message
from idexx_sync.upkeep.dead_letters import take_in as take_in_really
from idexx_sync.upkeep.watchdog import watch as watch_really
from idexx_sync.upkeep.wiring import RESERVE_S
from tests.kit.database import as_role
from tests.kit.upkeep import letter, letters, upkeep_process


class Invocation:
    """What Lambda tells of it: the time that is left."""

    def __init__(self, left_s: float) -> None:
        self.left_s = left_s

    def get_remaining_time_in_millis(self) -> int:
        return int(self.left_s * 1000)


@pytest.fixture(autouse=True)
def process(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with upkeep_process(monkeypatch, as_role(database, "upkeep")):
        yield


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    (handler,) = logs.logger().handlers
    monkeypatch.setattr(handler, "stream", stream)
    return stream


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_a_message_comes_back_alone_if_it_was_not_taken_in(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:

    def take_in(conn: Any, message: Message) -> Any:
        if message.id == "message-1":
            raise DatabaseUnavailable("as told", code="told")
        return take_in_really(conn, message)

    monkeypatch.setattr(dead_letters, "take_in", take_in)

    answer = dead_letters.handler(letters("{}", "{}", "no JSON"), Invocation(60))

    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
    last = lines(log)[-1]
    assert (last["counts"], last["failed"]) == ({"parked": 2}, 1)


def test_nobody_is_left_out_when_all_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def take_in(_conn: Any, _message: Message) -> Any:
        raise DatabaseUnavailable("as told", code="told")

    monkeypatch.setattr(dead_letters, "take_in", take_in)

    answer = dead_letters.handler(letters("{}", "{}"), Invocation(60))

    assert [one["itemIdentifier"] for one in answer["batchItemFailures"]] == [
        "message-0",
        "message-1",
    ]


def test_a_message_is_handed_on_with_its_body_and_the_attributes_that_are_texts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Message] = []

    def take_in(conn: Any, message: Message) -> Any:
        seen.append(message)
        return take_in_really(conn, message)

    monkeypatch.setattr(dead_letters, "take_in", take_in)
    odd = letter(1, "[]", ERROR_CODE="ResourceNotFound")
    odd["messageAttributes"] |= {
        "bytes": {"binaryValue": "AAAA", "dataType": "Binary"},
        "nothing": None,
    }
    bare = letter(2, "")
    del bare["messageAttributes"]

    dead_letters.handler({"Records": [letter(0, "{}"), odd, bare]}, Invocation(60))

    assert seen == [
        Message("message-0", "{}", {}),
        Message("message-1", "[]", {"ERROR_CODE": "ResourceNotFound"}),
        Message("message-2", "", {}),
    ]


def test_a_batch_ends_before_lambda_does_and_what_is_left_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    invocation = Invocation(60)

    def take_in(conn: Any, message: Message) -> Any:
        taken = take_in_really(conn, message)
        invocation.left_s = RESERVE_S if message.id == "message-1" else invocation.left_s
        return taken

    monkeypatch.setattr(dead_letters, "take_in", take_in)

    answer = dead_letters.handler(letters("1", "2", "3", "4"), invocation)

    assert [one["itemIdentifier"] for one in answer["batchItemFailures"]] == [
        "message-2",
        "message-3",
    ]
    invocation.left_s = 60
    assert dead_letters.handler(letters("5"), invocation) == {"batchItemFailures": []}


def test_a_pass_knows_how_long_it_may_take(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[float] = []

    def watch(conn: Any, time_left: Any, *more: Any) -> Any:
        left.append(time_left())
        return watch_really(conn, time_left, *more)

    monkeypatch.setattr(watchdog, "watch", watch)

    answer = watchdog.handler({"any": "event"}, Invocation(50))

    assert left == [50 - RESERVE_S]
    assert answer["complete"] is True
    last = lines(log)[-1]
    assert (last["counts"], last["complete"]) == (answer["counts"], True)
    assert len(lines(log)) == 1


def test_a_pass_for_which_no_time_is_left_is_an_error_of_ours_and_the_next_one_works() -> None:
    with pytest.raises(DatabaseUnavailable):
        watchdog.handler({}, Invocation(RESERVE_S))

    assert watchdog.handler({}, Invocation(50))["complete"] is True


@pytest.mark.parametrize("queues", [None, "no JSON", '{"inbound": 7}'])
def test_a_pass_without_its_queues_does_everything_else(
    log: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    queues: str | None,
) -> None:
    monkeypatch.delenv("IDEXX_SYNC_TICK_QUEUES")
    if queues is not None:
        monkeypatch.setenv("IDEXX_SYNC_TICK_QUEUES", queues)
    left: list[float] = []

    def watch(conn: Any, time_left: Any, *more: Any) -> Any:
        left.append(time_left())
        return watch_really(conn, time_left, *more)

    monkeypatch.setattr(watchdog, "watch", watch)

    watchdog.handler({}, Invocation(50))

    assert left
    first = lines(log)[0]
    assert first["message"] == "queues not set up"
    assert "IDEXX_SYNC_TICK_QUEUES" in first["error_message"]
    assert '"StepsRefused":[1.0]' in capsys.readouterr().out
