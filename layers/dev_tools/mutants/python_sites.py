"""Small changes to a module's Python."""

import ast
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from dev_tools.mutants.mutant import Edit, Mutant, shortened
from dev_tools.mutants.source import Source

_COMPARISONS: Final[dict[type[ast.cmpop], tuple[str, str]]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.NotIn: (r"not\s+in", "in"),
    ast.Is: ("is", "is not"),
    ast.IsNot: (r"is\s+not", "is"),
}
"""Operator -> how it looks, and what stands there instead."""
_EMPTY: Final = {
    "list": "[]",
    "List": "[]",
    "Sequence": "[]",
    "tuple": "()",
    "dict": "{}",
    "Mapping": "{}",
    "set": "set()",
    "frozenset": "frozenset()",
    "str": '""',
    "int": "0",
    "bool": "False",
}
"""Kind of what a function returns -> one without anything in it."""
_LOGS: Final = frozenset(("logger", "logging", "_logger", "log"))
_OF_THE_LANGUAGE: Final = frozenset(("slots", "frozen", "repr", "strict", "stacklevel"))
"""Keywords that no test of behaviour can be about."""
_TYPES: Final = frozenset(("annotation", "returns", "decorator_list", "type_params", "bases"))
"""Fields of the tree that say what something is, not what is done."""
_ON_PAPER: Final = frozenset(("__repr__", "__str__"))

Change = tuple[str, tuple[Edit, ...]]


def python_mutants(source: Source) -> Iterator[Mutant]:
    """Every small change to the module's statements."""
    for node in _thought_of(source.tree):
        for change, edits in _changes(source, node):
            assert isinstance(node, ast.expr | ast.stmt | ast.ExceptHandler | ast.comprehension)
            place = edits[0].start
            function = source.function_of(node)
            if function.rpartition(".")[2] not in _ON_PAPER:
                yield Mutant(source.path, function, source.line_of(place), change, edits)


def _thought_of(node: ast.AST) -> Iterator[ast.AST]:
    """All that is not a type, a decorator, an assertion or a message to the log."""
    for name, value in ast.iter_fields(node):
        if name in _TYPES or (name == "keywords" and isinstance(node, ast.ClassDef)):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_passed_over(child):
                yield child
                yield from _thought_of(child)


def _is_passed_over(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert | ast.TypeAlias | ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return True
    return isinstance(node, ast.Expr) and (_is_logged(node.value) or _is_text(node.value))


def _is_logged(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).partition(".")[0] in _LOGS


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and not isinstance(node.value, bool | int | float)
    )


def _changes(source: Source, node: ast.AST) -> Iterator[Change]:
    finder: Callable[[Source, Any], Iterator[Change]] | None = _FINDERS.get(type(node))
    if finder is not None:
        yield from finder(source, node)
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        yield from _decided(source, node.test, ("False",) if _is_endless(node) else _BOTH)
    if isinstance(node, ast.comprehension):
        for test in node.ifs:
            yield from _decided(source, test, ("True",))


_BOTH: Final = ("True", "False")


def _is_endless(node: ast.If | ast.While | ast.IfExp) -> bool:
    return isinstance(node, ast.While)


def _decided(source: Source, test: ast.expr, values: tuple[str, ...]) -> Iterator[Change]:
    if not isinstance(test, ast.Constant):
        for value in values:
            yield _instead(source, test, value)


def _instead(source: Source, node: ast.expr, text: str) -> Change:
    was = shortened(source.of(node))
    return f"{was} => {text}", (Edit(source.start(node), source.end(node), f"({text})"),)


def _compared(source: Source, node: ast.Compare) -> Iterator[Change]:
    sides = [node.left, *node.comparators]
    for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
        looks, instead = _COMPARISONS[type(op)]
        start = source.end(left)
        found = re.search(looks, source.text[start : source.start(right)])
        if found:
            edit = Edit(start + found.start(), start + found.end(), instead)
            yield f"{shortened(source.of(node))} => {instead}", (edit,)


def _joined(source: Source, node: ast.BoolOp) -> Iterator[Change]:
    """`and` for `or`, `or` for `and`; and of `x or y`, where a value is meant, only x."""
    was, instead = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    told = shortened(source.of(node))
    for number, (left, right) in enumerate(zip(node.values, node.values[1:], strict=False), 1):
        start = source.end(left)
        found = re.search(rf"\b{was}\b", source.text[start : source.start(right)])
        if found:
            edit = Edit(start + found.start(), start + found.end(), instead)
            yield f"{told} => {instead} ({number})", (edit,)
    if was == "or" and not isinstance(source.parents.get(node), ast.If | ast.BoolOp | ast.UnaryOp):
        first, last = node.values[0], node.values[-1]
        yield f"{told} => the first only", (Edit(source.end(first), source.end(last), ""),)


