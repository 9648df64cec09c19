"""Which small changes are made to Python."""

import ast

import pytest

from dev_tools.mutants.mutant import changed
from dev_tools.mutants.python_sites import python_mutants
from dev_tools.mutants.source import Source


def variants(text: str) -> set[str]:
    """The text in every changed form; all are Python, and no line moves."""
    source = Source("some.py", text)
    found = {changed(text, mutant.edits) for mutant in python_mutants(source)}
    for variant in found:
        ast.parse(variant)
        assert variant.count("\n") == text.count("\n")
    return found


def of(expression: str) -> set[str]:
    """Every changed form of an expression that a function uses."""
    begin, end = "def f(a, b, c):\n    use = ", "\n"
    text = begin + expression + end
    return {variant[len(begin) : -len(end)] for variant in variants(text)}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a < b", {"a <= b"}),
        ("a >= b", {"a > b"}),
        ("a == b", {"a != b"}),
        ("a in b", {"a not in b"}),
        ("a not in b", {"a in b"}),
        ("a is None", {"a is not None"}),
        ("not a", {"a"}),
        ("a and b", {"a or b"}),
        ("a or b", {"a and b", "a"}),
        ("a < b < c", {"a <= b < c", "a < b <= c"}),
        ("7", {"(8)", "(6)"}),
        ("True", {"(False)"}),
        ("a if b else c", {"a if (True) else c", "a if (False) else c"}),
        ("[a for b in c if b]", {"[a for b in c if (True)]"}),
        ("a(b, c=b)", {"a(b, )"}),
        ("a('x', 'y')", set()),
        ("('x', 'y')", {"('y')", "('x', )"}),
        ("zip(a, b, strict=True)", {"zip(a, b, strict=(False))"}),
    ],
)
def test_an_expression_is_changed(expression: str, expected: set[str]) -> None:
    assert of(expression) == expected


def test_statements_are_dropped_and_results_emptied() -> None:
    text = "def f(a) -> list[int]:\n    a.go(\n        1)\n    a += [2]\n    return a\n"
    assert {
        "def f(a) -> list[int]:\n    pass\n\n    a += [2]\n    return a\n",
        "def f(a) -> list[int]:\n    a.go(\n        1)\n    pass\n    return a\n",
        "def f(a) -> list[int]:\n    a.go(\n        1)\n    a += [2]\n    return ([])\n",
    } <= variants(text)


def test_an_error_goes_on_or_is_forgotten() -> None:
    text = "try:\n    go()\nexcept A:\n    stop()\nexcept B:\n    raise C from None\n"
    found = variants(text)
    assert text.replace("    stop()", "    raise") in found
    assert text.replace("raise C from None", "pass") in found


def test_tables_lose_an_element() -> None:
    assert variants("A = {\n    'x': b,\n    'y': c,\n}\n") == {
        "A = {\n    \n'y': c,\n}\n",
        "A = {\n    'x': b,\n    \n}\n",
    }


@pytest.mark.parametrize(
    "text",
    [
        '"""Text of 7 words."""\n',
        "x: Literal[7]\n",
        "logger.info('seen', number=7)\n",
        "assert a < 7\n",
        "@dataclass(frozen=True)\nclass A:\n    x: int\n",
        "class A:\n    def __repr__(self):\n        return str(self.x or 7)\n",
        "if TYPE_CHECKING:\n    X = 7\n",
    ],
)
def test_what_no_test_can_be_about_stays(text: str) -> None:
    assert variants(text) == set()


def test_a_mutant_knows_its_function_and_line() -> None:
    text = "class A:\n    x = 7\n\n    def f(self, y=8):\n        return lambda: 9\n"
    places = {
        (mutant.change.split()[0], mutant.function, mutant.line)
        for mutant in python_mutants(Source("some.py", text))
    }
    assert {("7", "", 2), ("8", "", 4), ("9", "A.f.<lambda>", 5)} <= places
