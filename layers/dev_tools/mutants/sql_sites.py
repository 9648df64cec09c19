"""Small changes to the SQL in a module's constants."""

import ast
from collections.abc import Iterator, Sequence
from typing import Final

from dev_tools.mutants.mutant import Edit, Mutant, shortened
from dev_tools.mutants.source import Source
from dev_tools.mutants.sql_conditions import dropped_conditions
from dev_tools.mutants.sql_tokens import STATEMENT, Token, flat, partner, tokens_of

_BOUNDS: Final = {">=": ">", ">": ">=", "<=": "<", "<": "<="}
_FIRST_OF: Final = frozenset(("COALESCE", "GREATEST", "LEAST"))
_ENDS: Final = frozenset(("WHERE", "FROM", "RETURNING", "LIMIT", "FOR", "UNION", ")", ";"))

Found = tuple[Token, str, tuple[Edit, ...], bool]
"""Where, what, how, and whether it is about whose row it is."""


def sql_mutants(source: Source) -> Iterator[Mutant]:
    """Every small change to each statement, or part of one, of the module."""
    for node, literal in _literals(source):
        has_holes = isinstance(node, ast.JoinedStr)
        tokens = tokens_of(literal, source.start(node), has_holes=has_holes)
        for token, change, edits, is_clinic in _changes(source, tokens):
            yield Mutant(
                source.path,
                source.function_of(node),
                source.line_of(token.start),
                f"SQL: {change}",
                edits,
                is_sql=True,
                is_clinic=is_clinic,
            )


def _literals(source: Source) -> Iterator[tuple[ast.expr, str]]:
    for node in ast.walk(source.tree):
        is_text = isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Constant) and isinstance(node.value, str)
        )
        parent = source.parents.get(node)
        if not is_text or isinstance(parent, ast.Expr | ast.JoinedStr | ast.FormattedValue):
            continue
        assert isinstance(node, ast.expr)
        literal = source.of(node)
        if STATEMENT.search(literal):
            yield node, literal


def _changes(source: Source, tokens: Sequence[Token]) -> Iterator[Found]:
    for dropped in dropped_conditions(tokens):
        first, last = tokens[dropped.start], tokens[dropped.stop - 1]
        condition = source.text[first.start : last.end]
        if condition not in ("true", "false"):
            becomes = dropped.edits[-1].text.strip(" )")
            yield first, f"{shortened(condition)} => {becomes}", dropped.edits, dropped.is_clinic
    for finder in (_bounds, _first_only, _limits, _locks, _assignments, _orders, _lists):
        for token, change, *edits in finder(tokens):
            yield token, change, tuple(edits), False


def _bounds(tokens: Sequence[Token]) -> Iterator[tuple[Token, str, Edit]]:
    for at, token in enumerate(tokens[1:-1], 1):
        other = _BOUNDS.get(token.text)
        if other:
            around = f"{tokens[at - 1].text} {token.text} {tokens[at + 1].text}"
            yield token, f"{around} => {other}", Edit(token.start, token.end, other)


def _first_only(tokens: Sequence[Token]) -> Iterator[tuple[Token, str, Edit, Edit, Edit]]:
    """`coalesce(a, b)` as `a`; the rest stays in a branch that is never taken."""
    for at, token in enumerate(tokens[:-1]):
        if token.word not in _FIRST_OF or tokens[at + 1].text != "(":
            continue
        closing = partner(tokens, at + 1)
        commas = [i for i in flat(tokens, at + 2, closing) if tokens[i].text == ","]
        if commas:
            comma, end = tokens[commas[0]], tokens[closing]
            begin = Edit(token.start, tokens[at + 1].end, "(CASE WHEN true THEN ")
            first = " ".join(t.text for t in tokens[at + 2 : commas[0]])
            yield (
                token,
                f"only the first of {token.text}({shortened(first, 40)}, …)",
                begin,
                Edit(comma.start, comma.end, f" ELSE {token.text}("),
                Edit(end.start, end.end, ") END)"),
            )


def _limits(tokens: Sequence[Token]) -> Iterator[tuple[Token, str, Edit]]:
    for token in tokens:
        if token.word == "LIMIT":
            yield token, "LIMIT dropped", Edit(token.end, token.end, " 1000 +")


