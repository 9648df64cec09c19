"""AWS Lambda's `Invoke` over HTTP for functions of this process, as strict as AWS: JSON in and out,
at most 6 MB of it, errors of a handler told as AWS tells them. What asks it is the real boto3.
"""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import Any, Final

import pytest

MOST_BYTES: Final = 6 * 1024 * 1024
Handler = Callable[[Any, Any], Any]
Reply = tuple[int, dict[str, str], bytes]


class Context:
    """What a handler is told of its invocation."""

    def __init__(self, seconds: float) -> None:
        self._ends = monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._ends - monotonic()) * 1000))


@dataclass
class StrictLambda:
    """One account's functions."""

    functions: dict[str, Handler]
    timeout_s: float = 60
    url: str = ""
    refusal: Reply | None = None
    """In place of any invocation; None: none is refused."""
    cut: bool = False
    """Whether the connection is cut once the handler has answered."""
    invocations: list[str] = field(default_factory=list)
    """Functions by name, as they were asked for; each request is one."""
    before: Callable[[], object] = lambda: None
    """Is called before a function begins."""

    def refuse(self, status: int, code: str) -> None:
        said = json.dumps({"Type": "User", "message": f"a long story about {code}"}).encode()
        self.refusal = status, {"x-amzn-ErrorType": code}, said

    def answer(self, path: str, how: str, body: bytes) -> Reply:
        name = path.removeprefix("/2015-03-31/functions/").removesuffix("/invocations")
        self.invocations.append(name)
        if self.refusal is not None:
            return self.refusal
        assert how == "RequestResponse", "what nobody waits for is repeated by AWS"
        if len(body) > MOST_BYTES:
            return 413, {"x-amzn-ErrorType": "RequestTooLargeException"}, b"{}"
        if name not in self.functions:
            return 404, {"x-amzn-ErrorType": "ResourceNotFoundException"}, b"{}"
        self.before()
        return self._invoked(self.functions[name], json.loads(body))

    def _invoked(self, handler: Handler, event: Any) -> Reply:
        pool = ThreadPoolExecutor(1, "function")
        try:
            told = pool.submit(handler, event, Context(self.timeout_s)).result(self.timeout_s)
            payload = json.dumps(told, allow_nan=False).encode()
        except NotInTime:
            return _failed("Sandbox.Timedout", f"Task timed out after {self.timeout_s:.2f} seconds")
        except Exception as error:  # noqa: BLE001 whatever leaves a handler is its failure
            return _failed(type(error).__name__, str(error))
        finally:
            pool.shutdown(wait=False)
        if len(payload) > MOST_BYTES:
            return _failed("Function.ResponseSizeTooLarge", "Response payload size exceeded")
        return 200, {}, payload


def _failed(kind: str, message: str) -> Reply:
    said = json.dumps({"errorType": kind, "errorMessage": message}).encode()
    return 200, {"X-Amz-Function-Error": "Unhandled"}, said


@contextmanager
def running_lambda(
    monkeypatch: pytest.MonkeyPatch, functions: dict[str, Handler], timeout_s: float = 60
) -> Iterator[StrictLambda]:
    """While it runs, boto3's clients of Lambda lead there."""
    served = StrictLambda(functions, timeout_s)

    class Invocations(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            how = self.headers["X-Amz-Invocation-Type"]
            status, headers, said = served.answer(self.path, how, body)
            if served.cut:
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(said))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Invocations)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}"
    for variable, value in {
        "AWS_ENDPOINT_URL_LAMBDA": served.url,
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(variable, value)
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
