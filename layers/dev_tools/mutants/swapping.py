"""A changed module takes effect in a process that has imported it: its functions run other code.

What is made at import can't be swapped, because others have it by value: see `fresh`.
"""

import functools
import gc
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType

Functions = dict[tuple[str, str, int], list[FunctionType]]
"""File, qualified name and first line -> all functions of that code."""


def living_functions(root: Path) -> Functions:
    """Every function of the project that exists in this process."""
    found: Functions = defaultdict(list)
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType):
            code = thing.__code__
            if code.co_filename.startswith(str(root)):
                found[code.co_filename, code.co_qualname, code.co_firstlineno].append(thing)
    return found


def swap(functions: Functions, file: Path, text: str) -> bool:
    """Let the functions run the code of a changed text; False if that takes a fresh process."""
    new = list(_codes(compile(text, str(file), "exec")))
    old = list(_codes(compile(file.read_text(), str(file), "exec")))
    if [code.co_qualname for code in old] != [code.co_qualname for code in new]:
        return False
    swapped = 0
    for before, after in zip(old, new, strict=True):
        if before == after:
            continue
        for function in functions.get((str(file), before.co_qualname, before.co_firstlineno), []):
            if function.__code__ != before:
                continue  # another one of that name and line
            if after.co_freevars != before.co_freevars:
                return False
            function.__code__ = after
            swapped += 1
    return swapped > 0


def forget_results() -> None:
    """Empty all caches of functions: what is in there was computed by the code as it was."""
    for thing in gc.get_objects():
        if isinstance(thing, functools._lru_cache_wrapper):
            thing.cache_clear()


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)
