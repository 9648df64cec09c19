"""A TCP proxy that counts round trips, delays them, and breaks them where it is told to.

A round trip begins when the client speaks after the server has answered. A connection breaks, or it
falls silent: then nothing passes any more in either direction, and nobody is told, as when a
network loses all packets.
"""

import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

_CHUNK = 1 << 16
_COMMITTED = b"COMMIT\x00"
"""How Postgres says that a transaction is committed."""

Towards = Literal["server", "client"]


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the connection breaks; what is not named is passed on."""

    at: Literal["request", "answer", "byte", "commit"]
    """Before the nth request is passed on; after it, before its answer; at a byte of one
    direction; at the nth commit, of which the client learns nothing or only a part."""
    number: int
    towards: Towards = "server"
    """Of `byte`: the direction whose bytes count."""
    passed: int = 0
    """Of `commit`: bytes of the acknowledgement's answer that still arrive."""
    silent: bool = False
    """Whether the connection falls silent there instead of breaking."""
    for_all: bool = False
    """Of a silent one: whether all other connections, new ones included, do so with it."""


class _Broken(Exception):
    """The connection ends here."""


class _Silent(Exception):
    """Nothing passes here any more, and nobody is told."""


class CountingProxy:
    """Stands before one server and passes every byte on, unchanged, until told otherwise."""

    def __init__(self, host: str, port: int, delay_s: float = 0) -> None:
        self._target = (host, port)
        self.delay_s = delay_s
        """What each round trip takes longer than without the proxy."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.round_trips = 0
        self.connections = 0
        self.commits = 0
        self.passed: dict[Towards, int] = {"server": 0, "client": 0}
        """Bytes that arrived."""
        self.cuts = 0
        """Connections that were broken on purpose."""
        self.refusing = False
        """New connections are closed at once."""
        self.on_round_trip: Callable[[int], None] | None = None
        """Told the number of each round trip before it goes on."""
        self._cut: Cut | None = None
        self._silent_for_all = False
        self._heard_again = threading.Event()

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._listener.getsockname()[:2]
        return host, port

    def reset(self) -> None:
        """Count from zero."""
        with self._lock:
            self.round_trips = self.connections = self.commits = self.cuts = 0
            self.passed = {"server": 0, "client": 0}

    def cut(self, cut: Cut) -> None:
        """Break one connection there, counted from now on."""
        self.reset()
        self._cut = cut

    def fall_silent(self) -> None:
        """From now on nothing passes on any connection, old or new, until all is calm again."""
        self._silent_for_all = True

    def fall_silent_once(self) -> None:
        """The next connection that is used falls silent; others go on."""
        self.cut(Cut("byte", 0, silent=True))

    def calm(self) -> None:
        """No faults any more; a connection that had fallen silent breaks."""
        self._cut = None
        self.refusing = self._silent_for_all = False
        self.on_round_trip = None
        with self._lock:
            self._heard_again.set()
            self._heard_again = threading.Event()

    def break_all(self) -> None:
        """End every open connection now."""
        with self._lock:
            open_sockets = list(self._sockets)
        for one in open_sockets:
            _shut(one)

    def start(self) -> None:
        self._spawn(self._accept)

    def stop(self) -> None:
        _shut(self._listener)
        self.calm()
        self.break_all()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _spawn(self, target: Callable[..., None], *args: socket.socket) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refusing:
                client.close()
                continue
            if self._silent_for_all:
                self._spawn(self._hold, client)
                continue
            try:
                server = socket.create_connection(self._target)
            except OSError:  # nobody is there: as good as refused
                client.close()
                continue
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._sockets |= {client, server}
                self.connections += 1
            self._spawn(self._serve, client, server)

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        try:
            self._pass_on(client, server)
        except _Broken:
            with self._lock:
                self.cuts += 1
        except _Silent:
            self._heard_again.wait()
        finally:
            for one in (client, server):
                _shut(one)
            with self._lock:
                self._sockets -= {client, server}
            client.close()
            server.close()

    def _hold(self, client: socket.socket) -> None:
        """A connection that is accepted and never heard of again."""
        self._heard_again.wait()
        client.close()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        server_spoke_last = True
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ)
            selector.register(server, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    from_client = key.fileobj is client
                    begins = from_client and server_spoke_last
                    try:
                        data = (client if from_client else server).recv(_CHUNK)
                        if self._silent_for_all:
                            raise _Silent
                        if begins and data:
                            self._begin()
                        self._send(data, client, server, from_client=from_client)
                    except OSError:
                        return
                    if not data:
                        return
                    server_spoke_last = not from_client

    def _begin(self) -> None:
        """A round trip begins."""
        with self._lock:
            self.round_trips += 1
            number = self.round_trips
        if self.on_round_trip is not None:
            self.on_round_trip(number)
        if self.delay_s:
            time.sleep(self.delay_s)
        cut = self._cut
        if cut is not None and cut.at == "request" and cut.number == number:
            self._break()

    def _send(
        self, data: bytes, client: socket.socket, server: socket.socket, *, from_client: bool
    ) -> None:
        towards: Towards = "server" if from_client else "client"
        target = server if from_client else client
        cut = self._cut
        with self._lock:  # before the bytes arrive: whoever got them may set a new cut at once
            before = self.passed[towards]
            self.passed[towards] += len(data)
        if cut is not None and cut.at == "byte" and cut.towards == towards:
            left = cut.number - before
            if left < len(data):
                target.sendall(data[: max(0, left)])
                self._break()
        elif cut is not None and not from_client:
            self._cut_answer(cut, data, client)
        target.sendall(data)

    def _cut_answer(self, cut: Cut, data: bytes, client: socket.socket) -> None:
        if cut.at == "answer" and self.round_trips >= cut.number:
            self._break()
        if cut.at == "commit" and _COMMITTED in data:
            self.commits += data.count(_COMMITTED)
            if self.commits >= cut.number:
                client.sendall(data[: cut.passed])
                self._break()

    def _break(self) -> None:
        """The cut has happened: once."""
        cut, self._cut = self._cut, None
        if cut is None or not cut.silent:
            raise _Broken
        self._silent_for_all = self._silent_for_all or cut.for_all
        with self._lock:
            self.cuts += 1
        raise _Silent


def _shut(one: socket.socket) -> None:
    with suppress(OSError):  # not connected any more
        one.shutdown(socket.SHUT_RDWR)


@contextmanager
def counting_proxy(url: str, delay_s: float = 0) -> Iterator[tuple[CountingProxy, str]]:
    """A proxy before the server of a URL, and the URL that leads through it."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    proxy = CountingProxy(parts.hostname, parts.port, delay_s)
    proxy.start()
    host, port = proxy.address
    login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    try:
        yield proxy, urlunsplit(parts._replace(netloc=f"{login}{host}:{port}"))
    finally:
        proxy.stop()
