"""A TCP proxy that counts round trips, and delays them where it is told to.

A round trip begins when the client speaks after the server has answered.
"""

import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

_CHUNK = 1 << 16


class CountingProxy:
    """Stands before one server and passes every byte on, unchanged."""

    def __init__(self, host: str, port: int, delay_s: float = 0) -> None:
        self._target = (host, port)
        self.delay_s = delay_s
        """What each round trip takes longer than without the proxy."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = [self._listener]
        self._lock = threading.Lock()
        self.round_trips = 0
        self.connections = 0

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._listener.getsockname()[:2]
        return host, port

    def reset(self) -> None:
        with self._lock:
            self.round_trips = self.connections = 0

    def start(self) -> None:
        self._spawn(self._accept)

    def stop(self) -> None:
        for open_socket in self._sockets:
            with suppress(OSError):  # not connected any more
                open_socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for open_socket in self._sockets:
            open_socket.close()

    def _spawn(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server = socket.create_connection(self._target)
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets += [client, server]
            with self._lock:
                self.connections += 1
            self._spawn(self._pass_on, client, server)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        other = {client: server, server: client}
        server_spoke_last = True
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ)
            selector.register(server, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    source = key.fileobj
                    assert isinstance(source, socket.socket)
                    begins = source is client and server_spoke_last
                    try:
                        data = source.recv(_CHUNK)
                        if begins and self.delay_s:
                            time.sleep(self.delay_s)
                        other[source].sendall(data)
                    except OSError:
                        data = b""
                    if not data:
                        with suppress(OSError):  # closed by its peer
                            other[source].shutdown(socket.SHUT_RDWR)
                        return
                    if begins:
                        with self._lock:
                            self.round_trips += 1
                    server_spoke_last = source is server


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
