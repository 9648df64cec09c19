"""Log lines on their way to Axiom: kept while an event is worked on, sent once at its end.

A sandbox is frozen the moment its handler returns, so nothing is left for later; and a sync must
not wait for its own log. So there is one request within two seconds, which raises nothing: lines
that it does not bring there are counted, and told by the next one. They are in CloudWatch anyway.
"""

import gzip
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from threading import Lock
from typing import Any, Final, Protocol

from idexx_sync.core.errors import SyncError
from idexx_sync.core.in_time import in_time
from idexx_sync.core.kept import Kept, KeptSettings
from idexx_sync.core.logs import SERVICE, logger
from idexx_sync.core.measures import measure
from idexx_sync.core.settings import AxiomSettings, load
from idexx_sync.core.words import type_of

SHIPS_FOR_S: Final = 2.0
"""All of it: settings, the library, look-up, connection, and the whole answer."""
MOST_LINES: Final = 500
"""Of one event; a run writes about four."""
MOST_BYTES: Final = 500_000


class Way(Protocol):
    """Takes lines away; gives how many of them did not arrive. Raises whatever it likes."""

    def __call__(self, lines: Sequence[str]) -> int: ...


@dataclass(frozen=True, slots=True)
class Taken:
    """What was kept, and how many lines were lost since it was taken last, and why."""

    lines: list[str]
    lost: int
    why: str


class KeptLines(logging.Handler):
    """The lines of the event that is worked on; what is too much is counted."""

    def __init__(self) -> None:
        super().__init__()
        self._turn = Lock()
        self._lines: list[str] = []
        self._bytes = 0
        self._lost = 0
        self._why = ""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 who logs must not fail of it
            self.give_up(1, "not to be written")
            return
        with self._turn:
            if len(self._lines) >= MOST_LINES or self._bytes + len(line) > MOST_BYTES:
                self._lost, self._why = self._lost + 1, "too many at once"
                return
            self._lines.append(line)
            self._bytes += len(line)

    def take(self) -> Taken:
        with self._turn:
            taken = Taken(self._lines, self._lost, self._why)
            self._lines, self._bytes, self._lost = [], 0, 0
            return taken

    def give_up(self, lost: int, why: str) -> None:
        """So many did not arrive."""
        with self._turn:
            self._lost, self._why = self._lost + lost, why


class Axiom:
    """One dataset; the library is loaded when the first lines are sent."""

    def __init__(self, settings: AxiomSettings) -> None:
        self._settings = settings
        self._made: Any = None

    def __call__(self, lines: Sequence[str]) -> int:
        from axiom_py.client import ContentEncoding, ContentType, IngestOptions

        told = self._client().ingest(
            self._settings.axiom_dataset,
            gzip.compress("\n".join(lines).encode()),
            ContentType.NDJSON,
            ContentEncoding.GZIP,
            IngestOptions(timestamp_field="timestamp"),
        )
        return int(told.failed)

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
                adapter.max_retries = adapter.max_retries.new(total=0)
            self._made = client
        return self._made


def _way_made(settings: AxiomSettings) -> Way | None:
    return None if settings.axiom_token is None else Axiom(settings)


process_axiom: Final[Kept[AxiomSettings, Way | None]] = Kept(
    KeptSettings(lambda: load(AxiomSettings)), _way_made, lambda _made: None
)
"""By which the process's lines go to Axiom; None where no token is set."""


class Shipping:
    """What keeps a process's lines while an event is worked on, and sends them at its end."""

    def __init__(self, way: Callable[[], Way | None], seconds: float = SHIPS_FOR_S) -> None:
        self._way = way
        self._seconds = seconds
        self._kept = KeptLines()

    def begin(self) -> None:
        """Keep lines from now on."""
        log = logger()
        self._kept.setFormatter(log.handlers[0].formatter)
        log.addHandler(self._kept)

    def end(self) -> None:
        """Keep none any more, send those that were kept, and say what did not arrive the last
        time. Raises nothing."""
        taken = self._kept.take()
        if taken.lost:
            logger().warning("log lines not shipped", count=taken.lost, error_message=taken.why)
        lines = [*taken.lines, *self._kept.take().lines]
        logging.getLogger(SERVICE).removeHandler(self._kept)
        if not lines:
            return
        failed, why = len(lines), ""
        try:
            if taken.lost:
                measure({"LinesNotShipped": taken.lost})
            failed, why = in_time(self._seconds, lambda: self._sent(lines)), "refused"
        except SyncError as error:
            why = error.message
        except Exception as error:  # noqa: BLE001 a log that does not arrive is nobody's failure
            why = type_of(error)
        if failed:
            self._kept.give_up(failed, why)

    def _sent(self, lines: Sequence[str]) -> int:
        way = self._way()
        return 0 if way is None else way(lines)


process_shipping: Final = Shipping(process_axiom)


def shipped[Event, Answer](
    handler: Callable[[Event, Any], Answer], shipping: Shipping = process_shipping
) -> Callable[[Event, Any], Answer]:
    """The handler, whose lines are sent when it has ended, however it did."""

    @wraps(handler)
    def shipping_handler(event: Event, context: Any) -> Answer:
        shipping.begin()
        try:
            return handler(event, context)
        finally:
            shipping.end()

    return shipping_handler
