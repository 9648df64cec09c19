"""Raised, lowered and struck-out text of a line in plain signs: no mark-up of a dose is lost. Pure.

While a line is collected, signs that no text may hold stand for where such text begins and ends.
"""

import re
from typing import Final

RAISED: Final = "\ufdd0", "\ufdd1"
LOWERED: Final = "\ufdd2", "\ufdd3"
STRUCK: Final = "\ufdd4", "\ufdd5"
"""Where such text begins, and where it ends."""
OURS: Final = "\ufdd0-\ufdd5"
"""All of them, for a character class; they are dropped from what is read."""

_UP, _UP_END = RAISED
_LOW, _LOW_END = LOWERED
_ANY: Final = re.compile(f"[{OURS}]")
_SLASH: Final = "[/\u2044\u2215]"
_FRACTION: Final = re.compile(
    rf"(?:{_UP}\s*+(\d{{1,3}})\s*+(?:{_UP_END}\s*+{_SLASH}?+|{_SLASH}\s*+{_UP_END})\s*+"
    rf"{_LOW}\s*+{_SLASH}?+\s*+(\d{{1,3}})\s*+{_LOW_END}"
    rf"|{_UP}\s*+(\d{{1,3}})\s*+{_SLASH}\s*+(\d{{1,3}})\s*+{_UP_END}"
    rf"|(?<!10){_UP}\s*+([1-7])\s*+{_UP_END}\s*+{_SLASH}\s*+([23468])(?![\d.,]))"
)
"""Numerator raised and denominator lowered, or both raised, or a common one with only the numerator
raised. Behind a ten it is a power."""
_RAISED: Final = re.compile(f"{_UP}([^{OURS}]*+){_UP_END}")
_LOWERED: Final = re.compile(f"{_LOW}([^{OURS}]*+){_LOW_END}")
_STRUCK: Final = re.compile(f"{STRUCK[0]}([^{STRUCK[0]}]*?){STRUCK[1]}")
_POWER: Final = re.compile(r"[-+\u2212\u2013]?[\w.,]{1,8}[-+\u2212]?")
_ORDINAL: Final = re.compile(r"(?i:st|nd|rd|th|er|e|re|\u00e8me|eme|a|tm|sm|\u00ae|\u2122|\u00a9)")
_DEGREE: Final = re.compile("[o\u00ba\u00b0\u02da\u2218]")


def in_plain_signs(line: str) -> str:
    """A collected line as a person would type it.

    >>> in_plain_signs("1\\ufdd01\\ufdd1/\\ufdd22\\ufdd3 tablets, 10\\ufdd09\\ufdd1")
    '1 1/2 tablets, 10^9'
    """
    if not _ANY.search(line):
        return line
    line = _FRACTION.sub(_fraction, line)
    line = _LOWERED.sub(_lowered, _RAISED.sub(_raised, line))
    return _ANY.sub("", _STRUCK.sub(_struck, line))


def _fraction(found: re.Match[str]) -> str:
    above, below = (part for part in found.groups() if part is not None)
    before, after = _beside(found)
    if before.isalpha() and not re.search(_SLASH, found[0]):
        return f"^{above}_{below}"
    apart = " " if before.isalnum() else ""
    return f"{apart}{above}/{below}{' ' if after.isalnum() else ''}"


def _raised(found: re.Match[str]) -> str:
    text = found[1].strip()
    before, after = _beside(found)
    if not text:
        return found[1]
    if _DEGREE.fullmatch(text) or (text == "0" and after in ("C", "F")):
        return "\u00b0"
    if _ORDINAL.fullmatch(text) and before.isalnum():
        return text
    if before.strip() and _POWER.fullmatch(text):
        return f"^{text}{' ' if after.isalnum() else ''}"
    return f" {text} "


def _lowered(found: re.Match[str]) -> str:
    """As it is, since CO2 is what a reader knows; but never grown into a number beside it."""
    text = found[1].strip()
    before, after = _beside(found)
    if not text or " " in text:
        return f" {text} "
    apart = "_" if before.isdigit() and text[0].isdigit() else ""
    return f"{apart}{text}{' ' if text[-1].isdigit() and after.isdigit() else ''}"


def _struck(found: re.Match[str]) -> str:
    text = found[1].strip()
    return f" [struck out: {text}] " if text else found[1]


def _beside(found: re.Match[str]) -> tuple[str, str]:
    """The sign before and the one behind, if they are no beginnings or ends of ours."""
    line, start, end = found.string, found.start(), found.end()
    before = line[start - 1 : start] if start else ""
    after = line[end : end + 1]
    return _ANY.sub("", before), _ANY.sub("", after)
