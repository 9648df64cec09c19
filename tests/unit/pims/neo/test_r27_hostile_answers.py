"""Rule R27: whatever a server does with a connection, a question ends in time and in memory."""

import gzip
import json
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from idexx_sync.core.errors import PimsSlow, PimsUnavailable, ShapeChanged, SyncError
from idexx_sync.pims.access import StoredSession
from idexx_sync.pims.neo.http.answers import (
    Answered,
    RawAnswer,
    judge_content,
)
from idexx_sync.pims.neo.http.transport import (
    MOST_MEMORY,
    TOO_LARGE,
    HttpTransport,
    memory_of_values,
)
from idexx_sync.pims.neo.http.unpacking import LARGEST_PIECE, unpacked
from tests.kit.hostile_http import DRIPS, HONEST, INFORMING, NOTHING_PACKED, SILENT, hostile_site

WAIT_S = 0.1
LARGEST = 64 * 1024
AGENT = "Mozilla/5.0 (ours)"


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with hostile_site() as origin:
        yield origin


def asked(origin: str, path: str, wait: float = WAIT_S) -> RawAnswer | SyncError:
    session = StoredSession([], AGENT, datetime.now(UTC))
    limits: dict[str, Any] = {"timeout_s": wait, "time_left": lambda: 100.0}
    with closing(
        HttpTransport(origin, session, connections=1, largest_body=LARGEST, **limits)
    ) as asking:
        try:
            return asking.get(path, {})
        except SyncError as error:
            return error


@pytest.mark.parametrize("path", [SILENT, *DRIPS, *INFORMING])
def test_r27_an_answer_that_drips_in_is_given_up_in_time(site: str, path: str) -> None:
    began = time.monotonic()

    outcome = asked(site, path)

    assert isinstance(outcome, PimsSlow)
    assert WAIT_S <= time.monotonic() - began < WAIT_S + 2


def test_r27_a_handshake_that_is_never_answered_is_given_up_in_time(site: str) -> None:
    began = time.monotonic()

    outcome = asked(site.replace("http:", "https:"), SILENT)

    assert isinstance(outcome, PimsSlow)
    assert time.monotonic() - began < WAIT_S + 3  # certificates are read before


def test_r27_a_name_that_no_server_resolves_is_given_up_in_time(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: over.wait(10) or [])
    began = time.monotonic()

    outcome = asked(site.replace("127.0.0.1", "neo.invalid"), SILENT)

    over.set()
    assert isinstance(outcome, PimsSlow)
    assert time.monotonic() - began < WAIT_S + 2


def test_r27_all_addresses_of_a_name_share_one_wait(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one that answers is asked, however many do not."""
    port = int(site.rpartition(":")[2])
    tried: list[tuple[str, float]] = []
    plain = socket.create_connection

    def connecting(address: tuple[str, int], timeout: float, **more: object) -> socket.socket:
        tried.append((address[0], timeout))
        if address[0] != "127.0.0.1":
            threading.Event().wait(min(timeout, 2))
            raise TimeoutError
        return plain(address, timeout, **more)  # type: ignore[arg-type]

    found = [(2, 1, 6, "", (host, port)) for host in ("192.0.2.1", "192.0.2.2", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: found)
    monkeypatch.setattr(socket, "create_connection", connecting)

    outcome = asked(f"http://neo.invalid:{port}", HONEST, wait=0.3)

    assert isinstance(outcome, RawAnswer)
    assert [host for host, _ in tried] == ["192.0.2.1", "192.0.2.2", "127.0.0.1"]
    assert all(wait < 0.3 / 2 for _, wait in tried)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/large/head", PimsUnavailable),
        ("/large/heads", PimsUnavailable),
        ("/large/gzip", ShapeChanged),
        ("/large/gzip_chunked", ShapeChanged),
        ("/large/gzip_twice", PimsUnavailable),
        ("/large/gzip_and_more", PimsUnavailable),
        ("/large/values", ShapeChanged),
        (NOTHING_PACKED, ShapeChanged),
        ("/flood/body", ShapeChanged),
        ("/lie/longer", PimsUnavailable),
        ("/lie/twice", PimsUnavailable),
        ("/lie/negative", PimsUnavailable),
        ("/lie/chunk", PimsUnavailable),
        ("/lie/gzip_part", PimsUnavailable),
    ],
)
def test_r27_an_answer_too_large_or_untrue_is_refused(
    site: str, path: str, kind: type[SyncError]
) -> None:
    outcome = asked(site, path, wait=10)

    assert isinstance(outcome, kind)
    assert isinstance(outcome, ShapeChanged) == (outcome.code == TOO_LARGE)


def test_r27_what_is_too_deep_hides_nothing_else(site: str) -> None:
    answer = asked(site, "/large/depth", wait=10)

    assert isinstance(answer, RawAnswer)
    verdict = judge_content(answer)
    assert isinstance(verdict, Answered)
    assert b"too deep" in json.dumps(verdict.value).encode()


@pytest.mark.parametrize("encoding", ["gzip", "X-GZip", "deflate", "bare deflate", "", "identity"])
@pytest.mark.parametrize("size", [1, 1000, LARGEST_PIECE, 3 * LARGEST_PIECE + 1])
def test_r27_a_body_is_unpacked_in_bounded_pieces(encoding: str, size: int) -> None:
    plain = (b'{"a": 1}' * size)[:size]
    bare = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = {
        "gzip": gzip.compress(plain),
        "X-GZip": gzip.compress(plain),
        "deflate": zlib.compress(plain),
        "bare deflate": bare.compress(plain) + bare.flush(),
    }.get(encoding, plain)
    pieces = [packed[at : at + 60_000] for at in range(0, len(packed), 60_000)]

    got = list(unpacked(encoding.removeprefix("bare "), pieces))

    assert b"".join(got) == plain
    assert max(map(len, got)) <= LARGEST_PIECE


def test_r27_no_body_needs_no_unpacking() -> None:
    assert list(unpacked("gzip", [])) == []
    with pytest.raises(httpx.DecodingError):
        list(unpacked("br", [b"x"]))


def test_r27_a_large_calendar_is_within_the_bounds() -> None:
    """Ten thousand visits with all their fields."""
    visit = {f"a_field_of_neo_{n}": "a value as long as most" for n in range(40)}
    body = json.dumps({"events": [visit]}).encode()

    assert 10_000 * memory_of_values(body) < MOST_MEMORY * 32 * 1024 * 1024
