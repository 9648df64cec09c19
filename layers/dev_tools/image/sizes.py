"""What an unpacked image weighs, and which of its parts weigh most."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dev_tools.image.unpacked import Target

GOALS_MB: Final[dict[Target, int]] = {"core": 400, "browser": 900}
MEBIBYTE: Final = 1024 * 1024
_DEPTH: Final = 6
_LARGE: Final = 0.02
"""Of the whole: a folder is told as its parts where one of them is at least so large."""


def whole(root: Path) -> int:
    """Bytes on disk; what has several names counts once."""
    return sum(size for _, size in _files(root))


def largest(root: Path, count: int = 10) -> list[tuple[str, int]]:
    """The heaviest parts as (path, bytes): packages and files, rather than folders full of them."""
    folders: Counter[Path] = Counter()
    parts: Counter[Path] = Counter()
    for path, size in _files(root):
        where = path.relative_to(root)
        parts[where] += size
        for folder in list(where.parents)[:-1]:
            if len(folder.parts) <= _DEPTH:
                folders[folder] += size
    limit = sum(parts.values()) * _LARGE
    heavy = {path: size for path, size in (folders + parts).items() if size >= limit}
    told = Counter(heavy)
    for path, size in heavy.items():
        if within := next((one for one in path.parents if one in heavy), None):
            told[within] -= size
    ordered = told.most_common()
    return [(f"/{path}", size) for path, size in ordered[:count]]


def _files(root: Path) -> Iterator[tuple[Path, int]]:
    seen: set[int] = set()
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            status = path.lstat()
            if status.st_ino not in seen:
                seen.add(status.st_ino)
                yield path, status.st_blocks * 512
