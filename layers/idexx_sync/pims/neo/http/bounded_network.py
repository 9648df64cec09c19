"""Sockets for httpx whose waits end with the request that makes them.

httpx bounds each single wait for the network: a server that sends a byte now and then, or one that
takes its time at every step, could hold a request for ever. Of a host's addresses each may be
waited for, and its name without end. Imported where it is used, as httpx is.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from idexx_sync.core.in_time import in_time


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

    def require_time(self) -> None:
        """Raises httpx.ReadTimeout where the thread's time is over, though nothing was awaited."""
        if self._network.seconds_left() <= 0:
            raise httpx.ReadTimeout("what came took too long")


class _Network(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._sockets = httpcore.SyncBackend()
        self.ends = threading.local()
        """`at`: the moment at which the thread's request has to be over."""

    def seconds_left(self) -> float:
        ends: float = self.ends.at
        return ends - time.monotonic()

    def left(self, timeout: float | None, too_late: type[Exception]) -> float:
        """Seconds that the thread's next wait may take."""
        left = self.seconds_left()
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
        failure: Exception = httpcore.ConnectError("the name has no address")
        addresses = self._addresses(host, port, timeout)
        for tried, address in enumerate(addresses):
            wait = self.left(timeout, httpcore.ConnectTimeout) / (len(addresses) - tried)
            try:
                opened = self._sockets.connect_tcp(
                    address, port, wait, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(opened, self)
        raise failure

    def _addresses(self, host: str, port: int, timeout: float | None) -> list[str]:
        """Those of the host; nobody bounds how long its name servers are asked."""
        wait = self.left(timeout, httpcore.ConnectTimeout)
        try:
            found = in_time(wait, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except TimeoutError:
            raise httpcore.ConnectTimeout from None
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from None
        return [str(address[0]) for *_, address in found]


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
