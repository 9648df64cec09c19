"""Somebody else who writes between the plan of a run and what it writes."""

from dataclasses import replace
from typing import Any

from idexx_sync.database.connection import BEGIN
from idexx_sync.jobs.contract import Report, Run
from idexx_sync.jobs.model import Job, new_order
from idexx_sync.jobs.runner import run_job
from idexx_sync.syncs.inbound.sync import InboundSync
from tests.kit.bench import Bench


class WritesBeforeApply(InboundSync):
    """An inbound sync during which something happens between the plan and the write."""

    def __init__(self, happening: Any) -> None:
        self._happening = happening

    def __call__(self, run: Run, pims: Any) -> Report:
        spied: Any = _Spy(run.conn, self._happening)
        return super().__call__(replace(run, conn=spied), pims)


class _Spy:
    """A connection that lets something happen right before each writing transaction begins."""

    def __init__(self, conn: Any, happening: Any) -> None:
        self._conn = conn
        self._happening = happening

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conn, name)

    def execute(self, statement: Any, *args: Any) -> Any:
        if statement == BEGIN:
            self._happening()
        return self._conn.execute(statement, *args)


def run_with(bench: Bench, sync: InboundSync) -> Job:
    return run_job(new_order(bench.clinic_id, "inbound", "cli"), sync, bench.dependencies())
