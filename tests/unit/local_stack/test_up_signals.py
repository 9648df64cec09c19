"""However politely `./run up` is ended, what runs is stopped first, and it says so."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local_stack import up
from tests.kit.signals import POLITE, Left, handlers_restored, leave


@pytest.mark.parametrize("how", POLITE)
def test_a_signal_stops_everything_and_is_told(
    how: signal.Signals,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen: list[str] = []

    @contextmanager
    def stack(*_arguments: Any, **_more: Any) -> Iterator[None]:
        seen.append("started")
        try:
            signal.raise_signal(how)
            yield
        finally:
            seen.append("stopped")

    monkeypatch.setattr(up, "running_stack", stack)
    monkeypatch.setattr(up, "leave_at_once", leave)

    with handlers_restored(), pytest.raises(Left) as left:
        up.main(["--folder", str(tmp_path)])

    assert (left.value.args, seen) == ((0,), ["started", "stopped"])
    assert capsys.readouterr().err == "up: everything is stopped; the data are kept\n"
