"""The tests' gateway behind real sockets, for callers that speak HTTP themselves."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

from tests.kit.gateway import STAGE, Gateway, Response


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    """With its query."""
    headers: Mapping[str, str]
    """By lower-case name."""
    body: str | None


Answering = Callable[[Request], Response]


@dataclass
class Server:
    """Answers one request at a time, and remembers them all."""

    answering: Answering
    port: int = 0
    seen: list[Request] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    @property
    def url(self) -> str:
        """As a caller knows it, with the stage."""
        return f"http://127.0.0.1:{self.port}/{STAGE}"

    def answer(self, request: Request) -> Response:
        with self.lock:
            self.seen.append(request)
            return self.answering(request)


def of_gateway(gateway: Gateway) -> Answering:
    """What the gateway answers; below another path than its stage's there is nothing of ours."""

    def answer(request: Request) -> Response:
        if not request.path.startswith(f"/{STAGE}/"):
            message = '{"message":"Missing Authentication Token"}'
            return Response(403, {"Content-Type": "application/json"}, message)
        return gateway.with_key(request.headers.get("x-api-key")).request(
            request.method, request.path.removeprefix(f"/{STAGE}"), body=request.body
        )

    return answer


@contextmanager
def serving(answering: Answering) -> Iterator[Server]:
    """A server on a free port of this machine, for the time of the block."""
    server = Server(answering)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(length).decode() if length else None
            response = server.answer(Request(self.command, self.path, headers, body))
            content = response.text.encode()
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 its own name
            """Nothing: what the tests print is their own."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.port = listening.server_port
    thread = Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
