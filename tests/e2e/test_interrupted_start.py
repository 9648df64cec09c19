"""A stack that is interrupted while it starts takes back what it has started."""

import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from local_stack.home import throw_away_home
from local_stack.stack import Manner, running_stack
from tests.kit.processes import below, children, is_running

WITHIN_S = 60


def begun(before: set[int]) -> set[int]:
    """Processes that this one has started since, and all below them."""
    return {one for pid in set(children(os.getpid())) - before for one in below(pid)}


@pytest.mark.parametrize(
    ("word", "at_least"), [("starting Postgres", 2), ("deploying", 10)], ids=["start", "deployment"]
)
def test_an_interrupted_start_leaves_nothing_behind(
    word: str,
    at_least: int,
    folder_for: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = folder_for("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    before, seen = set(children(os.getpid())), set[int]()

    def interrupt() -> None:
        give_up = time.monotonic() + WITHIN_S
        while len(begun(before)) < at_least and time.monotonic() < give_up:
            time.sleep(0.005)
        seen.update(begun(before))
        os.kill(os.getpid(), signal.SIGINT)

    def say(words: str) -> None:
        if word in words:
            threading.Thread(target=interrupt).start()

    with (
        pytest.raises(KeyboardInterrupt),
        throw_away_home() as place,
        running_stack(place, Manner(durable=False), say),
    ):
        raise AssertionError("it was up before it was interrupted")

    assert len(seen) >= at_least
    assert [pid for pid in seen if is_running(pid)] == []
    assert list(folder.iterdir()) == []
