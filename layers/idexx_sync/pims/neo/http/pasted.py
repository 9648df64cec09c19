"""Pictures that somebody pasted into a text: their bytes are left out of an answer as it comes.

They may be hundreds of times as large as all that is read of the answer.
"""

import re
from typing import Final

_BEGIN: Final = b";base64,"
_SHORTEST: Final = 256
"""So long is what is left out at least: no words are written without a blank for as long."""
_RUN: Final = re.compile(
    rb"(?:[A-Za-z0-9+/=]++|\\[/nr]|\\u00(?:2[BbFf]|3[Dd]|0[AaDd])|%(?:2[BbFf]|3[Dd]))*+"
)
"""What bytes are written with, in JSON that may escape them."""
_LONGEST_ESCAPE: Final = 6


class WithoutPictures:
    """An answer's body without the bytes of pictures; all else is as it came."""

    def __init__(self) -> None:
        self.received = 0
        self._kept = bytearray()
        self._carried = b""
        """The end of what has come, where it depends on what follows."""
        self._run: bytearray | None = None
        """The beginning of the bytes that are being read; None: outside of any."""

    @property
    def size(self) -> int:
        """Bytes that are kept so far."""
        return len(self._kept)

    def add(self, piece: bytes) -> None:
        """Take the next piece of the body."""
        self.received += len(piece)
        self._take(self._carried + piece, is_last=False)

    def finished(self) -> bytes:
        """The body, once all of it has come."""
        self._take(self._carried, is_last=True)
        self._end_run()
        return bytes(self._kept)

    def _take(self, data: bytes, *, is_last: bool) -> None:
        at, self._carried = 0, b""
        while at < len(data):
            if self._run is None:
                at = self._to_begin(data, at, is_last=is_last)
                continue
            run = _RUN.match(data, at)
            assert run is not None, "the pattern matches nothing too"
            self._keep_of_run(data, at, run.end())
            at = run.end()
            if at == len(data):
                return
            if not is_last and _may_go_on(data[at:]):
                self._carried = data[at:]
                return
            self._end_run()

    def _to_begin(self, data: bytes, at: int, *, is_last: bool) -> int:
        """Keep what comes before the next picture's bytes; where they begin."""
        found = data.find(_BEGIN, at)
        if found >= 0:
            end = found + len(_BEGIN)
            self._kept += data[at:end]
            self._run = bytearray()
            return end
        end = len(data) if is_last else max(at, len(data) - len(_BEGIN) + 1)
        self._kept += data[at:end]
        self._carried = data[end:]
        return len(data)

    def _keep_of_run(self, data: bytes, start: int, end: int) -> None:
        assert self._run is not None
        if len(self._run) < _SHORTEST:
            self._run += data[start : min(end, start + _SHORTEST)]

    def _end_run(self) -> None:
        if self._run is not None and len(self._run) < _SHORTEST:
            self._kept += self._run
        self._run = None


def _may_go_on(rest: bytes) -> bool:
    """Whether an escape has come only in part."""
    return rest[:1] in (b"\\", b"%") and len(rest) < _LONGEST_ESCAPE
