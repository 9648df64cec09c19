"""The lists of `life_words` as patterns. Pure.

The entries of a list share their beginnings, so that what a text costs grows with its length and
hardly with the number of entries; and no pattern ever goes back over what it has passed.
"""

import re
from typing import Final

_WILD: Final = {" ": r"[\s-]++", "*": r"\w*+", "#": r"\d++", "_": r"[\w']++"}
"""What the signs of an entry stand for; `life_words` explains them."""
_END: Final = ""


type _Tree = dict[str, "_Tree"]


def entries(listed: str) -> set[str]:
    """The entries of a list."""
    return {entry.strip() for line in listed.splitlines() for entry in line.split("|")} - {""}


def any_of(listed: str) -> str:
    """A pattern for whatever the list holds; of two entries that begin alike the longer one."""
    tree: _Tree = {}
    for entry in entries(listed):
        here = tree
        for part in _parts(entry):
            here = here.setdefault(part, {})
        here[_END] = {}
    return _pattern(tree)


def compiled(*listed: str) -> re.Pattern[str]:
    """What finds an entry of the lists anywhere in a text, as whole words."""
    return re.compile(rf"\b{any_of(' | '.join(listed))}", re.IGNORECASE)


def in_groups(groups: dict[str, str]) -> re.Pattern[str]:
    """The same of several lists; the match's `lastgroup` tells which."""
    named = "|".join(f"(?P<{name}>{any_of(listed)})" for name, listed in groups.items())
    return re.compile(rf"\b(?:{named})", re.IGNORECASE)


def _parts(entry: str) -> list[str]:
    if entry.isupper():
        return [f"(?-i:{re.escape(entry)})"]
    return [_WILD.get(sign) or re.escape(sign) for sign in entry]


def _pattern(tree: _Tree) -> str:
    """Plain signs before those that stand for anything, and going on before ending."""
    wild = set(_WILD.values())
    ways = [
        part + _pattern(then)
        for part, then in sorted(tree.items(), key=lambda way: (way[0] in wild, way[0]))
        if part != _END
    ]
    if _END in tree:
        ways.append(r"\b")
    return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"
