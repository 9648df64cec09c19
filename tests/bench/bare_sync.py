"""The least that a warm sync can be: one request, and the SQL of one run, by hand.

So that the SQL is really the same, it is not written down here a second time: it is listened to
while a real run sends it, and sent again with the same parameters.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
import psycopg
from psycopg import Cursor

from idexx_sync.database.connection import Conn
from tests.kit.plain_http import NO_TLS

Statement = tuple[Any, Any]
"""Text and parameters."""


@dataclass
class Recorded:
    """What one run asked of Neo and of Postgres."""

    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    batches: list[list[Statement]] = field(default_factory=list)
    """Statements that went out together, without waiting for each other's answers."""

    @property
    def statements(self) -> int:
        return sum(len(batch) for batch in self.batches)


def bare_sync(conn: Conn, recorded: Recorded) -> None:
    """A script that somebody who knows the answer would write: no plan, no checks, no retries."""
    before, *after = recorded.batches
    send(conn, before)
    with httpx.Client(verify=NO_TLS, trust_env=False) as client:
        answer = client.get(recorded.url, headers=recorded.headers)
    assert isinstance(answer.json()["events"], list)
    for batch in after:
        send(conn, batch)


def send(conn: Conn, batch: list[Statement]) -> None:
    """One round trip."""
    with conn.pipeline():
        cursors = [conn.execute(text, parameters) for text, parameters in batch]
    for cursor in cursors:
        if cursor.description:
            cursor.fetchall()


@contextmanager
def recording(conn: Conn) -> Iterator[Recorded]:
    """Listens to a connection; fetching an answer ends a batch."""
    recorded = Recorded()
    waiting = True

    class Listening(Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
            nonlocal waiting
            if waiting:
                recorded.batches.append([])
                waiting = False
            recorded.batches[-1].append((query, params))
            return super().execute(query, params, **options)

        def fetchone(self) -> Any:
            nonlocal waiting
            waiting = True
            return super().fetchone()

        def fetchall(self) -> list[Any]:
            nonlocal waiting
            waiting = True
            return super().fetchall()

    usual, conn.cursor_factory = conn.cursor_factory, Listening
    try:
        yield recorded
    finally:
        conn.cursor_factory = usual


class Rewind:
    """Puts back what a run leaves behind, so that the recorded statements fit once more."""

    def __init__(self, conn: Conn, clinic_id: Any) -> None:
        """Right after the recorded run."""
        self._conn = conn
        self._clinic_id = clinic_id
        (self._fence,) = self._one("SELECT fence FROM idexx_sync.leases WHERE clinic_id = %s")
        (self._job_id,) = self._one(
            "SELECT id FROM idexx_sync.jobs WHERE clinic_id = %s ORDER BY queued_at DESC LIMIT 1"
        )

    def _one(self, statement: str) -> tuple[Any, ...]:
        row = self._conn.execute(statement, (self._clinic_id,)).fetchone()
        assert row is not None
        return row

    def __call__(self) -> None:
        self._conn.execute("DELETE FROM idexx_sync.jobs WHERE id = %s", (self._job_id,))
        self._conn.execute("DELETE FROM public.schedule_syncs WHERE id = %s", (self._job_id,))
        self._conn.execute(
            "UPDATE idexx_sync.leases SET fence = %s, job_id = %s, expires_at = to_timestamp(0) "
            "WHERE clinic_id = %s",
            (self._fence - 1, self._job_id, self._clinic_id),
        )

    def has_run(self) -> bool:
        """Whether the recorded job ended well again."""
        row = self._conn.execute(
            "SELECT status FROM idexx_sync.jobs WHERE id = %s", (self._job_id,)
        ).fetchone()
        return row == ("succeeded",)


def connect(url: str) -> Conn:
    return psycopg.connect(url, autocommit=True, prepare_threshold=None)
