"""Standard streams that can't be written to, and an interrupt while the program is loaded."""

import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from idexx_sync.cli import app, start
from idexx_sync.cli.context import Cli
from idexx_sync.cli.streams import open_streams, why_lost


@pytest.fixture
def own_stdout() -> Iterator[list[TextIO]]:
    """What is appended is the process's standard output, opened as a command opens it."""
    opened: list[TextIO] = []
    yield opened
    for stream in opened:
        stream.close()


def as_stdout(
    monkeypatch: pytest.MonkeyPatch, opened: list[TextIO], path: str, encoding: str = "utf-8"
) -> TextIO:
    opened.append(stream := Path(path).open("w", encoding=encoding))  # noqa: SIM115
    for name in ("stdout", "__stdout__"):
        monkeypatch.setattr(sys, name, stream)
    open_streams()
    return sys.stdout


def test_a_full_disk_ends_nothing_and_is_remembered(
    monkeypatch: pytest.MonkeyPatch, own_stdout: list[TextIO]
) -> None:
    stream = as_stdout(monkeypatch, own_stdout, "/dev/full")

    for _ in range(3):
        stream.write("a line\n")

    lost = why_lost(stream)
    assert lost is not None
    assert lost.errno == errno.ENOSPC


def test_what_the_encoding_lacks_is_written_out(
    monkeypatch: pytest.MonkeyPatch, own_stdout: list[TextIO], tmp_path: Path
) -> None:
    path = tmp_path / "out"
    stream = as_stdout(monkeypatch, own_stdout, str(path), "ascii")

    stream.write("Bürgi \udcff\n")

    assert why_lost(stream) is None
    assert path.read_text() == "B\\xfcrgi \\udcff\n"


def test_a_reader_that_has_had_enough_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, own_stdout: list[TextIO]
) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    stream = as_stdout(monkeypatch, own_stdout, f"/proc/self/fd/{write_end}")
    os.close(write_end)

    stream.write("a line\n")

    assert isinstance(why_lost(stream), BrokenPipeError)


def test_closed_streams_are_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)

    open_streams()

    with sys.stdin, sys.stdout, sys.stderr:
        sys.stdout.write("a line\n")
        assert sys.stdin.read() == ""


def test_an_interrupt_before_the_first_command_is_quiet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "main", interrupted)

    with pytest.raises(SystemExit) as left:
        start.main()

    assert (left.value.code, capsys.readouterr().err) == (130, "idexx-sync: interrupted\n")


def test_a_full_disk_elsewhere_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    output = app._ErrorOutput(Cli(), as_json=False)

    assert output.system(OSError(errno.ENOSPC, "No space left on device")) == 1
    assert "make room, then try again" in capsys.readouterr().err
