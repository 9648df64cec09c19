"""From "worker killed" to "run again and fine", with the commands that an engineer on call has.

What they print is in `transcripts/worker_killed.txt`, ids written as numbers; all names are
invented. Time stands, so the transcript does.
"""

import io
import json
import shlex
import sys
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from idexx_sync.cli.app import main
from idexx_sync.core import logs
from idexx_sync.core.catalog import CATALOG
from idexx_sync.database.connection import Conn
from idexx_sync.jobs import store as job_store
from idexx_sync.jobs.model import RunOrder, tick_order
from idexx_sync.upkeep.dead_letters import Message, take_in
from idexx_sync.upkeep.watchdog import watch
from neo_simulator.client import Simulator
from tests.integration.cli.test_operators_morning import Morning, of_cause
from tests.kit.clinic import add_user
from tests.kit.database import as_role, query
from tests.kit.module_database import conn, database
from tests.kit.settings import process_environment
from tests.kit.transcripts import without_ids

__all__ = ["conn", "database"]

SESSION = """
idexx-sync status
idexx-sync alerts list
idexx-sync alerts show {alert}
idexx-sync dead-letters list
idexx-sync jobs show {job}
idexx-sync jobs retry {job}
idexx-sync alerts list
idexx-sync status
"""


@pytest.fixture
def morning(conn: Conn, database: str, simulator: Simulator) -> Iterator[Morning]:
    made = Morning(conn, database, simulator)
    yield made
    made.close()


def kill_each_worker(morning: Morning) -> RunOrder:
    """A tick whose worker is killed as often as Lambda starts one; then its record is taken in."""
    order = tick_order(morning.clinic_id, "inbound", "schedule", morning.now)
    for _ in range(CATALOG["inbound"].attempts):
        assert job_store.begin(morning.conn, replace(order, invocation=uuid4()), 45).lease
        morning.conn.execute("UPDATE idexx_sync.leases SET expires_at = clock_timestamp()")
    event = {
        "v": 1,
        "clinic_id": str(morning.clinic_id),
        "sync": "inbound",
        "scheduled_time": morning.now.isoformat(),
    }
    context = {"condition": "RetriesExhausted", "approximateInvokeCount": 3}
    body = {"version": "1.0", "requestContext": context, "requestPayload": event}
    morning.later(3)  # until then a run of it might still begin
    take_in(morning.conn, Message(str(uuid4()), json.dumps(body), {}))
    watch(morning.conn, lambda: 30.0)
    morning.later(1)
    return order


def test_from_worker_killed_to_run_again_and_fine(
    morning: Morning,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    morning.setting(acting_user_id=add_user(morning.conn, morning.clinic_id))
    morning.neo.book("2026-05-04 09:00")
    morning.synced()
    order = kill_each_worker(morning)
    capsys.readouterr()  # what the watchdog's own process would print
    (alert,) = query(morning.conn, "SELECT id FROM idexx_sync.alerts")
    (handler,) = logs.logger().handlers
    monkeypatch.setattr(handler, "stream", io.StringIO())
    shown = ""

    url = as_role(database, "operator")
    with process_environment(monkeypatch, database, morning.neo.base_url, DATABASE_URL=url):
        for line in SESSION.format(alert=alert["id"], job=order.job_id).strip().splitlines():
            monkeypatch.setattr(sys, "argv", shlex.split(line))
            with pytest.raises(SystemExit) as ended:
                main()
            shown += f"$ {line}\n{capsys.readouterr().out}exit code {ended.value.code}\n\n"

    shown = shown.replace(str(alert["id"])[:8] + ")", "ID-2)")
    told = without_ids(shown.replace(str(morning.clinic_id), "CLINIC"))
    assert told == of_cause("worker_killed", told)
    assert query(morning.conn, "SELECT closed_because FROM idexx_sync.alerts") == [
        {"closed_because": "succeeded"}
    ]
