"""Whole runs of a worker whose logins have a function of their own: the deployed handlers of both,
the real boto3 between them, a real Chromium, Postgres, and a simulated Neo."""

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from psycopg import Connection

from functions.login.handler import handler
from idexx_sync.core import logs
from idexx_sync.core.sealing import keyring
from idexx_sync.jobs.worker import WillBeRetried
from idexx_sync.pims.access import StoredSession
from idexx_sync.pims.sealed_access import opened_session
from neo_simulator.client import Simulator
from tests.kit.database import query
from tests.kit.paths import ROOT
from tests.kit.settings import LOCAL_KEY, process_environment
from tests.kit.strict_lambda import StrictLambda, running_lambda
from tests.kit.worked_clinic import WorkedClinic

CANARY = "Canary-Pass-7!word"
LOGIN = "idexx-sync-test-login"


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Iterator[StrictLambda]:
    with running_lambda(monkeypatch, {LOGIN: handler}) as served:
        yield served


@pytest.fixture
def clinic(
    conn: Connection[tuple[Any, ...]],
    database: str,
    simulator: Simulator,
    chromium_path: Path,
    functions: StrictLambda,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[WorkedClinic]:
    """A clinic without a session; worker and function share this process, and its environment."""
    neo = simulator.create_company(generate=False, password=CANARY)
    settings = {
        "IDEXX_SYNC_CHROMIUM_PATH": str(chromium_path),
        "IDEXX_SYNC_LOGIN_FUNCTION": LOGIN,
    }
    with process_environment(monkeypatch, database, neo.base_url, **settings):
        made = WorkedClinic(conn, neo)
        neo.book(f"{made.today()} 09:00")
        yield made
    neo.remove()


def attempts(clinic: WorkedClinic) -> list[tuple[Any, Any]]:
    """Outcome of each login, and whether anything has left us."""
    rows = query(
        clinic.conn,
        "SELECT outcome, submitted FROM idexx_sync.logins WHERE clinic_id = %s ORDER BY id",
        (clinic.clinic_id,),
    )
    return [(row["outcome"], row["submitted"]) for row in rows]


def log_lines(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What worker and function log from now on."""
    stream = io.StringIO()
    (handler,) = logs.logger().handlers
    monkeypatch.setattr(handler, "stream", stream)
    return stream


def stored(clinic: WorkedClinic) -> Any:
    (row,) = query(
        clinic.conn,
        "SELECT sealed FROM idexx_sync.sessions WHERE clinic_id = %s",
        (clinic.clinic_id,),
    )
    return opened_session(keyring(LOCAL_KEY), clinic.clinic_id, row["sealed"], 1)


def test_a_run_logs_in_by_the_function_and_the_next_one_needs_no_login(
    clinic: WorkedClinic,
    functions: StrictLambda,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    lines = log_lines(monkeypatch)
    seen: list[Any] = []
    functions.before = lambda: seen.append(attempts(clinic))

    first, second = clinic.work(), clinic.work()

    assert (first["status"], second["status"]) == ("succeeded", "succeeded")
    assert len(clinic.rows()) == 1
    assert functions.invocations == [LOGIN]
    assert seen == [[(None, None)]], "it is committed before"
    assert attempts(clinic) == [("ok", True)]
    assert len(clinic.neo.logins()) == 1
    session = stored(clinic)
    assert isinstance(session, StoredSession)
    assert "Chrome/" in session.user_agent
    cookie = next(one["value"] for one in session.cookies if "session" in one["name"])
    rows = query(clinic.conn, "SELECT * FROM idexx_sync.jobs")
    said = "".join([lines.getvalue(), *capfd.readouterr(), caplog.text, str(rows), str(first)])
    (told,) = (json.loads(line) for line in lines.getvalue().splitlines() if "on order" in line)
    assert (told["status"], told["reason"], told["submitted"]) == ("ok", "dashboard", True)
    assert "fields_refused" not in said
    for secret in (CANARY, cookie):
        assert secret not in said


def test_a_wrong_password_closes_the_door_as_it_does_without_the_function(
    clinic: WorkedClinic, functions: StrictLambda
) -> None:
    clinic.neo.set_password("Another-9!password")

    found = [clinic.work() for _ in range(2)]

    assert [job["error_kind"] for job in found] == ["credentials_rejected"] * 2
    assert attempts(clinic) == [("credentials_rejected", True)]
    assert functions.invocations == [LOGIN]
    assert len(clinic.neo.logins()) == 1


def test_a_function_that_is_busy_has_sent_nothing_and_the_next_run_logs_in(
    clinic: WorkedClinic, functions: StrictLambda
) -> None:
    functions.refuse(429, "TooManyRequestsException")
    with pytest.raises(WillBeRetried, match="throttled"):
        clinic.work()
    assert functions.invocations == [LOGIN], "boto3 tries nothing again"
    assert attempts(clinic) == [("unavailable", False)]

    functions.refusal = None
    assert clinic.work_again(clinic.newest_job()["id"])["status"] == "succeeded"
    assert attempts(clinic) == [("unavailable", False), ("ok", True)]


def test_a_function_that_may_not_be_invoked_is_named(
    clinic: WorkedClinic, functions: StrictLambda
) -> None:
    functions.refuse(403, "AccessDeniedException")

    job = clinic.work()

    assert job["error_kind"] == "configuration_invalid"
    assert "IDEXX_SYNC_LOGIN_FUNCTION" in job["error_message"]
    assert "long story" not in job["error_message"]
    assert attempts(clinic) == [("unavailable", False)]


@pytest.mark.parametrize("way", ["killed", "cut", "crashes", "server_error", "unreadable"])
def test_a_login_that_nobody_tells_the_end_of_is_never_made_again_at_once(
    clinic: WorkedClinic, functions: StrictLambda, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows what Neo has seen, so the breaker waits before the next one."""
    lines = log_lines(monkeypatch)
    if way == "killed":
        functions.timeout_s = 0.05
        functions.functions[LOGIN] = hanging
    elif way == "cut":
        functions.cut = True
    elif way == "crashes":
        functions.functions[LOGIN] = crashing
    elif way == "server_error":
        functions.refuse(500, "ServiceException")
    else:
        functions.functions[LOGIN] = lambda *_: {"cookies": [CANARY]}

    with pytest.raises(WillBeRetried, match="internal"):
        clinic.work()
    with pytest.raises(WillBeRetried, match="throttled"):
        clinic.work_again(clinic.newest_job()["id"])

    assert functions.invocations == [LOGIN], "neither boto3 nor the next attempt invokes it again"
    assert attempts(clinic) == [(None, None)]
    jobs = query(clinic.conn, "SELECT * FROM idexx_sync.jobs")
    assert CANARY not in str(jobs) + lines.getvalue()


def hanging(*_: object) -> None:
    time.sleep(0.5)


def crashing(event: dict[str, Any], _context: object) -> None:
    raise ValueError(event["credentials"]["password"])


def test_a_clinic_that_is_asked_by_a_browser_is_told_what_to_change(
    clinic: WorkedClinic, functions: StrictLambda
) -> None:
    clinic.conn.execute("UPDATE idexx_sync.clinic_settings SET transport = 'browser'")

    job = clinic.work()

    assert (job["status"], job["error_kind"]) == ("failed", "configuration_invalid")
    for named in ("transport", "logs_in_apart", "`http`"):
        assert named in job["error_message"]
    assert functions.invocations == []
    assert attempts(clinic) == []


def test_a_worker_without_playwright_can_do_all_of_it() -> None:
    """As in the image that has no browser."""
    program = dedent(
        """
        import sys
        sys.modules["playwright"] = None
        from datetime import UTC, datetime
        from pydantic import SecretStr
        from functions.inbound_sync.handler import worker
        from idexx_sync.core.invoking import LambdaFunctions
        from idexx_sync.core.settings import Settings
        from idexx_sync.pims.neo.provider import ClinicAccess, open_neo
        from tests.kit.login_store import FakeLoginStore
        from tests.kit.neo import WEEK

        class Functions(LambdaFunctions):
            def call(self, *_):
                return {"how": "ended", "outcome": "account_locked", "code": "page",
                        "cookies": [], "user_agent": "", "submitted": True}

        settings = Settings(DATABASE_URL=SecretStr("-"), local_key=SecretStr("-"),
                            fingerprint_key=SecretStr("-"), login_function="login")
        access = ClinicAccess("https://us.idexxneo.com")
        clock = lambda: datetime.now(UTC)
        with open_neo(access, FakeLoginStore(), settings, clock, functions=Functions()) as neo:
            try:
                neo.schedule(WEEK)
            except Exception as error:
                print(type(error).__name__)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "layers:."},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("AccountLocked\n", "")
