"""Standard streams that a command can always write to: full, gone, closed or not in UTF-8.

What can't be written is lost and remembered, so that it never ends what a command is doing.
"""

import io
import os
import sys
from typing import TYPE_CHECKING, Literal, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Lossy(io.FileIO):
    """Takes whatever is written to it, and remembers the first error."""

    lost: OSError | None = None

    def write(self, data: "ReadableBuffer", /) -> int:
        if self.lost is None:
            try:
                return super().write(data)
            except OSError as error:
                self.lost = error
        return memoryview(data).nbytes


def open_streams() -> None:
    """Replace the process's own streams; what an encoding lacks is written as `\\xe9`."""
    sys.stdout = _writable(sys.stdout)
    sys.stderr = _writable(sys.stderr)
    if sys.stdin is None:
        sys.stdin = _nowhere("r")


def why_lost(stream: TextIO) -> OSError | None:
    """Why a part of what was written to it is lost; None: nothing is."""
    stream.flush()
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return raw.lost if isinstance(raw, _Lossy) else None


def _writable(stream: TextIO | None) -> TextIO:
    if stream is None:  # the caller has closed it
        return _nowhere("w")
    own = (sys.__stdout__, sys.__stderr__)
    if not any(stream is one for one in own):  # somebody else's, such as a test's
        return stream
    return io.TextIOWrapper(
        io.BufferedWriter(_Lossy(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=True,
    )


def _nowhere(mode: Literal["r", "w"]) -> TextIO:
    return open(os.devnull, mode, encoding="utf-8")  # noqa: PTH123 as long as we live
