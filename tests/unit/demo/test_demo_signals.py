"""However politely the demo is ended, what runs is stopped first, and it says so."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from demo import __main__ as demo
from tests.kit.signals import POLITE, Left, handlers_restored, leave


@pytest.mark.parametrize("how", POLITE)
def test_a_signal_stops_everything_and_is_told(
    how: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []

    @contextmanager
    def stack(*_arguments: Any) -> Iterator[None]:
        seen.append("started")
        try:
            signal.raise_signal(how)
            yield
        finally:
            seen.append("stopped")

    monkeypatch.setattr(demo, "running_stack", stack)
    monkeypatch.setattr(demo, "leave_at_once", leave)

    with handlers_restored(), pytest.raises(Left) as left:
        demo.main(["--json"])

    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert (left.value.args, seen) == ((130,), ["started", "stopped"])
    assert (answer["equal"], answer["error"], answer["differences"]) == (False, "interrupted", [])
    assert err.endswith("demo: interrupted; everything is stopped\n")
