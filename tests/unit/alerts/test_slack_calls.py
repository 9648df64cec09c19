"""A call of Slack that is given up: nothing more of it is written."""

import socket
from contextlib import suppress
from http.client import HTTPSConnection
from urllib.error import URLError
from urllib.request import AbstractHTTPHandler

import pytest

from idexx_sync.alerts.slack.calls import Call, GivenUp, opener


def connected() -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection over TCP."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
    theirs.settimeout(5)
    return ours, theirs


def test_what_is_connected_too_late_is_not_written() -> None:
    ours, theirs = connected()
    call = Call()
    call.give_up()

    with ours, theirs, pytest.raises(GivenUp):
        call.goes_over(ours)


def test_what_is_under_way_is_cut_off() -> None:
    ours, theirs = connected()
    call = Call()
    call.goes_over(ours)
    ours.sendall(b"half of ")

    call.give_up()

    with ours, theirs:
        with pytest.raises(OSError, match=r"\w"):
            ours.sendall(b"a message")
        assert theirs.recv(100) in (b"half of ", b"")


def test_what_has_ended_is_left_as_it_is() -> None:
    ours, theirs = connected()
    call = Call()
    call.goes_over(ours)
    ours.close()
    theirs.close()

    call.give_up()


def test_both_ways_to_an_address_ask_their_call(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[type] = []

    def do_open(_handler: object, connection: type, _request: object) -> None:
        asked.append(connection)

    monkeypatch.setattr(AbstractHTTPHandler, "do_open", do_open)

    for scheme in ("http", "https"):
        with suppress(URLError):
            opener().open(f"{scheme}://slack.invalid/api/")

    assert [one.__module__ for one in asked] == ["idexx_sync.alerts.slack.calls"] * 2
    assert [issubclass(one, HTTPSConnection) for one in asked] == [False, True]
