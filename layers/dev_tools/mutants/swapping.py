"""A changed module takes effect in a process that has imported it: its functions run other code.

Of what is made at import only texts can be swapped, which is what statements are made of: others
have them by value, or within a text of their own.
"""

import functools
import gc
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

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


def swap_texts(root: Path, file: Path, text: str) -> bool:
    """Let all modules have the texts that the changed module makes at import; False if it makes
    something else, too, that differs."""
    module = next(m for m in _modules(root) if m.__file__ == str(file))
    made = {name: getattr(module, name) for name in ("__name__", "__file__", "__package__")}
    exec(compile(text, str(file), "exec"), made)  # noqa: S102 - our own code, changed a little
    changes = [
        (old, made[name])
        for name, old in vars(module).items()
        if isinstance(old, str) and made.get(name, old) != old
    ]
    for other in _modules(root):
        for name, value in list(vars(other).items()):
            setattr(other, name, _with(value, changes))
    return bool(changes)


def _with(value: object, changes: list[tuple[str, str]]) -> object:
    """The text with what has changed in it; a table of texts is changed in its place."""
    if isinstance(value, str):
        for old, new in changes:
            value = value.replace(old, new)
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str):
                value[key] = _with(item, changes)
    return value


def _modules(root: Path) -> Iterator[ModuleType]:
    for module in list(sys.modules.values()):
        if (getattr(module, "__file__", None) or "").startswith(str(root)):
            yield module


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
