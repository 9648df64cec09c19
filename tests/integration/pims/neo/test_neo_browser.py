"""What a browser of ours can see and reach, and what it leaves behind."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Error

from idexx_sync.pims.access import StoredSession
from idexx_sync.pims.neo.http.browser_transport import BrowserTransport
from idexx_sync.pims.neo.login.attempt import BrowserLogin
from idexx_sync.pims.neo.login.browser import PASSED_ON, open_browser, scrubbed
from idexx_sync.pims.neo.login.run_folder import run_folder
from tests.kit.login_store import FakeLoginStore
from tests.kit.processes import children, command_line, in_groups


@dataclass
class Site:
    """A web server that keeps count of who came; `/away?<url>` redirects."""

    port: int = 0
    login: str | None = None
    """Where `/login` leads to, if anywhere."""
    page: str = "ok"
    """What all else shows."""
    visits: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running_site() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.visits.append(self.path)
            path, _, away = self.path.partition("?")
            target = {"/away": away, "/login": site.login}.get(path)
            self.send_response(302 if target else 200)
            if target:
                self.send_header("Location", target)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(site.page)))
            self.end_headers()
            self.wfile.write(site.page.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield site
        server.shutdown()
        thread.join()


REACHING_OUT = """
async (targets) => {
  const tried = [];
  for (const url of targets) {
    tried.push(fetch(url, {mode: "no-cors"}).then(() => url, () => null));
    tried.push(new Promise((done) => {
      const image = new Image();
      image.onload = () => done(url);
      image.onerror = () => done(null);
      image.src = url;
    }));
  }
  return (await Promise.all(tried)).filter(Boolean);
}
"""
SOCKET = """
(url) => new Promise((done) => {
  const socket = new WebSocket(url);
  socket.onopen = () => done("open");
  socket.onerror = () => done("refused");
})
"""


def test_a_browser_reaches_its_own_site_and_no_other(chromium_path: Path) -> None:
    with (
        running_site() as own,
        running_site() as other,
        run_folder() as folder,
        open_browser(folder, own.origin, str(chromium_path), lambda: 20) as browser,
    ):
        page = browser.page
        page.goto(f"{own.origin}/start")
        assert page.inner_text("body") == "ok"

        targets = [
            f"{other.origin}/direct",
            f"http://localhost:{other.port}/by-name",
            f"http://[::1]:{other.port}/v6",
            f"{own.origin}/away?{other.origin}/redirected",
            "http://169.254.169.254/latest/meta-data/",
            "https://example.com/",
            "file:///etc/passwd",
        ]
        assert page.evaluate(REACHING_OUT, targets) == []
        assert page.evaluate(SOCKET, f"ws://127.0.0.1:{other.port}/socket") == "refused"
        for target in targets[:4]:
            with pytest.raises(Error):
                page.goto(target)
        assert other.visits == []


def test_the_browser_transport_follows_nobody_elsewhere() -> None:
    session = StoredSession([], "Mozilla/5.0 (ours)", datetime.now(UTC))
    with running_site() as own, running_site() as other:
        asking = BrowserTransport(own.origin, session, timeout_s=20, time_left=lambda: 60)
        answer = asking.get(f"/away?{other.origin}/redirected", {})
        asking.close()
    assert (answer.status, other.visits) == (302, [])


WEBRTC = """
async (server) => {
  const peer = new RTCPeerConnection({iceServers: [{urls: server}]});
  peer.createDataChannel("any");
  await peer.setLocalDescription(await peer.createOffer());
  await new Promise((done) => {
    peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && done();
    setTimeout(done, 3000);
  });
  peer.close();
}
"""


def test_a_browser_sends_no_datagrams(chromium_path: Path) -> None:
    """Proxies don't stand in the way of these."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening,
        running_site() as own,
        run_folder() as folder,
        open_browser(folder, own.origin, str(chromium_path), lambda: 20) as browser,
    ):
        listening.bind(("0.0.0.0", 0))  # noqa: S104 whichever way it comes
        listening.setblocking(False)
        browser.page.goto(f"{own.origin}/start")
        for address in ("127.0.0.1", own_address()):
            browser.page.evaluate(WEBRTC, f"stun:{address}:{listening.getsockname()[1]}")
        with pytest.raises(BlockingIOError):
            listening.recv(2048)


