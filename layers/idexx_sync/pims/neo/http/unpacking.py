"""The body of an answer as it was before it was packed, in pieces of bounded size.

httpx unpacks whatever has come at once, and as many layers as an answer names: a few kilobytes
become gigabytes. Imported where it is used, as httpx is.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

import httpx

LARGEST_PIECE: Final = 64 * 1024
_PLAIN: Final = frozenset({"", "identity"})
_WINDOWS: Final = {
    "gzip": (zlib.MAX_WBITS | 16,),
    "x-gzip": (zlib.MAX_WBITS | 16,),
    "deflate": (zlib.MAX_WBITS, -zlib.MAX_WBITS),
}
"""Encodings that we ask for, and how each may be written: deflate comes with and without frame."""


class _Unpacker(Protocol):
    @property
    def unconsumed_tail(self) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def unpacked(encoding: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces of a body that says that it is encoded so.

    Raises httpx.DecodingError for another encoding, several of them, or what is not encoded so.
    """
    name = encoding.strip().casefold()
    if name in _PLAIN:
        yield from pieces
        return
    if name not in _WINDOWS:
        raise httpx.DecodingError("an encoding that was not asked for")
    unpacker: _Unpacker | None = None
    for piece in pieces:
        if unpacker is None:
            unpacker = _unpacker(_WINDOWS[name], piece)
        elif unpacker.eof:
            raise httpx.DecodingError("more than what was packed")
        yield from _all_of(unpacker, piece)
    if unpacker is not None and not unpacker.eof:
        raise httpx.DecodingError("only a part of what was packed")


def _unpacker(windows: tuple[int, ...], beginning: bytes) -> _Unpacker:
    """One that understands how the body begins; the last, if none does."""
    for window in windows[:-1]:
        try:
            zlib.decompressobj(window).decompress(beginning, 1)
        except zlib.error:
            continue
        return zlib.decompressobj(window)
    return zlib.decompressobj(windows[-1])


def _all_of(unpacker: _Unpacker, data: bytes) -> Iterator[bytes]:
    while True:
        try:
            out = unpacker.decompress(data, LARGEST_PIECE)
        except zlib.error:
            raise httpx.DecodingError("not packed as it says") from None
        if out:
            yield out
        data = unpacker.unconsumed_tail
        if not data and len(out) < LARGEST_PIECE:
            return
