"""Calls a handler without the emulator, where that does not exist: one invocation at a time.

It answers as the emulator does. Whoever started it ends it when an invocation takes too long.
"""

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Final
from uuid import uuid4

from local_stack.lambdas.guarded import load

LARGEST_EVENT: Final = 9 * 1024 * 1024


class Context:
    """What a handler is told of its invocation."""

    def __init__(self) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.invoked_function_arn = f"arn:aws:lambda:us-east-1:0:function:{self.function_name}"
        self.aws_request_id = str(uuid4())
        self._ends = time.monotonic() + float(os.environ["AWS_LAMBDA_FUNCTION_TIMEOUT"])

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._ends - time.monotonic()) * 1000))


def answer_of(handler: Callable[[Any, Any], Any], event: Any) -> Any:
    try:
        return handler(event, Context())
    except Exception as error:  # noqa: BLE001 whatever leaves a handler is its failure
        return {
            "errorType": type(error).__name__,
            "errorMessage": str(error),
            "stackTrace": traceback.format_tb(error.__traceback__),
        }


def serve(name: str, port: int) -> None:
    handler = load(name)

    class Invocations(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            if length > LARGEST_EVENT:
                self.send_error(413)
                return
            event = json.loads(self.rfile.read(length))
            body = json.dumps(answer_of(handler, event)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            pass

    HTTPServer(("127.0.0.1", port), Invocations).serve_forever()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
