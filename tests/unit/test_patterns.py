"""Every pattern of the product takes time in proportion to its text, whatever stands in that (R26).

A pattern that goes back over what it has passed holds the interpreter meanwhile: no heartbeat and
no deadline acts. The patterns are found, so that a new one is tried as well.
"""

import ast
import importlib
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, NamedTuple

import pytest

from idexx_sync.syncs.cases.life_names import LONGEST_NAME
from tests.kit.paths import ROOT

PRODUCT: Final = ROOT / "layers" / "idexx_sync"
SMALL: Final = 4_000
TIMES: Final = 4
MOST: Final = 1.3
"""So many times as long may a text of TIMES the length take."""
TOO_SHORT_S: Final = 0.002
"""What a text of the small size takes no longer for grows with no square of anything."""
TRIES: Final = 40
BOUNDED: Final = {"syncs.cases.life_names._REMARK": LONGEST_NAME}
"""Patterns that see no longer text than this. It takes them some milliseconds at most."""
RUNS: Final = (
    *" 0a_-.,:;/=<>&#\n\"'~*[](){}|+?@%!",
    *("x ", "a.", "1 ", "a-", "- ", "\t ", "::", "<a", "&#", "\xa0", "\ufdd0", "\ufdd11", "ab@"),
)
BEHIND: Final = (" ", "0", "a", "-", ":")
WORDS_OF_ONE: Final = 5
METHODS: Final = ("match", "fullmatch", "finditer")
type Work = Callable[[str], object]
type Write = Callable[[int], str]


class Found(NamedTuple):
    name: str
    pattern: re.Pattern[Any]
    method: str


def sources() -> Iterator[tuple[str, str]]:
    """Module and source of all that says something of patterns."""
    for path in sorted(PRODUCT.rglob("*.py")):
        source = path.read_text()
        if re.search(r"\bre\.\w+\(|life_patterns import", source):
            yield ".".join(path.relative_to(PRODUCT).with_suffix("").parts), source


def patterns_in(value: object) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(getattr(value, "__self__", None), re.Pattern):
        yield value.__self__  # type: ignore[attr-defined]
    elif isinstance(value, dict):
        yield from patterns_in(tuple(value.values()))
    elif isinstance(value, (tuple, list)):
        for inner in value:
            yield from patterns_in(inner)


def methods_of(name: str, source: str) -> list[str]:
    """How a module uses its pattern; from each place of a text, where it hands the pattern on."""
    used = set(re.findall(rf"\b{re.escape(name)}(?:\[\w+\])?\.(\w+)\b", source))
    found = {"finditer" if method not in METHODS else method for method in used}
    return sorted(found - {"pattern", "flags"} or {"finditer"})


def written_in_place(source: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    """`re.search("…", text)` and its like."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        of, first = node.func.value, node.args[0]
        if not (isinstance(of, ast.Name) and of.id == "re" and isinstance(first, ast.Constant)):
            continue
        if node.func.attr not in ("compile", "escape"):
            method = node.func.attr if node.func.attr in METHODS else "finditer"
            yield method, re.compile(str(first.value))


def all_patterns() -> Iterator[Found]:
    for module, source in sources():
        values = vars(importlib.import_module(f"idexx_sync.{module}"))
        for name, value in values.items():
            if name.startswith("__") or re.search(rf"^from .* import .*\b{name}\b", source, re.M):
                continue
            for pattern in patterns_in(value):
                for method in methods_of(name, source):
                    yield Found(f"{module}.{name}", pattern, method)
        for number, (method, pattern) in enumerate(written_in_place(source)):
            yield Found(f"{module} in place {number}", pattern, method)


PATTERNS: Final = list(all_patterns())


def words_of(pattern: str) -> list[str]:
    """Beginnings of what the pattern looks for: each may begin a search that comes to nothing."""
    plain = re.sub(r"\\[a-zA-Z]|\(\?[^:]*?[:>]", " ", pattern)
    found = dict.fromkeys(re.findall(r"[A-Za-z][A-Za-z ]+|[=:&#/\[(<~_|\"'.+*-]", plain))
    return sorted(found, key=lambda word: -len(word))[:WORDS_OF_ONE]


def texts_for(pattern: str) -> Iterator[tuple[str, Write]]:
    """Ways to write a text of any length that the pattern might have trouble with."""
    for run in RUNS:
        yield repr(run), partial(again, run)
    for word in words_of(pattern):
        yield f"{word!r} again", partial(again, word)
        for run in BEHIND:
            yield f"{word!r}, then {run!r}", partial(followed, word, run)


def again(part: str, size: int) -> str:
    return part * (size // len(part)) + "!"


def followed(word: str, run: str, size: int) -> str:
    return f"{word}{run * size}\x01"


def working(found: Found) -> Work:
    call = getattr(found.pattern, found.method)
    if found.method == "finditer":
        return lambda text: sum(1 for _ in call(text))
    return lambda text: call(text)


def seconds(work: Work, text: str | bytes, times: int = 1) -> float:
    started = time.process_time()
    for _ in range(times):
        work(text)  # type: ignore[arg-type]
    return time.process_time() - started


def growth(work: Work, write: Write, is_bytes: bool, size: int) -> float:
    """How many times as long a text of TIMES the length takes as the short one TIMES times.

    By the shortest of several tries: whatever else the machine does makes a try longer, and none
    shorter. Both are as long as each other, so that neither is luckier.
    """

    def text(length: int) -> Any:
        return write(length).encode() if is_bytes else write(length)

    small = text(size)
    if seconds(work, small) < TOO_SHORT_S:
        return 1.0
    large, least = text(size * TIMES), seconds(work, small, TIMES)
    most = seconds(work, large)
    for _ in range(TRIES):
        if most <= MOST * least or most > 2 * MOST * least:
            break
        least = min(least, seconds(work, small, TIMES))
        most = min(most, seconds(work, large))
    return most / least


def slow_texts(found: Found, size: int = SMALL) -> Iterator[str]:
    """Texts that take out of proportion, each as it is found."""
    work, is_bytes = working(found), isinstance(found.pattern.pattern, bytes)
    source = found.pattern.pattern.decode("latin-1") if is_bytes else found.pattern.pattern
    for what, write in texts_for(source):
        # Once more with another text, as a busy machine may be unfair to one of them.
        if all((times := growth(work, write, is_bytes, one)) > MOST for one in (size, 2 * size)):
            yield f"{what}: {times:.1f} times"


def test_all_patterns_are_found() -> None:
    modules = {found.name.rpartition(".")[0] for found in PATTERNS}
    compiling = {module for module, source in sources() if re.search(r"= re\.compile\(", source)}

    assert compiling <= modules
    assert len(PATTERNS) > 90


@pytest.mark.parametrize("found", PATTERNS, ids=lambda found: f"{found.name}.{found.method}")
def test_r26_a_pattern_takes_time_in_proportion(found: Found) -> None:
    if (longest := BOUNDED.get(found.name)) is None:
        assert next(slow_texts(found), None) is None
    else:
        texts = (write(longest) for _, write in texts_for(found.pattern.pattern))
        assert max(seconds(working(found), text) for text in texts) < 0.2


@pytest.mark.parametrize(
    "slow",
    [r"a*b", r"=\s*['\"]?\s*data:", r"td[^;]*x"],
)
def test_a_pattern_that_goes_back_is_found_out(slow: str) -> None:
    assert next(slow_texts(Found("slow", re.compile(slow), "finditer"), SMALL))
