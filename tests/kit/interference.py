"""Something that happens in the midst of a run: between its plan and its write."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from idexx_sync.database.connection import BEGIN
from idexx_sync.jobs.contract import Report, Run
from idexx_sync.syncs.inbound.sync import InboundSync


class WritesBeforeApply(InboundSync):
    """An inbound sync during which something happens right before each writing transaction."""

    def __init__(self, happening: Callable[[], None]) -> None:
        self._happening = happening

    def __call__(self, run: Run, pims: Any) -> Report:
        spied: Any = _Spy(run.conn, self._happening)
        return super().__call__(replace(run, conn=spied), pims)


class _Spy:
    """A connection that lets something happen before each writing transaction begins."""

    def __init__(self, conn: Any, happening: Callable[[], None]) -> None:
        self._conn = conn
        self._happening = happening

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conn, name)

    def execute(self, statement: Any, *args: Any) -> Any:
        if statement == BEGIN:
            self._happening()
        return self._conn.execute(statement, *args)
