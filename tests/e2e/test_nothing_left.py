"""`./run up` ends with everything it started, however it is ended; its data stay."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.kit.paths import ROOT
from tests.kit.processes import below, command_line, is_running

STARTS_WITHIN_S = 90
ENDS_WITHIN_S = 20


class Up:
    """A `./run up` in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.command = [sys.executable, "-m", "local_stack.up", "--folder", str(folder)]
        self.said = folder.with_name("said")
        with self.said.open("wb") as output:
            self.process = subprocess.Popen(
                self.command, stdout=output, stderr=output, cwd=ROOT, start_new_session=True
            )

    def told(self, pattern: str) -> str:
        """The first thing it said that fits."""
        give_up = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < give_up and self.process.poll() is None:
            if match := re.search(pattern, self.said.read_text()):
                return match[1]
            time.sleep(0.1)
        raise AssertionError(self.said.read_text())

    @property
    def url(self) -> str:
        return self.told(r"API: +(\S+)")

    @property
    def headers(self) -> dict[str, str]:
        return {"X-API-Key": self.told(r"clinic key: +(\S+)")}

    def begin_sync(self) -> None:
        """Returns when a browser runs, the process tree at its largest."""
        answer = httpx.post(
            f"{self.url}/api/sync/inbound",
            json={},
            headers=self.headers,
            trust_env=False,
            timeout=30,
        )
        assert answer.status_code == 202
        give_up = time.monotonic() + 60
        while not any("--user-data-dir" in " ".join(command_line(pid)) for pid in self.tree()):
            assert time.monotonic() < give_up
            time.sleep(0.05)

    def tree(self) -> list[int]:
        return below(self.process.pid)


@contextmanager
def up(folder: Path) -> Iterator[Up]:
    started = Up(folder)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.wait()


def listening(pids: list[int]) -> set[int]:
    """TCP ports at which one of the processes listens."""
    return {
        one.laddr.port
        for one in psutil.net_connections("tcp")
        if one.laddr and one.status == psutil.CONN_LISTEN and one.pid in pids
    }


def open_ports() -> set[int]:
    return listening(psutil.pids())


def left_of(pids: list[int]) -> list[str]:
    """Command lines of those that still run."""
    return [" ".join(command_line(pid))[:120] for pid in pids if is_running(pid)]


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are counted in /proc")


def end_in_the_middle_of_a_sync(running: Up, how: signal.Signals) -> None:
    """All that ran is gone afterwards, and so are its ports."""
    running.begin_sync()
    pids = running.tree()
    ports = listening(pids)
    assert len(pids) > 15
    assert len(ports) > 5

    running.process.send_signal(how)
    running.process.wait(ENDS_WITHIN_S)

    give_up = time.monotonic() + ENDS_WITHIN_S
    while (left := left_of(pids)) and time.monotonic() < give_up:
        time.sleep(0.1)
    assert left == []
    assert not ports & open_ports()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_orderly_end_leaves_no_process_and_no_port(
    how: signal.Signals, folder_for: Callable[[str], Path]
) -> None:
    with up(folder_for(how.name)) as running:
        end_in_the_middle_of_a_sync(running, how)

        assert running.process.returncode == 0
        assert "everything is stopped" in running.said.read_text()


def test_a_crash_leaves_no_process_and_no_port_and_the_data_are_there_at_the_next_start(
    folder_for: Callable[[str], Path],
) -> None:
    folder = folder_for("crash")
    with up(folder) as first:
        headers = first.headers
        end_in_the_middle_of_a_sync(first, signal.SIGKILL)

    with up(folder) as second:
        address = f"{second.url}/api/sync/jobs"
        jobs = httpx.get(address, headers=headers, trust_env=False, timeout=30).json()["jobs"]
        assert len(jobs) == 1
        assert second.headers == headers
        third = subprocess.run(
            second.command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=60
        )
        assert third.returncode == 1
        assert third.stderr.startswith(f"up: it runs already: {second.url}")
        assert str(second.process.pid) in third.stderr


def test_what_dies_with_the_adapter_are_its_slots_too(folder_for: Callable[[str], Path]) -> None:
    with up(folder_for("adapter")) as running:
        running.begin_sync()
        _keeper, adapter = [
            pid for pid in running.tree() if "local_stack.lambdas" in command_line(pid)
        ]
        pids = below(adapter)
        assert len(pids) > 5

        os.kill(adapter, signal.SIGKILL)

        give_up = time.monotonic() + ENDS_WITHIN_S
        while (left := left_of(pids[1:])) and time.monotonic() < give_up:
            time.sleep(0.1)
        assert left == []
