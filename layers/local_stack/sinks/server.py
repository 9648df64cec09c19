"""The sinks' HTTP server: Slack's and Axiom's addresses on this machine, and a page of each."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from local_stack.sinks.axiom import AxiomSink
from local_stack.sinks.lines_page import lines_page
from local_stack.sinks.page import page
from local_stack.sinks.slack import SlackSink
from local_stack.sinks.trouble import Trouble, Troubles

_INGEST: Final = re.compile(r"/v1/(?:datasets/(?P<old>[\w.-]+)/ingest|ingest/(?P<new>[\w.-]+))")
_DRIP_S: Final = 0.2
MOST_BODY: Final = 20_000_000


@dataclass
class Sinks:
    """What arrives on this machine in place of Slack and Axiom."""

    url: str
    slack: SlackSink = field(default_factory=SlackSink)
    axiom: AxiomSink = field(default_factory=AxiomSink)
    troubles: Troubles = field(default_factory=Troubles)
    elsewhere: list[str | None] = field(default_factory=list)
    """With which authorization somebody followed to another address."""

    @property
    def slack_url(self) -> str:
        return f"{self.url}/api/"

    @property
    def page_url(self) -> str:
        return f"{self.url}/messages"

    @property
    def lines_url(self) -> str:
        return f"{self.url}/lines"


@contextmanager
def running_sinks(port: int = 0) -> Iterator[Sinks]:
    """Both, for the time of the block."""
    server = _Server(("127.0.0.1", port), _Handler)
    server.daemon_threads = True
    sinks = server.sinks = Sinks(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, name="sinks", daemon=True)
    thread.start()
    try:
        yield sinks
    finally:
        sinks.troubles.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    sinks: Sinks
    block_on_close = False


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        if self.path == "/elsewhere":
            self.server.sinks.elsewhere.append(self.headers.get("Authorization"))
        asked = urlsplit(self.path)
        match asked.path:
            case "/" | "/messages":
                shown = page(self.server.sinks.slack.posted)
            case "/lines":
                shown = lines_page(
                    list(self.server.sinks.axiom.events), dict(parse_qsl(asked.query))
                )
            case _:
                self._served(b"")
                return
        self._answer(200, shown, "text/html; charset=utf-8")

    def do_POST(self) -> None:
        trouble = self.server.sinks.troubles.take()
        length = int(self.headers.get("Content-Length") or 0)
        if trouble is not None and trouble.kind == "breaks":
            self._break_off()
            return
        body = self.rfile.read(min(length, MOST_BODY))
        self._served(body, trouble)

    def log_message(self, *_arguments: Any) -> None:
        """Nothing is logged: what arrives is looked at instead."""

    def _served(self, body: bytes, trouble: Trouble | None = None) -> None:
        match trouble:
            case Trouble(kind="hangs"):
                self.server.sinks.troubles.let_go.wait()
                self._break_off()
                return
            case Trouble(kind="slow", seconds=seconds):
                self.server.sinks.troubles.let_go.wait(seconds)
            case Trouble(kind="status", status=status, seconds=seconds, retry_after=after):
                waits = {"Retry-After": after or f"{seconds:.0f}"} if status == 429 else {}
                self._answer(status, b'{"ok":false,"error":"ratelimited"}', **waits)
                return
        if trouble is not None and trouble.kind == "html":
            self._answer(200, b"<html>a page of somebody between</html>", "text/html")
            return
        if trouble is not None and trouble.kind == "redirect":
            self._answer(302, b"", Location=f"{self.server.sinks.url}/elsewhere")
            return
        status, answer = self._done(body)
        told = json.dumps(answer).encode()
        if trouble is not None and trouble.kind == "loses_answer":
            self._break_off()
        elif trouble is not None and trouble.kind == "drips":
            self._drip(told)
        else:
            self._answer(status, told)

    def _done(self, body: bytes) -> tuple[int, dict[str, Any]]:
        parts = urlsplit(self.path)
        ingest = _INGEST.fullmatch(parts.path)
        if ingest is not None:
            dataset = ingest["old"] or ingest["new"]
            return self.server.sinks.axiom.ingest(dataset, dict(self.headers.items()), body)
        if parts.path.startswith("/api/"):
            given = {**dict(parse_qsl(parts.query)), **self._given(body)}
            bearer = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            method = parts.path.removeprefix("/api/")
            return 200, self.server.sinks.slack.call(method, bearer or None, given)
        return 404, {"ok": False, "error": "not_found"}

    def _given(self, body: bytes) -> dict[str, Any]:
        if "json" in (self.headers.get("Content-Type") or ""):
            with suppress(ValueError):
                found = json.loads(body)
                return found if isinstance(found, dict) else {}
            return {}
        return dict(parse_qsl(body.decode(errors="replace")))

    def _answer(
        self, status: int, body: bytes, kind: str = "application/json", **headers: str
    ) -> None:
        with suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    def _drip(self, body: bytes) -> None:
        with suppress(OSError):
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            for byte in body:
                if self.server.sinks.troubles.let_go.wait(_DRIP_S):
                    break
                self.wfile.write(bytes([byte]))
                self.wfile.flush()

    def _break_off(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.close()
