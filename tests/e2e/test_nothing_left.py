"""`./run up` ends with everything it started, however it is ended; its data stay."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import pytest

from dev_tools.emulator import installed_tools
from local_stack.servant import first_line, serving
from tests.e2e.conftest import MISBEHAVING
from tests.kit.paths import ROOT
from tests.kit.plain_http import NO_TLS
from tests.kit.processes import below, command_line, is_running, running_with

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

    def begin_sync(self, headers: dict[str, str]) -> None:
        """Returns when a browser runs, the process tree at its largest."""
        answer = httpx.post(
            f"{self.url}/api/sync/inbound",
            json={},
            headers=headers,
            trust_env=False,
            timeout=30,
            verify=NO_TLS,
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


def gone(pids: list[int]) -> None:
    """Waits until none of them runs."""
    give_up = time.monotonic() + ENDS_WITHIN_S
    while (left := left_of(pids)) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert left == []


def end_in_the_middle_of_a_sync(running: Up, how: signal.Signals, headers: dict[str, str]) -> None:
    """All that ran is gone afterwards, and so are its ports."""
    running.begin_sync(headers)
    pids = running.tree()
    ports = listening(pids)
    assert len(pids) > 15
    assert len(ports) > 5

    running.process.send_signal(how)
    running.process.wait(ENDS_WITHIN_S)

    gone(pids)
    assert not ports & open_ports()


def test_crash_and_orderly_end_leave_no_process_and_no_port_and_the_data_are_kept_between(
    folder_for: Callable[[str], Path],
) -> None:
    folder = folder_for("twice")
    with up(folder) as first:
        headers = first.headers
        end_in_the_middle_of_a_sync(first, signal.SIGKILL, headers)

    with up(folder) as second:
        address = f"{second.url}/api/sync/jobs"
        jobs = httpx.get(
            address, headers=headers, trust_env=False, timeout=30, verify=NO_TLS
        ).json()["jobs"]
        assert len(jobs) == 1
        assert second.headers == headers
        third = subprocess.run(
            second.command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=60
        )
        assert third.returncode == 1
        assert third.stderr.startswith(f"up: it runs already: {second.url}")
        assert str(second.process.pid) in third.stderr

        # The other one: a login that was cut off may be repeated only after a quarter of an hour.
        _cut_off, other, _new = json.loads((folder / "kept.json").read_text())["clinics"].values()
        end_in_the_middle_of_a_sync(second, signal.SIGTERM, {"X-API-Key": other["key"]})

        assert second.process.returncode == 0
        assert "everything is stopped" in second.said.read_text()


def test_what_dies_with_the_adapter_are_its_slots_too(tmp_path: Path) -> None:
    tools, log, mark = installed_tools(), tmp_path / "log", str(uuid4())
    command: list[str | Path] = [sys.executable, "-m", "local_stack.lambdas", tmp_path]
    command += [tools.emulator] if tools.emulator else []
    function = {
        "name": "function",
        "handler": f"{MISBEHAVING}handler",
        "timeout_s": 60,
        "memory_mb": 256,
        "concurrency": None,
        "environment": {},
        "aws_url": "http://127.0.0.1:9",
        "image": "",
    }
    event = {"do": "time out", "mark": mark}
    settings = {
        "PYTHONPATH": str(ROOT / "layers"),
        "LOCAL_STACK_SECRET": "a secret",
        "LOCAL_STACK_PACKAGES": "tests.e2e",
    }
    with serving(command, log, settings) as keeper:
        url = first_line(keeper, log)["url"]
        _keeper, adapter, *_slots = below(keeper.pid)
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(
                httpx.post,
                url,
                json={"function": function, "event": event},
                headers={"Authorization": "Bearer a secret"},
                trust_env=False,
            )
            give_up = time.monotonic() + STARTS_WITHIN_S
            while not running_with(mark):
                assert time.monotonic() < give_up
                time.sleep(0.05)
            pids = below(adapter)
            assert len(pids) >= (4 if tools.emulator else 3)

            os.kill(adapter, signal.SIGKILL)

            with pytest.raises(httpx.TransportError):
                asked.result(ENDS_WITHIN_S)
        gone([keeper.pid, *pids])
        assert running_with(mark) == []
