"""Sockets for httpx whose waits end with the request that makes them.

httpx bounds each single wait for the network: a server that sends a byte now and then, or one that
takes its time at every step, could hold a request for ever. Imported where it is used, as httpx is.
"""

import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx


class BoundedTransport(httpx.HTTPTransport):
    """httpx's own transport; `within` bounds what the calling thread asks of it as a whole."""

    def __init__(self, tls: ssl.SSLContext, *, connections: int) -> None:
        super().__init__(verify=tls, trust_env=False)
        self._network = _Network()
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            max_connections=connections,
            keepalive_expiry=httpx.Limits().keepalive_expiry,
            network_backend=self._network,
        )

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Everything that this thread does in the block takes so long at most."""
        self._network.ends.at = time.monotonic() + seconds
        yield


class _Network(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._sockets = httpcore.SyncBackend()
        self.ends = threading.local()
        """`at`: the moment at which the thread's request has to be over."""

    def left(self, timeout: float | None, too_late: type[Exception]) -> float | None:
        """Seconds that the thread's next wait may take."""
        left: float = self.ends.at - time.monotonic()
        if left <= 0:
            raise too_late
        return left if timeout is None else min(left, timeout)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        wait = self.left(timeout, httpcore.ConnectTimeout)
        opened = self._sockets.connect_tcp(host, port, wait, local_address, socket_options)
        return _Stream(opened, self)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, network: _Network) -> None:
        self._stream = stream
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._network.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._network.left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        wait = self._network.left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, wait), self._network)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
