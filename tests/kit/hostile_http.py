"""A server that answers as no server should, byte by byte over real sockets.

Each path is one way; whoever asks gets it for as long as the connection or the server lasts.
"""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Final

PAUSE_S: Final = 0.02
"""Between two bytes that drip."""
BLANKS: Final = 4 * 1024 * 1024
"""Bytes that a bomb becomes."""

_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_CHUNKED: Final = _OK + b"Transfer-Encoding: chunked\r\n"


def _of_length(body: bytes, *more: bytes, length: int | None = None) -> bytes:
    said = b"Content-Length: %d" % (len(body) if length is None else length)
    return _OK + b"\r\n".join([said, *more]) + b"\r\n\r\n" + body


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@cache
def _bomb() -> bytes:
    return gzip.compress(b" " * BLANKS, 1)


DRIPS: Final = {
    "/drip/status": (b"HTTP/1.1 200 ", b"O"),
    "/drip/head": (_OK + b"X-Long: ", b"x"),
    "/drip/heads": (_OK, b"X: y\r\n"),
    "/drip/body": (_of_length(b"", length=9_999_999), b" "),
    "/drip/chunks": (_CHUNKED + b"\r\n", _chunk(b" ")),
    "/drip/chunk_head": (_CHUNKED + b"\r\n1;", b"x"),
    "/drip/trailer": (_CHUNKED + b"\r\n" + _chunk(b"{}") + b"0\r\nX-Late: ", b"x"),
    "/drip/gzip": (
        _CHUNKED + b"Content-Encoding: gzip\r\n\r\n" + _chunk(gzip.compress(b"")[:10]),
        _chunk(b"\x00\x00\x00\xff\xff"),
    ),
    "/drip/until_closed": (_OK + b"\r\n", b" "),
}
"""Path -> what comes at once, and what then comes again and again, with a pause before each."""
FLOODS: Final = {
    "/flood/100": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "/flood/102": (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "/flood/103": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"),
    "/flood/gzip": (
        _CHUNKED + b"Content-Encoding: gzip\r\n\r\n" + _chunk(gzip.compress(b"")[:10]),
        _chunk(b"\x00\x00\x00\xff\xff" * 100),
    ),
    "/flood/body": (_CHUNKED + b"\r\n", _chunk(b" " * 65536)),
}
"""Likewise without a pause."""
INFORMING: Final = ("/flood/100", "/flood/102", "/flood/103")
NOTHING_PACKED: Final = "/flood/gzip"
"""It never becomes any content."""
SILENT: Final = "/silent"
HONEST: Final = "/honest"
AT_ONCE: Final[dict[str, Callable[[], bytes]]] = {
    HONEST: lambda: _of_length(b"{}"),
    "/large/head": lambda: _OK + b"X-Large: " + b"x" * 1_000_000 + b"\r\n\r\n",
    "/large/heads": lambda: _OK + b"".join(b"X-%d: y\r\n" % n for n in range(50_000)) + b"\r\n",
    "/large/gzip": lambda: _of_length(_bomb(), b"Content-Encoding: gzip"),
    "/large/gzip_chunked": lambda: (
        _CHUNKED + b"Content-Encoding: gzip\r\n\r\n" + _chunk(_bomb()) + b"0\r\n\r\n"
    ),
    "/large/gzip_twice": lambda: _of_length(
        gzip.compress(_bomb()), b"Content-Encoding: gzip, gzip"
    ),
    "/large/gzip_and_more": lambda: _of_length(
        gzip.compress(b"{}") + bytes(1_000_000), b"Content-Encoding: gzip"
    ),
    "/large/values": lambda: _of_length(b"[" + b"{}," * 20_000 + b"{}]"),
    "/large/depth": lambda: _of_length(b"[" * 1_000 + b"]" * 1_000),
    "/lie/longer": lambda: _of_length(b"{}", length=20),
    "/lie/shorter": lambda: _of_length(b"{}}}}}", length=2),
    "/lie/twice": lambda: _of_length(b"{}", b"Content-Length: 7"),
    "/lie/negative": lambda: _of_length(b"{}", length=-2),
    "/lie/chunk": lambda: _CHUNKED + b"\r\nffffffffffffffffffff\r\n{}",
    "/lie/gzip_part": lambda: _of_length(
        gzip.compress(b" " * 1000)[:-9], b"Content-Encoding: gzip"
    ),
}
"""Path -> the whole answer, after which the connection is closed."""


@contextmanager
def hostile_site() -> Iterator[str]:
    """The server's origin."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        accepting = threading.Thread(target=_accept, args=(listening, over), daemon=True)
        accepting.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            over.set()
            with suppress(OSError):
                socket.create_connection(listening.getsockname(), 1).close()
            accepting.join()


def _accept(listening: socket.socket, over: threading.Event) -> None:
    while True:
        conn, _ = listening.accept()
        if over.is_set():
            conn.close()
            return
        threading.Thread(target=_serve, args=(conn, over), daemon=True).start()


def _serve(conn: socket.socket, over: threading.Event) -> None:
    with conn, suppress(OSError, IndexError):
        head = b""
        while b"\r\n\r\n" not in head:
            if not (part := conn.recv(65536)):
                return
            head += part
        _answer(conn, head.split(b" ", 2)[1].decode().partition("?")[0], over)


def _answer(conn: socket.socket, path: str, over: threading.Event) -> None:
    if path in AT_ONCE:
        conn.sendall(AT_ONCE[path]())
        return
    first, again = {**DRIPS, **FLOODS}.get(path, (b"", b""))
    conn.sendall(first)
    pause = 0 if path in FLOODS else PAUSE_S
    while not over.wait(pause):
        conn.sendall(again)
