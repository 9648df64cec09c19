"""The words of SQL in a literal of Python, with their places in the source."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

STATEMENT: Final = re.compile(
    r"\b(SELECT\s.*\sFROM|UPDATE\s.*\sSET|DELETE\s+FROM|INSERT\s+INTO|WHERE|ORDER BY)\s"
    r"|\bIS (NOT )?(NULL|TRUE|FALSE)\b|\b(coalesce|EXISTS|greatest|least|ANY)\s*\(",
    re.DOTALL,
)
"""What only SQL looks like."""
_TOKEN: Final = re.compile(
    r"""
      (?P<gap> (?: \s | --[^\n]* | (?<=["'\s])"\s*f?" )+ )
    | (?P<text> '(?:[^']|'')*' | "[A-Za-z_]+" )
    | (?P<hole> %\([a-z_]+\)[sbt] | %[sbt] | \{\{ | \}\} )
    | (?P<word> [A-Za-z_][A-Za-z_0-9.]* | [0-9]+(?:\.[0-9]+)? )
    | (?P<sign> [<>=!@\#&|~?*/+-]+ | :: | => | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_JOINED: Final = re.compile(r"\"\s*\n\s*f?\"")
"""Where a literal ends and its next piece begins."""


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """In capitals, for comparison."""
        return self.text.upper()


def tokens_of(literal: str, offset: int, *, has_holes: bool) -> list[Token]:
    """The tokens of a literal's source, which begins at `offset`; one for a hole of an f-string."""
    found: list[Token] = []
    place, stop = _inside(literal)
    while place < stop:
        joined = _JOINED.match(literal, place)
        if joined:
            place = joined.end()
            continue
        end = _end_of_hole(literal, place) if has_holes else None
        if end is None:
            match = _TOKEN.match(literal, place)
            assert match is not None
            end = match.end()
            is_gap = match.lastgroup == "gap"
        else:
            is_gap = False
        if not is_gap:
            found.append(Token(literal[place:end], offset + place, offset + end))
        place = end
    return found


def _inside(literal: str) -> tuple[int, int]:
    begins = re.match(r"""[a-zA-Z]*("{3}|'{3}|"|')""", literal)
    assert begins is not None
    return begins.end(), len(literal) - len(begins[1])


def _end_of_hole(literal: str, place: int) -> int | None:
    """Where what an f-string puts in ends, if it begins here."""
    if literal[place] != "{" or literal[place : place + 2] == "{{":
        return None
    depth = 0
    for index in range(place, len(literal)):
        depth += {"{": 1, "}": -1}.get(literal[index], 0)
        if depth == 0:
            return index + 1
    return None


def partner(tokens: Sequence[Token], index: int) -> int:
    """The index of the parenthesis that closes the one at `index`; the last token's without one."""
    depth = 0
    for at in range(index, len(tokens)):
        depth += {"(": 1, ")": -1, "[": 1, "]": -1}.get(tokens[at].text, 0)
        if depth == 0:
            return at
    return len(tokens) - 1


def flat(tokens: Sequence[Token], start: int, stop: int) -> Iterator[int]:
    """Indices of the tokens between, of those in parentheses and of a CASE only the first."""
    at = start
    while at < stop:
        yield at
        closing = at
        if tokens[at].text in ("(", "["):
            closing = partner(tokens, at)
        elif tokens[at].word == "CASE":
            closing = _end_of_case(tokens, at)
        at = closing + 1


def _end_of_case(tokens: Sequence[Token], index: int) -> int:
    depth = 0
    for at in range(index, len(tokens)):
        depth += {"CASE": 1, "END": -1}.get(tokens[at].word, 0)
        if depth == 0:
            return at
    return len(tokens) - 1
