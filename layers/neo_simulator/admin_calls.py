"""JSON calls to the admin port, with the standard library only."""

import http.client
import json
import os
import threading
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit


class SimulatorRefused(Exception):
    """The admin API said no: `status` is 404 for an unknown record, 422 for a wrong value."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """The admin port, over one kept connection per thread."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._below = parts.path
        self._local = threading.local()
        self._open: list[http.client.HTTPConnection] = []

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The answer; a connection that the other side has closed meanwhile is opened anew."""
        text = None if body is None else json.dumps(body, default=_as_text)
        for attempt in (1, 2):
            connection = self._connection()
            try:
                connection.request(
                    method, self._below + path, text, {"Content-Type": "application/json"}
                )
                response = connection.getresponse()
                answer = json.loads(response.read() or b"null")
                break
            except (http.client.RemoteDisconnected, ConnectionError):
                connection.close()
                if attempt == 2:
                    raise
        if response.status >= 400:
            raise SimulatorRefused(response.status, answer["error"])
        return answer

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None or self._local.pid != os.getpid():  # a child makes its own
            connection = http.client.HTTPConnection(*self._address, timeout=60)
            self._local.connection, self._local.pid = connection, os.getpid()
            self._open.append(connection)
        return connection

    def close(self) -> None:
        for connection in self._open:
            connection.close()


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} can't be sent")
