"""What the demo plays, in this process: both changes of the clocks are compared all year round."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr
from rich.console import Console

from demo.outcome import Outcome
from demo.play import play, worlds_of
from demo.report import Report, Steps
from demo.runs import Stage
from demo.window import Window, window_to_come
from functions.case_sync import handler as case_sync
from functions.inbound_sync import handler as inbound_sync
from functions.reconciliation import handler as reconciliation
from idexx_sync.api.handler import ApiDependencies, ApiHandler, api_handler
from idexx_sync.api.routes import FunctionName
from idexx_sync.api.status import status_operations
from idexx_sync.api.syncs import start
from idexx_sync.core.catalog import SyncName
from idexx_sync.database.connection import Conn, Database
from idexx_sync.keys.authorizer import AuthorizerDependencies, authorizer
from idexx_sync.keys.format import read_peppers
from local_stack.stack_clinics import WEST, bring_clinics, open_neos
from neo_simulator.client import Simulator
from tests.kit.clinic import set_session
from tests.kit.database import as_role
from tests.kit.gateway import Gateway
from tests.kit.http_gateway import of_gateway, serving
from tests.kit.neo import open_session
from tests.kit.plain_http import NO_TLS
from tests.kit.settings import FINGERPRINT_KEY, LOCAL_KEY, PEPPER, process_environment

WORKERS = {
    "inbound": inbound_sync.worker,
    "cases": case_sync.worker,
    "reconciliation": reconciliation.worker,
}
SECRETS = {
    "pepper": PEPPER.get_secret_value(),
    "local_key": LOCAL_KEY.get_secret_value(),
    "fingerprint_key": FINGERPRINT_KEY.get_secret_value(),
}


def now() -> datetime:
    return datetime.now(UTC)


def work(sync: SyncName, job_id: UUID) -> None:
    """What Lambda's queue leads to: the worker does its work, here before the order is answered."""
    WORKERS[sync]({"v": 1, "job_id": str(job_id)}, None)


@contextmanager
def answering(database: str) -> Iterator[httpx.Client]:
    """The API's real handlers and authorizer behind a port of this process."""
    of_api, of_keys = (
        Database(SecretStr(as_role(database, role))) for role in ("api", "authorizer")
    )
    dependencies = ApiDependencies(of_api, work)
    doorkeeper = AuthorizerDependencies(of_keys, read_peppers(PEPPER))
    handlers: dict[FunctionName, ApiHandler] = {
        "inbound_sync": api_handler(
            "inbound_sync", {"start_inbound": start("inbound")}, lambda: dependencies
        ),
        "case_sync": api_handler(
            "case_sync", {"start_cases": start("cases")}, lambda: dependencies
        ),
        "reconciliation": api_handler(
            "reconciliation",
            {"start_reconciliation": start("reconciliation")},
            lambda: dependencies,
        ),
        "status": api_handler("status", status_operations(), lambda: dependencies),
    }
    gateway = Gateway(handlers, authorizer(lambda: doorkeeper), now)
    with (
        serving(of_gateway(gateway)) as server,
        httpx.Client(verify=NO_TLS, base_url=server.url, timeout=60, trust_env=False) as http,
    ):
        yield http
    of_api.close()
    of_keys.close()


def other_window() -> Window:
    """Of the change after the one that `./run demo` plays today."""
    this = window_to_come(WEST.zone, now().date())
    return window_to_come(WEST.zone, this.last_day)


def played(
    window: Window,
    conn: Conn,
    database: str,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Outcome, str]:
    """What came of it, and what it says to people."""
    kept = dict(SECRETS)
    neos = open_neos(simulator, kept, worlds_of(window))
    origins = ",".join([simulator.url, *(neo.base_url for neo in neos)])
    on_board = bring_clinics(conn, kept, neos, origins, as_role(database, "operator"))
    for clinic in on_board.members:
        set_session(conn, clinic.id, open_session(clinic.neo, now()), now())
    outcome, steps = Outcome(), Steps(Console(file=StringIO()))
    report = Report(Console(file=(said := StringIO())), steps, quiet=False)
    with process_environment(monkeypatch, database, origins), answering(database) as http:
        play(Stage(conn, http, steps, outcome), report, on_board, window)
    return outcome, said.getvalue()


def test_the_other_change_of_the_clocks_is_equal_too(
    conn: Conn, database: str, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the year an hour is missing in the demo's days, half of it one comes twice."""
    window = other_window()

    outcome, said = played(window, conn, database, simulator, monkeypatch)

    assert outcome.differences == []
    assert len(outcome.jobs) == 20
    forward = window_to_come(WEST.zone, now().date()).change.forward
    assert ("comes twice" if forward else "does not exist") in said
