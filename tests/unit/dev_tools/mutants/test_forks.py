"""A child does one thing, and nothing of it is left."""

import os
import signal

import pytest

from dev_tools.mutants.forks import Said, in_child

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


def test_a_child_says_one_thing() -> None:
    assert in_child(lambda: {"pid": os.getpid()}, 20).answer != {"pid": os.getpid()}


def test_a_child_that_does_not_end_is_ended() -> None:
    def wait() -> dict[str, int]:
        signal.pause()
        return {}

    assert in_child(wait, 0.05) == Said(None, timed_out=True)


def test_a_child_that_breaks_has_said_nothing() -> None:
    def end() -> dict[str, int]:
        os._exit(3)

    assert in_child(end, 20) == Said(None, timed_out=False)
