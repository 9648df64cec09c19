"""Playwright with the process that does its work, which we must be able to measure and to end."""

from types import TracebackType
from typing import TYPE_CHECKING, Any

from idexx_sync.pims.neo.login.processes import end_child

if TYPE_CHECKING:
    from playwright.sync_api import Playwright


class Driver:
    """Playwright for the thread that enters; other threads may ask for its process and end it.

    Playwright doesn't say which process it has started, and we may have started several.
    """

    def __init__(self) -> None:
        self._manager: Any = None
        self.was_ended = False
        """Somebody has ended it: there is no use in asking it for more."""

    def __enter__(self) -> "Playwright":
        from playwright.sync_api import sync_playwright

        self._manager = sync_playwright()
        started: Playwright = self._manager.__enter__()
        return started

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._manager.__exit__(kind, error, trace)

    @property
    def pid(self) -> int | None:
        """The process; None before it was started and once it is known to have ended."""
        client = getattr(self._manager, "_client", None)
        process = getattr(getattr(client, "_transport", None), "_proc", None)
        if process is None or process.returncode is not None:
            return None
        return int(process.pid)

    def end(self) -> None:
        """Kills the process; every wait of the thread for it ends with an error then."""
        self.was_ended = True
        if (pid := self.pid) is not None:
            end_child(pid)
