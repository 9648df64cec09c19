"""P9: importing a handler beside importing the third-party libraries that it lists.

A handler lists a library when one of our modules that it loads names it in an import statement of
its own. Each import happens in a fresh interpreter, whose own start is not counted. What counts is
processor time: an import does nothing but compute, and what else the machine does is not its work.
"""

import ast
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from tests.bench.figure import Figure, counted, interleaved, ratio, spread
from tests.bench.rig import Rig
from tests.kit.paths import ROOT

OURS = ("functions", "idexx_sync")
AGAINST = (
    "the import statements of third-party libraries in the modules it loads, and nothing else; "
    "processor time"
)
LISTED = "functions.authorizer.handler"
"""Whose import is shown library by library."""
SMALLEST_MS = 1
"""What takes less is not worth a place in the list."""


def measure_imports(_rig: Rig, repetitions: int) -> list[Figure]:
    handlers = handler_modules(ROOT)
    each = [_beside_libraries(handler, repetitions) for handler in handlers]
    worst = max(each, key=lambda figure: figure.measured.value)
    with_playwright = [name for name in handlers if "playwright" in loaded_modules(name)]
    return [
        replace(worst, id="P9", what=f"the worst of {len(each)}: {worst.what}"),
        *each,
        Figure(
            id="P9.playwright",
            what="handlers whose import loads Playwright",
            measured=counted([len(with_playwright)]),
            goal=0,
            unit="handlers",
            against=f"of {', '.join(map(short, handlers))}",
            repetitions=1,
        ),
        _cold_import(LISTED, repetitions),
    ]


def _beside_libraries(handler: str, repetitions: int) -> Figure:
    libraries = third_party_imports(loaded_modules(handler).values())
    ours, bare = interleaved(
        repetitions,
        lambda: import_seconds([f"import {handler}"]),
        lambda: import_seconds(libraries),
    )
    return Figure(
        id=f"P9.{short(handler)}",
        what=f"import of {short(handler)} / of its libraries",
        measured=ratio(ours, bare),
        goal=1.2,
        unit="ratio",
        against=AGAINST,
        repetitions=repetitions,
    )


def _cold_import(handler: str, repetitions: int) -> Figure:
    """Where the time of an import goes."""
    runs = [milliseconds_by_library(handler) for _ in range(repetitions)]
    parts = {name: spread([run.get(name, 0) for run in runs]).value for name in runs[0]}
    said = [
        f"{name} {part:.1f}"
        for name, part in sorted(parts.items(), key=lambda part: -part[1])
        if part >= SMALLEST_MS
    ]
    return Figure(
        id=f"P9.cold.{short(handler)}",
        what=f"import of {short(handler)}, library by library",
        measured=spread([sum(run.values()) for run in runs]),
        goal=None,
        unit="ms",
        against=f"{', '.join(said)}; the time-keeping itself makes it longer",
        repetitions=repetitions,
    )


def handler_modules(root: Path) -> list[str]:
    """Every function's handler that there is, as its module's name."""
    found = sorted((root / "functions").glob("*/handler.py"))
    return [f"functions.{path.parent.name}.handler" for path in found]


def short(handler: str) -> str:
    return handler.split(".")[1]


def loaded_modules(handler: str) -> dict[str, str | None]:
    """Every module that importing the handler loads -> its file."""
    script = f"""
import json, sys
import {handler}
print(json.dumps({{n: getattr(m, "__file__", None) for n, m in sys.modules.items()}}))
"""
    loaded: dict[str, str | None] = json.loads(run_fresh("-c", script).stdout)
    return loaded


def third_party_imports(files: Iterable[str | None]) -> list[str]:
    """The statements by which those of the files that are ours import what is not, each once."""
    statements: dict[str, None] = {}
    for file in files:
        if file is None or not is_ours(Path(file)):
            continue
        for node in ast.parse(Path(file).read_text()).body:
            if isinstance(node, (ast.Import, ast.ImportFrom)) and is_third_party(node):
                statements[ast.unparse(node)] = None
    return list(statements)


def is_ours(file: Path) -> bool:
    return file.suffix == ".py" and any(
        file.is_relative_to(ROOT / folder / name) for folder in (".", "layers") for name in OURS
    )


def is_third_party(node: ast.Import | ast.ImportFrom) -> bool:
    name = node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name
    root = name.partition(".")[0]
    return root not in sys.stdlib_module_names and root not in OURS


def import_seconds(statements: Iterable[str]) -> float:
    """Processor time that a fresh interpreter takes over these imports."""
    lines = "\n".join(statements)
    script = f"""
import time
begun = time.process_time()
{lines}
print(time.process_time() - begun)
"""
    return float(run_fresh("-c", script).stdout)


def milliseconds_by_library(handler: str) -> dict[str, float]:
    """Top-level package -> time that its modules took; the standard library is one."""
    return by_library(run_fresh("-X", "importtime", "-c", f"import {handler}").stderr)


def by_library(said: str) -> dict[str, float]:
    """Sums up what `-X importtime` says: `import time: self [us] | cumulative | name`."""
    sums: defaultdict[str, float] = defaultdict(float)
    for line in said.splitlines():
        own, _, rest = line.removeprefix("import time:").partition("|")
        if not own.strip().isdigit():  # the heading
            continue
        root = rest.partition("|")[2].strip().partition(".")[0]
        name = "standard library" if root in sys.stdlib_module_names else root
        sums[name] += int(own) / 1000
    return dict(sums)


def run_fresh(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