def own_address() -> str:
    """An address of this machine that is not the loopback's, if it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def test_a_login_that_moved_to_another_site_is_a_challenge(chromium_path: Path) -> None:
    with running_site() as own, running_site() as other:
        own.login = f"{other.origin}/single-sign-on"
        log_in = BrowserLogin(
            own.origin,
            chromium_path=str(chromium_path),
            timeout_s=20,
            memory_mb=1024,
            time_left=lambda: 60,
        )
        result = log_in(FakeLoginStore().begin_login())
        log_in.close()  # its end would take the orphans of the next test's browser from us
        assert (result.outcome, result.code) == ("challenge_required", "other_site")
        assert other.visits == []


GROWING = """
<!doctype html>
<script>
  const held = [];
  (function grow() {
    held.push(new Uint8Array(2e7).fill(1));
    setTimeout(grow);
  })();
</script>
"""


def test_r27_a_login_page_that_takes_too_much_memory_is_unavailable(chromium_path: Path) -> None:
    beats: list[int] = []
    before = children(os.getpid())
    with running_site() as own:
        own.page = GROWING
        log_in = BrowserLogin(
            own.origin,
            chromium_path=str(chromium_path),
            timeout_s=60,
            memory_mb=600,
            time_left=lambda: 60,
            beat=lambda: beats.append(1),
        )
        began = time.monotonic()
        result = log_in(FakeLoginStore().begin_login())
        assert time.monotonic() - began < 50
        log_in.close()
    assert (result.outcome, result.code) == ("unavailable", "login_memory")
    assert not result.submitted
    assert beats
    assert children(os.getpid()) == before


def test_a_browser_knows_nothing_of_our_environment(
    chromium_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = {
        "AWS_SECRET_ACCESS_KEY": "canary-aws",
        "DATABASE_URL": "postgres://canary-database",
        "IDEXX_SYNC_LOCAL_KEY": "canary-key",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    with (
        running_site() as site,
        run_folder() as folder,
        open_browser(folder, site.origin, str(chromium_path), lambda: 20),
    ):
        group = {os.getpgid(pid) for pid in psutil.pids() if _is_of(pid, folder.path)}
        family = in_groups(group)
        environments = [psutil.Process(pid).environ() for pid in family]
        assert len(family) > 1
        assert not any("canary" in str(one) or "AWS_" in str(one) for one in environments)
        assert environments[0].keys() <= {*PASSED_ON, "HOME", "TMPDIR"}
    assert not folder.path.exists()
    assert in_groups(group) == []


def test_only_what_a_browser_needs_is_passed_on() -> None:
    environment = {"PATH": "/bin", "LANG": "C", "AWS_REGION": "x", "HOME": "/root"}

    assert scrubbed(environment, Path("/tmp/idexx-sync-run-1/home")) == {
        "PATH": "/bin",
        "LANG": "C",
        "HOME": "/tmp/idexx-sync-run-1/home",
        "TMPDIR": "/tmp/idexx-sync-run-1/home",
    }


def test_no_switch_weakens_the_browser(chromium_path: Path) -> None:
    with (
        running_site() as site,
        run_folder() as folder,
        open_browser(folder, site.origin, str(chromium_path), lambda: 20),
    ):
        words = [
            word for pid in psutil.pids() if _is_of(pid, folder.path) for word in command_line(pid)
        ]
    assert not [word for word in words if "web-security" in word or "ignore-certificate" in word]
    assert not [word for word in words if word.startswith("--remote-debugging-port")]


def _is_of(pid: int, folder: Path) -> bool:
    return any(str(folder) in word for word in command_line(pid))
