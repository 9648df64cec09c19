"""What the network says while a login goes on."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from idexx_sync.pims.access import LoginOutcome
from idexx_sync.pims.neo.login.page import leads_elsewhere

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request, Response, WebSocket


_ASKING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class NavigationWatch:
    """Listens to a page: server errors, broken connections, other sites, silence, what leaves."""

    def __init__(self, page: "Page", origin: str, clock: Callable[[], float]) -> None:
        self.arrived = False
        """Whether a document has come."""
        self.sent = False
        """Whether the form has gone: a POST, or another page."""
        self.left = False
        """Whether anything has left that could hold what was typed, in whatever unusual way: an
        address that was not asked for before, another window, a socket."""
        self._asked: set[int] = set()
        self._origin = origin
        self._clock = clock
        self._open: set[Request] = set()
        self._last_stir = clock()
        self._fault: tuple[LoginOutcome, str] | None = None
        page.on("request", self._on_request)
        page.on("response", self._on_response)
        page.on("requestfinished", self._on_end)
        page.on("requestfailed", self._on_failure)
        page.on("websocket", self._on_way_out)
        page.context.on("page", self._on_way_out)
        page.context.on("request", self._on_any_request)

    def fault(self) -> tuple[LoginOutcome, str] | None:
        """What has gone wrong for certain, and its code."""
        return self._fault

    def forget(self) -> None:
        """What comes from now on belongs to the next step."""
        self._fault = None
        self.sent = self.left = False
        self._last_stir = self._clock()

    def quiet_for(self) -> float:
        """Seconds since the page last asked for anything; 0 while it waits for an answer."""
        return 0.0 if self._open else self._clock() - self._last_stir

    def _on_any_request(self, request: "Request") -> None:
        """Those of other windows too, which a form may open."""
        self.sent = self.sent or request.method not in _ASKING
        address = hash(request.url)
        self.left = self.left or self.sent or address not in self._asked
        self._asked.add(address)

    def _on_way_out(self, _opened: "WebSocket | Page") -> None:
        self.left = True

    def _on_request(self, request: "Request") -> None:
        self.sent = self.sent or _is_page(request)
        self._open.add(request)
        self._last_stir = self._clock()

    def _on_response(self, response: "Response") -> None:
        request = response.request
        matters = _is_page(request) or request.method == "POST"
        if matters and (response.status >= 500 or response.status == 429):
            self._fault = ("unavailable", f"status_{response.status}")
        elif _is_page(request) and not 300 <= response.status < 400:
            self.arrived = True

    def _on_end(self, request: "Request") -> None:
        self._open.discard(request)
        self._last_stir = self._clock()

    def _on_failure(self, request: "Request") -> None:
        self._on_end(request)
        if leads_elsewhere(request.url, self._origin):
            if _is_page(request):
                self._fault = ("challenge_required", "other_site")
        elif (_is_page(request) or request.method == "POST") and not _was_given_up(request):
            self._fault = ("unavailable", "connection")


def _is_page(request: "Request") -> bool:
    return request.is_navigation_request() and request.frame.parent_frame is None


def _was_given_up(request: "Request") -> bool:
    """The browser itself dropped the request, because the page went on."""
    return "ERR_ABORTED" in (request.failure or "")
