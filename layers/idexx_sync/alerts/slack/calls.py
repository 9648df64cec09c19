"""A call of Slack that may be given up: nothing of it is sent once it is.

What is given up goes on by itself, on a thread that may stand for as long as a look-up of a name,
or while the machine sleeps. So it is asked once it is connected and before anything is written, and
a connection over which something may be under way is cut off.
"""

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from http.client import HTTPConnection, HTTPSConnection
from threading import Lock
from typing import Any, Final
from urllib.request import (
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    Request,
    build_opener,
)

_AT_ONCE: Final = struct.pack("ii", 1, 0)
"""For SO_LINGER: what was not sent yet is not sent any more once it is closed."""


class GivenUp(ConnectionError):
    """Nobody waits for the call any more."""


class Call:
    """One call; it is made on one thread and given up on another."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._is_given_up = False
        self._sock: socket.socket | None = None

    def made[T](self, do: Callable[[], T]) -> T:
        """What `do` gives; connections of this module's opener that it makes are this call's."""
        token = _CALL.set(self)
        try:
            return do()
        finally:
            _CALL.reset(token)

    def goes_over(self, sock: socket.socket) -> None:
        """It is connected and about to be written. Raises GivenUp."""
        with self._turn:
            if self._is_given_up:
                raise GivenUp
            self._sock = sock

    def give_up(self) -> None:
        """From now on nothing of it is written; what has ended is left as it is."""
        with self._turn:
            self._is_given_up = True
            if self._sock is not None:
                with suppress(OSError):
                    self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                    # That of TLS would say good-bye first, or go on without its cover.
                    socket.socket.shutdown(self._sock, socket.SHUT_RDWR)


_CALL: Final[ContextVar[Call | None]] = ContextVar("call", default=None)


def opener() -> OpenerDirector:
    """Opens addresses as Python's own does, but follows nobody elsewhere, and each connection asks
    its call before anything is written."""
    return build_opener(_NoRedirects, _Plain, _Tls)


def _is_asked(sock: socket.socket) -> None:
    call = _CALL.get()
    if call is not None:
        call.goes_over(sock)


class _PlainConnection(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _is_asked(self.sock)


class _TlsConnection(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        _is_asked(self.sock)


class _Plain(HTTPHandler):
    def http_open(self, req: Request) -> Any:
        return self.do_open(_PlainConnection, req)


class _Tls(HTTPSHandler):
    def https_open(self, req: Request) -> Any:
        return self.do_open(_TlsConnection, req)


class _NoRedirects(HTTPRedirectHandler):
    """Slack's API is where it is."""

    def redirect_request(self, *_asked: Any) -> None:
        return None
