"""Axiom, where lines of the log go: one request within two seconds, and none after that."""

import contextlib
import gzip
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, Protocol

from idexx_sync.core.kept import Kept, KeptSettings
from idexx_sync.core.settings import AxiomSettings, load

SHIPS_FOR_S: Final = 2.0
"""All of it: settings, the library, look-up, connection, and the whole answer."""


class Way(Protocol):
    """Takes lines away; gives how many of them did not arrive. Raises whatever it likes, and
    LinesRefused if it is known that none was taken."""

    def __call__(self, lines: Sequence[str]) -> int: ...

    def break_off(self) -> None:
        """End what is under way, from another thread, as far as that can be done."""


class LinesRefused(Exception):
    """Axiom has answered, and has taken nothing."""

    def __init__(self, status: int) -> None:
        super().__init__(f"axiom_{status}")
        self.status = status

    @property
    def may_pass(self) -> bool:
        """Whether the same lines may be taken a little later."""
        return self.status >= 500 or self.status in (408, 429)


class Axiom:
    """One dataset; the library is loaded when the first lines are sent."""

    def __init__(self, settings: AxiomSettings) -> None:
        self._settings = settings
        self._made: Any = None
        self._connection: Any = None

    def __call__(self, lines: Sequence[str]) -> int:
        from axiom_py.client import AxiomError, ContentEncoding, ContentType, IngestOptions

        try:
            told = self._client().ingest(
                self._settings.axiom_dataset,
                gzip.compress("\n".join(lines).encode()),
                ContentType.NDJSON,
                ContentEncoding.GZIP,
                IngestOptions(timestamp_field="timestamp"),
            )
        except AxiomError as error:  # it quotes what was answered
            status = int(error.status)
        else:
            return int(told.failed)
        raise LinesRefused(status)

    def break_off(self) -> None:
        """The answer may drip for as long as it likes, each byte within its time."""
        sock = getattr(self._connection, "sock", None)
        if isinstance(sock, socket.socket):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # below TLS, which another one reads

    def _client(self) -> Any:
        if self._made is None:
            from axiom_py import Client

            token = self._settings.axiom_token
            assert token is not None
            client = Client(
                token.get_secret_value(),
                url=self._settings.axiom_url,
                edge=self._settings.axiom_edge,
            )
            # The library tries for twelve seconds, and a line that came twice would count twice.
            client.session.trust_env = False
            client.session.request = partial(client.session.request, timeout=SHIPS_FOR_S)
            client.session.max_redirects = 0
            for adapter in client.session.adapters.values():
                # Without a list of its own of what to repeat, it tells the status.
                adapter.max_retries = adapter.max_retries.new(total=0, status_forcelist=())
                pools = adapter.poolmanager.pool_classes_by_scheme
                adapter.poolmanager.pool_classes_by_scheme = {
                    scheme: _telling(pool, self._connected) for scheme, pool in pools.items()
                }
            self._made = client
        return self._made

    def _connected(self, connection: Any) -> None:
        self._connection = connection


def _telling(pool: Any, told: Callable[[Any], None]) -> Any:
    """A pool of connections like this one, of each of which somebody is told once it stands."""

    def connect(self: Any) -> None:
        pool.ConnectionCls.connect(self)
        told(self)

    made = type("Connection", (pool.ConnectionCls,), {"connect": connect})
    return type("Pool", (pool,), {"ConnectionCls": made})


def _way_made(settings: AxiomSettings) -> Way | None:
    return None if settings.axiom_token is None else Axiom(settings)


process_axiom: Final[Kept[AxiomSettings, Way | None]] = Kept(
    KeptSettings(lambda: load(AxiomSettings)), _way_made, lambda _made: None
)
"""By which the process's lines go to Axiom; None where no token is set."""