def _locks(tokens: Sequence[Token]) -> Iterator[tuple[Token, str, Edit]]:
    words = [token.word for token in tokens]
    for at, token in enumerate(tokens):
        if token.word == "FOR" and set(words[at + 1 : at + 4]) & {"UPDATE", "SHARE"}:
            end = at + 1
            while end < len(words) and words[end] in ("NO", "KEY", "UPDATE", "SHARE", "OF"):
                end += 1 + (words[end] == "OF")
            waits = end
            while end < len(words) and words[end] in ("SKIP", "LOCKED", "NOWAIT"):
                end += 1
            dropped = Edit(token.start, tokens[end - 1].end, "")
            yield token, f"{' '.join(words[at:end])} dropped", dropped
            if end > waits:
                edit = Edit(tokens[waits].start, tokens[end - 1].end, "")
                yield tokens[waits], f"{' '.join(words[waits:end])} dropped", edit


def _assignments(tokens: Sequence[Token]) -> Iterator[tuple[Token, str, Edit, Edit]]:
    """One column that keeps what stands in it."""
    for at, token in enumerate(tokens):
        table = _updated(tokens, at) if token.word == "SET" else None
        if table is None:
            continue
        for name, stop in _listed(tokens, at + 1):
            column, sign, last = tokens[name], tokens[name + 1], tokens[stop - 1]
            if sign.text == "=" and column.text[0] not in "({":
                begin = Edit(sign.end, sign.end, f" CASE WHEN true THEN {table}.{column.text} ELSE")
                yield column, f"SET {column.text} dropped", begin, Edit(last.end, last.end, " END")


def _updated(tokens: Sequence[Token], end: int) -> str | None:
    """What the row to write is called before SET."""
    for at in reversed(range(end)):
        if tokens[at].word == "INTO" or (tokens[at].word == "UPDATE" and at + 1 < end):
            names = [token.text for token in tokens[at + 1 : at + 4]]
            if names[1].upper() == "AS":
                return names[2]
            is_alias = names[1].upper() not in ("SET", "(", "SELECT", "ON", "VALUES")
            return names[1] if is_alias else names[0].rpartition(".")[2]
    return None


def _listed(tokens: Sequence[Token], start: int) -> Iterator[tuple[int, int]]:
    """The bounds of items between commas."""
    first = start
    for at in flat(tokens, start, len(tokens)):
        ends = tokens[at].word in _ENDS and tokens[at - 1].word != "DISTINCT"
        if tokens[at].text == "," or ends:
            if first < at:
                yield first, at
            first = at + 1
        if ends:
            return
    if first < len(tokens):
        yield first, len(tokens)


def _orders(tokens: Sequence[Token]) -> Iterator[tuple[Token, str, Edit]]:
    for at, token in enumerate(tokens[:-1]):
        if token.word != "ORDER" or tokens[at + 1].word != "BY":
            continue
        for first, stop in _listed(tokens, at + 2):
            words = [one.word for one in tokens[first:stop]]
            item = shortened(" ".join(one.text for one in tokens[first:stop]), 40)
            if "DESC" in words:
                down = tokens[first + words.index("DESC")]
                edit = Edit(down.start, down.end, "ASC")
            else:
                last = first + words.index("NULLS") if "NULLS" in words else stop
                edit = Edit(tokens[last - 1].end, tokens[last - 1].end, " DESC")
            yield tokens[first], f"ORDER BY {item} the other way round", edit


def _lists(tokens: Sequence[Token]) -> Iterator[tuple[Token, str, Edit]]:
    """A text taken out of a list of texts."""
    for at, token in enumerate(tokens[:-1]):
        if token.word not in ("IN", "ARRAY") or tokens[at + 1].text not in ("(", "["):
            continue
        closing = partner(tokens, at + 1)
        items = [one for one in tokens[at + 2 : closing] if one.text != ","]
        if len(items) < 2 or not all(one.text.startswith("'") for one in items):
            continue
        for index, item in enumerate(items):
            is_last = index == len(items) - 1
            start = items[index - 1].end if is_last else item.start
            end = item.end if is_last else items[index + 1].start
            yield item, f"{item.text} taken out of a list", Edit(start, end, "")
