"""Logging in to a simulated Neo with a Chromium of the login's own, and what is left of it."""

import io
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from idexx_sync.core import errors
from idexx_sync.core.logs import logger
from idexx_sync.pims.access import LoginOutcome
from tests.integration.pims.neo.logging_in import everything_said, log_in
from tests.kit.login_store import CANARY_PASSWORD
from tests.kit.neo import WEEK, Clinic
from tests.kit.processes import children, command_line


def left_behind() -> tuple[list[str], list[int], int]:
    """Run folders of this process, children of this process, its open files."""
    folders = [str(path) for path in Path("/tmp").glob(f"idexx-sync-run-{os.getpid()}-*")]
    return folders, sorted(children(os.getpid())), psutil.Process().num_fds()


def test_a_login_leaves_a_session_and_nothing_else(
    clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    clinic.company.book("2026-05-04 09:00")
    log_in(clinic)  # Python keeps some files open after the first use of an event loop
    clinic.login_store.drop_session()
    before = left_behind()

    with caplog.at_level(logging.DEBUG), clinic.opened() as neo:
        assert len(neo.schedule(WEEK).records) == 1

    assert left_behind() == before
    assert clinic.login_store.outcomes == ["ok", "ok"]
    assert CANARY_PASSWORD not in caplog.text
    session = clinic.login_store.stored
    assert session is not None
    assert "Headless" not in session.user_agent
    assert "Chrome/" in session.user_agent
    assert CANARY_PASSWORD not in repr(session)
    secret = next(one["value"] for one in session.cookies if "session" in one["name"])
    assert secret not in repr(session) + caplog.text
    with clinic.opened() as neo:
        neo.schedule(WEEK)
        assert not neo.logged_in


def test_a_wrong_password_is_rejected_and_never_quoted(
    clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    clinic.company.set_password("Another-9!password")

    with caplog.at_level(logging.DEBUG), pytest.raises(errors.CredentialsRejected) as caught:
        log_in(clinic)
    assert clinic.login_store.outcomes == ["credentials_rejected"]
    assert [login["outcome"] for login in clinic.company.logins()] == ["wrong_password"]
    assert CANARY_PASSWORD not in everything_said(caught.value, caplog)


def test_a_login_that_is_not_answered_in_time_is_unavailable(clinic: Clinic) -> None:
    clinic.company.fault({"kind": "delay", "ms": 60_000}, path="^/dashboard")

    with pytest.raises(errors.PimsUnavailable) as caught:
        log_in(clinic, login_timeout_seconds=6)
    assert caught.value.code == "login_timeout"
    assert clinic.login_store.outcomes == ["unavailable"]


def test_without_a_browser_nothing_is_submitted(clinic: Clinic) -> None:
    with pytest.raises(errors.InternalError) as caught:
        log_in(clinic, chromium_path="/nowhere/chromium")
    assert caught.value.code == "browser_start"
    assert clinic.login_store.outcomes == ["unavailable"]
    assert clinic.login_store.submitted == [False]
    assert left_behind()[0] == []


def starting_only_with(flag: str, chromium: Path, folder: Path, *, from_start: int = 1) -> str:
    """A Chromium that ends at once unless the flag is among its arguments; it notes each start.

    With `from_start` it ends before that start whatever it is given.
    """
    program = folder / "chromium"
    program.write_text(
        f"""#!/bin/sh
        echo "$$" >> "{folder}/starts"
        for given; do
            [ "$given" = "{flag}" ] && [ "$(wc -l < "{folder}/starts")" -ge {from_start} ] &&
                exec "{chromium}" "$@"
        done
        echo "Canary: a sandbox refuses" >&2
        exit 1
        """
    )
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(
    ("flag", "starts"), [("--single-process", 2), ("--in-process-gpu", 2), ("--single-process", 3)]
)
def test_a_browser_that_does_not_start_is_started_in_a_single_process(
    clinic: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: str, starts: int
) -> None:
    clinic.company.book("2026-05-04 09:00")
    program = starting_only_with(flag, clinic.chromium_path, tmp_path, from_start=starts)
    said = io.StringIO()
    (handler,) = logger().handlers
    monkeypatch.setattr(handler, "stream", said)
    before = left_behind()[:2]

    log_in(clinic, chromium_path=program)

    assert clinic.login_store.outcomes == ["ok"]
    started = len((tmp_path / "starts").read_text().split())
    assert started in (starts, 3)  # in a single process it now and then ends while it starts
    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    assert len(lines) == started - 1
    for line in lines:
        assert (line["level"], line["message"]) == ("WARNING", "browser did not start")
        assert line["once_more_with"] == ["--single-process", "--in-process-gpu"]
    assert "Canary" not in said.getvalue()
    assert str(tmp_path) not in said.getvalue()
    assert left_behind()[:2] == before


def test_a_browser_that_starts_in_no_way_is_the_error_it_is(clinic: Clinic, tmp_path: Path) -> None:
    program = starting_only_with("--never-given", clinic.chromium_path, tmp_path)

    with pytest.raises(errors.InternalError) as caught:
        log_in(clinic, chromium_path=program)
    assert caught.value.code == "browser_start"
    assert clinic.login_store.submitted == [False]
    assert len((tmp_path / "starts").read_text().split()) == 3
    assert clinic.company.requests() == []
    assert left_behind()[0] == []


def test_without_time_no_browser_is_started(clinic: Clinic) -> None:
    with clinic.opened(time_left=lambda: 0.0) as neo, pytest.raises(errors.DeadlineExceeded):
        neo.schedule(WEEK)
    assert clinic.company.requests() == []
    assert clinic.login_store.submitted == [False]


def test_who_interrupts_a_browser_that_hangs_as_it_starts_has_used_no_login(
    clinic: Clinic, tmp_path: Path
) -> None:
    program = tmp_path / "chromium"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/begun\nexec sleep 60\n")
    program.chmod(0o755)

    def beat() -> None:
        if (tmp_path / "begun").exists():
            raise KeyboardInterrupt

    with (
        clinic.opened(limits={"chromium_path": str(program)}, beat=beat) as neo,
        pytest.raises(KeyboardInterrupt),
    ):
        neo.schedule(WEEK)
    assert clinic.login_store.submitted == [False]
    assert clinic.company.requests() == []
    assert left_behind()[0] == []


@contextmanager
def once_asked(clinic: Clinic, path: str, act: Callable[[], None]) -> Iterator[list[float]]:
    """Acts as soon as Neo was asked for the path; gives the moment in which it did."""
    acted: list[float] = []
    over = threading.Event()

    def watch() -> None:
        while path not in clinic.asked():
            if over.wait(0.02):
                return
        act()
        acted.append(time.monotonic())

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield acted
    finally:
        over.set()
        watching.join()


def kill_our_browser() -> None:
    for pid in psutil.pids():
        if any(f"/idexx-sync-run-{os.getpid()}-" in word for word in command_line(pid)):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("path", "outcomes"), [("/login", ["unavailable"]), ("/dashboard", [None])]
)
def test_a_browser_killed_in_the_middle_ends_the_login_at_once(
    clinic: Clinic, path: str, outcomes: list[LoginOutcome | None]
) -> None:
    clinic.company.fault({"kind": "delay", "ms": 60_000}, path=f"^{path}$")
    before = left_behind()

    with once_asked(clinic, path, kill_our_browser) as killed:
        with pytest.raises(errors.InternalError):
            log_in(clinic, lease_seconds=90, login_timeout_seconds=60)
        assert time.monotonic() - killed[0] < 20
    assert clinic.login_store.outcomes == outcomes
    assert left_behind()[:2] == before[:2]


def test_a_login_under_way_can_be_interrupted_from_another_thread(clinic: Clinic) -> None:
    clinic.company.fault({"kind": "delay", "ms": 60_000}, path="^/dashboard$")

    with (
        clinic.opened(limits={"lease_seconds": 90, "login_timeout_seconds": 60}) as neo,
        once_asked(clinic, "/dashboard", neo.interrupt) as interrupted,
    ):
        with pytest.raises(errors.InternalError):
            neo.schedule(WEEK)
        assert time.monotonic() - interrupted[0] < 20
    assert left_behind()[0] == []
