"""Conditions of SQL that are dropped: each part that AND joins holds, each that OR joins does not.

Whatever is dropped stays in the statement, so that its parameters are still asked for.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from dev_tools.mutants.mutant import Edit
from dev_tools.mutants.sql_tokens import Token, flat, partner

_ENDS: Final = frozenset(
    (
        *("THEN", "ELSE", "END", "GROUP", "ORDER", "LIMIT", "RETURNING", "FOR", "UNION", "WINDOW"),
        *("JOIN", "LEFT", "RIGHT", "CROSS", "FULL", "INNER", "WHERE", "HAVING", "ON", "SET", "DO"),
        *(")", ";", ","),
    )
)
_BEGINS: Final = frozenset(("WHERE", "ON", "HAVING", "WHEN"))
_COMPARES: Final = frozenset(("=", "<>", "IN", "DISTINCT", "USING"))


class Dropped(NamedTuple):
    """A part of a condition that counts no more."""

    start: int
    stop: int
    """Indices of its tokens."""
    edits: tuple[Edit, ...]
    is_clinic: bool
    """Whether it says whose row is meant."""


def dropped_conditions(tokens: Sequence[Token]) -> Iterator[Dropped]:
    """Every part of every condition, each without its counting."""
    words = [token.word for token in tokens]
    if not {"WHERE", "SELECT", "UPDATE", "INSERT", "DELETE", "WHEN"} & set(words):
        yield from _parts(tokens, 0, len(tokens))
    for at, word in enumerate(words):
        if word in _BEGINS and words[at + 1 : at + 2] != ["CONFLICT"]:
            yield from _parts(tokens, at + 1, _end(tokens, at + 1))
        if word == "USING" and words[at + 1 : at + 2] == ["("]:
            yield from _shared_column(tokens, at)


def _end(tokens: Sequence[Token], start: int) -> int:
    for at in flat(tokens, start, len(tokens)):
        if tokens[at].word in _ENDS:
            return at
    return len(tokens)


def _parts(tokens: Sequence[Token], start: int, stop: int) -> Iterator[Dropped]:
    alternatives = list(_split(tokens, start, stop, "OR"))
    for first, last in alternatives:
        conjuncts = list(_split(tokens, first, last, "AND"))
        if len(alternatives) > 1:
            yield _dropped(tokens, first, last, "AND false")
        for begin, end in conjuncts:
            if len(conjuncts) > 1 or len(alternatives) == 1:
                yield _dropped(tokens, begin, end, "OR true")
            yield from _inner(tokens, begin, end)


def _inner(tokens: Sequence[Token], start: int, stop: int) -> Iterator[Dropped]:
    """What a part says within parentheses of its own."""
    while start < stop and tokens[start].word == "NOT":
        start += 1
    is_group = start < stop and tokens[start].text == "(" and partner(tokens, start) == stop - 1
    if is_group and tokens[start + 1].word != "SELECT":
        inner = list(_split(tokens, start + 1, stop - 1, "OR"))
        if len(inner) > 1 or len(list(_split(tokens, start + 1, stop - 1, "AND"))) > 1:
            yield from _parts(tokens, start + 1, stop - 1)


def _split(
    tokens: Sequence[Token], start: int, stop: int, joined_by: str
) -> Iterator[tuple[int, int]]:
    bounds, is_between = [start - 1], False
    for at in flat(tokens, start, stop):
        if tokens[at].word == joined_by and not is_between:
            bounds.append(at)
        elif tokens[at].word in ("BETWEEN", "AND"):
            is_between = tokens[at].word == "BETWEEN"
    for before, after in pairwise([*bounds, stop]):
        if before + 1 < after:
            yield before + 1, after


def _dropped(tokens: Sequence[Token], start: int, stop: int, how: str) -> Dropped:
    first, last = tokens[start].start, tokens[stop - 1].end
    edits = (Edit(first, first, "("), Edit(last, last, f" {how})"))
    own = [tokens[at] for at in _outside_of_queries(tokens, start, stop)]
    is_clinic = how == "OR true" and any("clinic_id" in token.text for token in own)
    compares = any(token.word in _COMPARES for token in own)
    return Dropped(start, stop, edits, is_clinic and compares)


def _outside_of_queries(tokens: Sequence[Token], start: int, stop: int) -> Iterator[int]:
    at = start
    while at < stop:
        if tokens[at].text == "(" and tokens[at + 1].word == "SELECT":
            at = partner(tokens, at)
        yield at
        at += 1


def _shared_column(tokens: Sequence[Token], using: int) -> Iterator[Dropped]:
    """A join by the clinic that joins the rows of all of them."""
    closing = partner(tokens, using + 1)
    names = [token.text for token in tokens[using + 2 : closing] if token.text != ","]
    if "clinic_id" in names:
        rest = ", ".join(name for name in names if name != "clinic_id")
        text = f"USING ({rest})" if rest else "ON true"
        edit = Edit(tokens[using].start, tokens[closing].end, text)
        yield Dropped(using, closing + 1, (edit,), is_clinic=True)
