"""V8: what is personal or secret, wherever the service may leave it beside ODIS's own tables.

Looked at are the lines of its log as they are written, metrics, messages to Slack, what processes
print and workers answer, errors that leave a run, temporary files, what the API answers, and each
column of words in our tables, the results of jobs and dead letters among them. `canaries` has what
is looked for; a leak is told by the name of its field, and never by what stands there.
"""

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Final, TextIO
from unittest import mock
from uuid import UUID

from aws_lambda_powertools.metrics import EphemeralMetrics
from psycopg import sql
from psycopg.rows import dict_row

from idexx_sync.core import measures
from idexx_sync.core.logs import SERVICE, logger
from idexx_sync.database.connection import Conn
from idexx_sync.jobs.run_lines import RunLines
from tests.faults.canaries import CANARIES, field_of
from tests.faults.results import Violation
from tests.kit.database import query
from tests.kit.foreign_words import all_of

OURS_IN_PUBLIC: Final = ("case_sync_audits", "schedule_syncs", "clinic_api_keys")
WORDS: Final = ("text", "json", "jsonb", "ARRAY")
"""Types of columns that may hold words; what is sealed is bytes."""
STAGE: Final = SimpleNamespace(stage="test")
LEAST_SECRET: Final = 8
"""Characters; a shorter one is in other words by chance."""


class Traces:
    """What the processes of one rig write down, beside tables."""

    def __init__(self, printed: Path) -> None:
        """`printed` is what workers print."""
        self.printed = printed
        self._secrets: dict[str, str] = {}
        """Text -> what it is."""
        self._found: list[Violation] = []
        self._turn = threading.Lock()
        self._statement: sql.Composed | None = None

    def keep_secret(self, what: str, *texts: str) -> None:
        """None of these may be written down either."""
        self._secrets.update((text, what) for text in texts if len(text) >= LEAST_SECRET)

    def look_at(self, where: str, text: str) -> None:
        """Says only which field leaked and where, never what stands in it."""
        field = next((what for secret, what in [*self._secrets.items()] if secret in text), None)
        field = field or field_of(text)
        if field is not None:
            with self._turn:
                self._found.append(Violation("V8", f"{where} holds this: {field}"))

    def look_at_error(self, error: BaseException) -> None:
        """All that whoever catches it could print of it, or of what led to it."""
        self.look_at("an error that left a run", all_of(error))

    def found(self, folder: Path) -> list[Violation]:
        """What was found since it was asked last; files of the folder are looked at now."""
        for path in [self.printed, *folder.rglob("*")]:
            if path.is_file():
                self.look_at("a file", f"{path.name} {path.read_text(errors='replace')}")
        self.printed.write_text("")
        with self._turn:
            found, self._found = self._found, []
            self._secrets.clear()
        return found

    def in_rows(self, conn: Conn, clinic_id: UUID) -> list[Violation]:
        """Words of the clinic's people where only ids, words and counts should be."""
        self._statement = self._statement or _statement(conn)
        parameters = {"canaries": CANARIES.pattern, "clinic": clinic_id}
        with conn.cursor(row_factory=dict_row) as cur:
            rows = cur.execute(self._statement, parameters).fetchall()
        return [
            Violation("V8", f"{row['place']} holds this: {field_of(row['found'])}") for row in rows
        ]


class Lines(logging.Handler):
    """Looks at each line of the log as it would be written."""

    def __init__(self, traces: Traces) -> None:
        super().__init__()
        self._traces = traces
        self.setFormatter(logger().handlers[0].formatter)

    def emit(self, record: logging.LogRecord) -> None:
        self._traces.look_at("a line of the log", self.format(record))


class _Looking(io.TextIOBase):
    """Standard output or error of this process: passes on what is written, and looks at it."""

    def __init__(self, traces: Traces, passed_on: TextIO) -> None:
        self._traces = traces
        self._passed_on = passed_on

    def write(self, text: str) -> int:
        self._traces.look_at("what a process prints", text)
        return self._passed_on.write(text)

    def flush(self) -> None:
        self._passed_on.flush()


def _reading_metrics(traces: Traces) -> type[EphemeralMetrics]:
    class Metrics(EphemeralMetrics):
        def flush_metrics(self, raise_on_empty_metrics: bool = False) -> None:
            del raise_on_empty_metrics
            traces.look_at("a metric", json.dumps(self.serialize_metric_set()))
            self.clear_metrics()

    return Metrics


@contextmanager
def reading_lines(traces: Traces) -> Iterator[None]:
    """For the time of the block each line of this process, each metric and whatever else it prints
    is looked at; errors are printed too."""
    ours, theirs = Lines(traces), logger().handlers[0]
    for log in (logger(), logging.getLogger()):
        log.addHandler(ours)
    theirs.setLevel(logging.ERROR)
    try:
        with (
            mock.patch.object(measures, "EphemeralMetrics", _reading_metrics(traces)),
            mock.patch.object(measures, "load_stage_settings", return_value=STAGE),
            mock.patch.object(sys, "stdout", _Looking(traces, sys.stdout)),
            mock.patch.object(sys, "stderr", _Looking(traces, sys.stderr)),
        ):
            yield
    finally:
        theirs.setLevel(logging.NOTSET)
        for name in (SERVICE, None):
            logging.getLogger(name).removeHandler(ours)
        RunLines().forget()


def _statement(conn: Conn) -> sql.Composed:
    """Asks each table for the first of its rows that say something of the clinic's people; a table
    that does not say whose its rows are is asked for any."""
    tables = query(
        conn,
        """
        SELECT table_schema AS schema, table_name AS name, array_agg(column_name::text)
                   FILTER (WHERE data_type = ANY(%s)) AS words,
               bool_or(column_name = 'clinic_id') AS says_whose
          FROM information_schema.columns JOIN information_schema.tables
         USING (table_schema, table_name)
         WHERE table_type = 'BASE TABLE'
           AND (table_schema = 'idexx_sync' OR table_schema = 'public' AND table_name = ANY(%s))
         GROUP BY 1, 2 ORDER BY 1, 2
        """,
        (list(WORDS), list(OURS_IN_PUBLIC)),
    )
    return sql.SQL(" UNION ALL ").join(
        sql.SQL(
            "(SELECT {said} AS place, substring({words} FROM %(canaries)s) AS found FROM {table}"
            " WHERE {words} ~ %(canaries)s AND {whose} LIMIT 1)"
        ).format(
            said=f"{table['schema']}.{table['name']}",
            table=sql.Identifier(table["schema"], table["name"]),
            words=sql.SQL("concat_ws(' ', {})").format(
                sql.SQL(", ").join(map(sql.Identifier, table["words"]))
            ),
            whose=sql.SQL("clinic_id = %(clinic)s" if table["says_whose"] else "true"),
        )
        for table in tables
        if table["words"]
    )
