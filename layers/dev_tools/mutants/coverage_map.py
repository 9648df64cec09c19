"""Which test runs which lines, kept in a file until code or tests change."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from dev_tools.mutants.lines import Masks

_PARTS: Final = ("idexx_sync", "local_stack", "neo_simulator", "oracle")
_CODE: Final = (
    *(f"layers/{part}/**/*.{ending}" for part in _PARTS for ending in ("py", "sql")),
    *("functions/**/*.py", "migrations/*.sql"),
)
"""What tests run; the tools with which they are run change nothing of it."""
_SHARED: Final = ("tests/**/conftest.py", "tests/kit/*.py")


@dataclass(slots=True)
class Ran:
    """One test as it ran."""

    seconds: float
    passed: bool
    lines: Masks


@dataclass(slots=True)
class CoverageMap:
    """Test -> how it ran; and what ran while everything was imported."""

    code: str
    """Of which code, as a hash."""
    modules: dict[str, str] = field(default_factory=dict)
    """Test module -> its hash when its tests ran."""
    tests: dict[str, Ran] = field(default_factory=dict)
    at_import: Masks = field(default_factory=dict)

    @classmethod
    def kept(cls, file: Path, root: Path) -> Self:
        """What is still true of the file; nothing if the code has changed."""
        code = _hash(root, (path for glob in (*_CODE, *_SHARED) for path in root.glob(glob)))
        stored: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        if stored.get("code") != code:
            return cls(code)
        modules = {m: known for m, known in stored["modules"].items() if known == of(root, m)}
        return cls(
            code,
            modules,
            {t: Ran(**ran) for t, ran in stored["tests"].items() if module_of(t) in modules},
            stored["at_import"],
        )

    def keep(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self)))

    def running(self, places: Iterable[tuple[str, int]]) -> list[str]:
        """The tests that pass and run one of the lines."""
        masks: Masks = {}
        for path, line in places:
            masks[path] = masks.get(path, 0) | 1 << line
        return [
            test
            for test, ran in self.tests.items()
            if ran.passed and any(ran.lines.get(path, 0) & mask for path, mask in masks.items())
        ]


def module_of(test: str) -> str:
    return test.partition("::")[0]


def of(root: Path, module: str) -> str:
    """The hash of a test module; of one that is gone, none that was ever kept."""
    return _hash(root, [root / module])


def _hash(root: Path, paths: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for path in sorted(set(paths)):
        whole.update(str(path.relative_to(root)).encode())
        whole.update(path.read_bytes() if path.exists() else b"gone")
    return whole.hexdigest()
