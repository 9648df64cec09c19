"""Plain HTTP to Neo: what goes out, and in which way it may fail."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from idexx_sync.core.errors import (
    DeadlineExceeded,
    PimsSlow,
    PimsUnavailable,
    ShapeChanged,
    SyncError,
)
from idexx_sync.pims.access import StoredSession
from idexx_sync.pims.neo.http.transport import HttpTransport, address, belongs_to

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """A server on the loopback that answers each GET in this way; its origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def reply(handler: BaseHTTPRequestHandler, body: bytes, **headers: str) -> None:
    handler.send_response(200)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def cookie(**changes: Any) -> dict[str, Any]:
    return {
        "name": "neo_session",
        "value": "hush-7319",
        "domain": "127.0.0.1",
        "path": "/",
        "expires": -1,
        "httpOnly": True,
        "secure": False,
        **changes,
    }


def transport(origin: str, *cookies: dict[str, Any], **limits: Any) -> HttpTransport:
    session = StoredSession(list(cookies), "Mozilla/5.0 (ours)", datetime.now(UTC))
    defaults = {"connections": 1, "timeout_s": 5.0, "time_left": lambda: 100.0}
    return HttpTransport(origin, session, **{**defaults, **limits})


def headers_sent(*cookies: dict[str, Any], path: str = "/x") -> dict[str, str]:
    seen: dict[str, str] = {}

    def answer(handler: BaseHTTPRequestHandler) -> None:
        seen.update({name.lower(): value for name, value in handler.headers.items()})
        seen["target"] = handler.path
        reply(handler, b"{}")

    with answering(answer) as origin:
        asking = transport(origin, *cookies)
        asking.get(path, {"start": "2026-05-04 00:00:00"})
        asking.close()
    return seen


def test_it_asks_as_the_browser_that_logged_in_would() -> None:
    sent = headers_sent(cookie())

    assert sent["cookie"] == "neo_session=hush-7319"
    assert sent["user-agent"] == "Mozilla/5.0 (ours)"
    assert sent["accept"] == "application/json"
    assert sent["x-requested-with"] == "XMLHttpRequest"
    assert sent["target"] == "/x?start=2026-05-04%2000%3A00%3A00"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (cookie(domain="other.example"), None),
        (cookie(path="/elsewhere"), None),
        (cookie(expires=1.0), None),
        (cookie(secure=True), None),
        (cookie(expires=4102444800.5), "neo_session=hush-7319"),
    ],
)
def test_only_cookies_of_this_clinic_go_out(given: dict[str, Any], sent: str | None) -> None:
    assert headers_sent(given).get("cookie") == sent


@pytest.mark.parametrize("value", ["canary\u00e9", "canary\u6f22", "canary\r\nX: y", "canary\0"])
def test_a_cookie_that_no_header_can_hold_keeps_no_other_from_going_out(value: str) -> None:
    assert (
        headers_sent(cookie(name="odd", value=value), cookie())["cookie"] == "neo_session=hush-7319"
    )


