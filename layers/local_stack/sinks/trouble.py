"""What goes wrong between us and a service on the net, played by a sink over real sockets."""

import threading
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["slow", "hangs", "drips", "breaks", "loses_answer", "status", "html", "redirect"]
"""It answers late, never, byte by byte; it breaks before it has read; it does what was asked and
breaks before it says so; it answers with a status, a page, or another address."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One kind of trouble."""

    kind: Kind
    seconds: float = 0
    """Of `slow`; of `status` 429, what `Retry-After` says."""
    status: int = 500
    retry_after: str | None = None
    """Of `status` 429, where it is no number."""


@dataclass
class Troubles:
    """What goes wrong with the next requests."""

    _turn: threading.Lock = field(default_factory=threading.Lock)
    _ahead: list[Trouble | None] = field(default_factory=list)
    _always: Trouble | None = None
    let_go: threading.Event = field(default_factory=threading.Event)
    """Set when the sink ends, so that what hangs does not keep it."""

    def always(self, trouble: Trouble | None) -> None:
        """With each request from now on; None: all goes well again."""
        with self._turn:
            self._always, self._ahead = trouble, []

    def next(self, *troubles: Trouble | None) -> None:
        """With the next requests, one after the other; those after them go well."""
        with self._turn:
            self._ahead = list(troubles)

    def take(self) -> Trouble | None:
        with self._turn:
            return self._ahead.pop(0) if self._ahead else self._always