def _negated(source: Source, node: ast.UnaryOp) -> Iterator[Change]:
    if isinstance(node.op, ast.Not):
        yield (
            f"{shortened(source.of(node))} => without not",
            (Edit(source.start(node), source.start(node.operand), ""),),
        )


def _constant(source: Source, node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(source.parents.get(node), ast.FormattedValue | ast.JoinedStr):
        return
    where = shortened(source.of(_around(source, node)), 50)
    others: list[bool | int | float] = []
    if isinstance(value, bool):
        others = [not value]
    elif isinstance(value, int | float):
        others = [value + 1, value - 1]
    for other in others:
        edit = Edit(source.start(node), source.end(node), f"({other})")
        yield f"{source.of(node)} => {other} in {where}", (edit,)


def _around(source: Source, node: ast.expr) -> ast.expr:
    """The expression of which the node is a part, or the node itself."""
    around = source.parents.get(node)
    if isinstance(around, ast.keyword):
        around = source.parents.get(around)
    return around if isinstance(around, ast.expr) else node


def _returned(source: Source, node: ast.Return) -> Iterator[Change]:
    if node.value is None or ast.unparse(node.value) in ("None", "[]", "()", "{}", "False", '""'):
        return
    if isinstance(node.value, ast.Constant) and isinstance(node.value.value, bool | int):
        return  # is changed as a constant
    function = source.parents[node]
    while not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        function = source.parents[function]
    kind = "" if function.returns is None else ast.unparse(function.returns).partition("[")[0]
    yield _instead(source, node.value, _EMPTY.get(kind, "None"))


def _called(source: Source, node: ast.Expr) -> Iterator[Change]:
    if isinstance(node.value, ast.Call):
        edit = Edit(source.start(node), source.end(node), "pass")
        yield f"{shortened(source.of(node))} dropped", (edit,)


def _added(source: Source, node: ast.AugAssign) -> Iterator[Change]:
    edit = Edit(source.start(node), source.end(node), "pass")
    yield f"{shortened(source.of(node))} dropped", (edit,)


def _keywords(source: Source, node: ast.Call) -> Iterator[Change]:
    items: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
    for keyword in node.keywords:
        if keyword.arg is None or keyword.arg in _OF_THE_LANGUAGE:
            continue
        change = f"{keyword.arg}= dropped in {shortened(source.of(node), 50)}"
        yield change, (_taken_out(source, items, items.index(keyword), source.end(node) - 1),)


def _elements(source: Source, node: ast.Set | ast.List | ast.Tuple | ast.Dict) -> Iterator[Change]:
    """An element taken out of a table: a literal of the module's own, or of constants."""
    if isinstance(node, ast.Dict):
        items: list[ast.expr | ast.keyword] = [key for key in node.keys if key is not None]
        is_whole = len(items) == len(node.keys)
    else:
        items, is_whole = list(node.elts), isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
    of_module = source.function_of(node) == ""
    if not is_whole or len(items) < 2 or isinstance(source.parents.get(node), ast.Subscript):
        return
    if not (of_module or all(isinstance(item, ast.Constant) for item in items)):
        return
    end = source.end(node) - (source.text[source.end(node) - 1] in ")]}")
    for index, item in enumerate(items):
        change = f"{shortened(source.of(item), 40)} taken out"  # type: ignore[arg-type]
        yield change, (_taken_out(source, items, index, end),)


def _taken_out(source: Source, items: list[ast.expr | ast.keyword], index: int, end: int) -> Edit:
    """From the item's begin to that of the next one, or to the closing parenthesis."""

    def begin(item: ast.expr | ast.keyword) -> int:
        return source.at(item.lineno, item.col_offset)

    is_last = index == len(items) - 1
    return Edit(begin(items[index]), end if is_last else begin(items[index + 1]), "")


def _handled(source: Source, node: ast.ExceptHandler) -> Iterator[Change]:
    """What is done about an error, not done: the error goes on, or is forgotten."""
    first, last = node.body[0], node.body[-1]
    does = "pass" if isinstance(first, ast.Raise) else "raise"
    if not isinstance(first, ast.Pass):
        what = shortened(source.of(first), 50)
        edit = Edit(source.start(first), source.end(last), does)
        yield f"except: {what} => {does}", (edit,)


_FINDERS: Final[dict[type[ast.AST], Callable[[Source, Any], Iterator[Change]]]] = {
    ast.Compare: _compared,
    ast.BoolOp: _joined,
    ast.UnaryOp: _negated,
    ast.Constant: _constant,
    ast.Return: _returned,
    ast.Expr: _called,
    ast.AugAssign: _added,
    ast.Call: _keywords,
    ast.Set: _elements,
    ast.List: _elements,
    ast.Tuple: _elements,
    ast.Dict: _elements,
    ast.ExceptHandler: _handled,
}