def test_no_proxy_of_the_environment_comes_between(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    assert headers_sent(cookie())["cookie"] == "neo_session=hush-7319"


def test_no_log_quotes_a_cookie_or_an_address(caplog: pytest.LogCaptureFixture) -> None:
    """httpx tells of each address and httpcore of each header, if they are let."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        reply(handler, b"{}", Set_Cookie="neo_session=hush-7319")

    with caplog.at_level(logging.DEBUG), answering(answer) as origin:
        asking = transport(origin, cookie())
        asking.get("/x", {"id": "600101"})
        asking.close()
    assert "hush-7319" not in caplog.text
    assert "600101" not in caplog.text


@pytest.mark.parametrize(
    ("domain", "belongs"),
    [
        ("us.idexxneo.com", True),
        (".us.idexxneo.com", True),
        (".idexxneo.com", True),
        ("idexxneo.com", False),
        (".neo.com", False),
        ("uk.idexxneo.com", False),
        ("", False),
    ],
)
def test_a_cookie_belongs_to_its_host(domain: str, belongs: bool) -> None:
    assert belongs_to("us.idexxneo.com", {"domain": domain}) is belongs


def test_the_host_may_have_no_dot() -> None:
    seen: list[str | None] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.headers.get("Cookie"))
        reply(handler, b"{}")

    with answering(answer) as origin:
        asking = transport(origin.replace("127.0.0.1", "localhost"), cookie(domain="localhost"))
        asking.get("/x", {})
        asking.close()
    assert seen == ["neo_session=hush-7319"]


def test_redirects_are_answers() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "/login")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with answering(answer) as origin:
        asking = transport(origin)
        got = asking.get("/x", {"a": "1"})
        asking.close()
    assert (got.status, got.url, got.headers["location"]) == (302, f"{origin}/x?a=1", "/login")


def hangs(_: BaseHTTPRequestHandler) -> None:
    threading.Event().wait(0.6)


def drips(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    for _ in range(20):
        handler.wfile.write(b" ")
        threading.Event().wait(0.05)


def ends_early(handler: BaseHTTPRequestHandler) -> None:
    reply(handler, b"{", Content_Length="2")


def is_too_large(handler: BaseHTTPRequestHandler) -> None:
    reply(handler, b" " * 5000)


def is_not_gzip(handler: BaseHTTPRequestHandler) -> None:
    reply(handler, b"{}", Content_Encoding="gzip")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (hangs, PimsSlow),
        (drips, PimsSlow),
        (ends_early, PimsUnavailable),
        (lambda _: None, PimsUnavailable),
        (is_not_gzip, PimsUnavailable),
        (is_too_large, ShapeChanged),
    ],
)
def test_each_failure_is_explained_and_holds_no_cookie(
    answer: Answer, kind: type[SyncError]
) -> None:
    def quietly(handler: BaseHTTPRequestHandler) -> None:
        try:
            answer(handler)
        except OSError:
            handler.close_connection = True

    with answering(quietly) as origin:
        asking = transport(origin, cookie(), timeout_s=0.3, largest_body=4096)
        with pytest.raises(kind) as caught:
            asking.get("/x", {})
        asking.close()
    assert "hush-7319" not in repr(caught.value) + repr(vars(caught.value))
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_what_is_left_of_the_run_bounds_the_wait() -> None:
    with answering(hangs) as origin:
        asking = transport(origin, timeout_s=30, time_left=lambda: 0.2)
        with pytest.raises(PimsSlow):
            asking.get("/x", {})
        asking.close()


def test_without_time_nothing_is_asked() -> None:
    asking = transport("http://127.0.0.1:9", time_left=lambda: 0.0)
    with pytest.raises(DeadlineExceeded):
        asking.get("/x", {})
    asking.close()


def test_nobody_there_is_unavailable() -> None:
    with answering(hangs) as origin:
        pass
    asking = transport(origin)
    with pytest.raises(PimsUnavailable):
        asking.get("/x", {})
    asking.close()


def test_blanks_and_colons_are_escaped_as_neos_pages_do() -> None:
    assert address("https://neo.example", "/x", {"q": "a b:c&d"}) == (
        "https://neo.example/x?q=a%20b%3Ac%26d"
    )


@pytest.mark.parametrize(
    "silent", ["before the answer", "between bytes of the head", "in the body"]
)
def test_r27_an_answer_that_does_not_end_is_given_up_in_time(silent: str) -> None:
    """A byte now and then is no answer: only the whole counts."""
    over = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if silent == "before the answer":
            over.wait(10)
        elif silent == "in the body":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        else:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        ends = time.monotonic() + 10
        while not over.wait(0.1) and time.monotonic() < ends:
            handler.wfile.write(b"x")

    with answering(answer) as origin, closing(transport(origin, timeout_s=0.4)) as asking:
        began = time.monotonic()
        with pytest.raises(PimsSlow):
            asking.get("/x", {})
        took = time.monotonic() - began
        over.set()

    assert took < 3
