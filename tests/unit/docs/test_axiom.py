"""The queries for Axiom, beside the lines that the service writes."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.kit.paths import ROOT
from tests.unit.core.test_platform_lines import SHAPES

FOLDER: Final = ROOT / "docs" / "axiom"
QUERIES: Final = sorted(FOLDER.glob("*.apl"))
OF_EACH_LINE: Final = {"message", "level", "timestamp", "location", "service", "_time"}
MADE_BY_QUERIES: Final = {"runs", "last", "lines"}
_WORDS: Final = {
    "where", "and", "or", "summarize", "count", "by", "bin", "max", "sum", "order", "desc", "asc",
    "project", "isnotempty", "startswith", "contains", "1h",
}  # fmt: skip


def logged() -> Iterator[ast.Call]:
    """Each call that writes a line."""
    for folder in ("layers/idexx_sync", "functions"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and isinstance(node.func.value, ast.Call)
                    and isinstance(node.func.value.func, ast.Name)
                    and node.func.value.func.id == "logger"
                ):
                    yield node


def fields() -> set[str]:
    ours = {word.arg for call in logged() for word in call.keywords if word.arg}
    return ours | {name for _, told in SHAPES.values() for name in told} | {"log_group"}


def messages() -> set[str]:
    first = (call.args[0] for call in logged() if call.args)
    found = (one.value for one in first if isinstance(one, ast.Constant))
    return {text for text in found if isinstance(text, str)} | {
        told["message"] for _, told in SHAPES.values()
    }


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_names_only_fields_that_lines_have(path: Path) -> None:
    head, _, query = path.read_text().partition("\n")
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "", query)
    named = set(re.findall(r"[A-Za-z_0-9]+", bare)) - _WORDS - MADE_BY_QUERIES

    assert head.startswith("// ")
    assert named <= fields() | OF_EACH_LINE


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_looks_for_messages_that_are_written(path: Path) -> None:
    found = re.findall(r"message == (?:'([^']*)'|\"([^\"]*)\")", path.read_text())

    assert {one or other for one, other in found} <= messages()


def test_the_readme_names_each_query_and_the_dashboard_shows_all_but_those_of_one() -> None:
    readme = (FOLDER / "README.md").read_text()
    dashboard = json.loads((FOLDER / "dashboard.json").read_text())
    shown = {chart["id"]: chart["query"]["apl"] for chart in dashboard["charts"]}

    assert all(f"({path.name})" in readme for path in QUERIES)
    assert shown == {path.stem: path.read_text() for path in QUERIES if "one-" not in path.stem}
    assert [box["i"] for box in dashboard["layout"]] == list(shown)


def test_what_says_why_is_shown_with_the_errors() -> None:
    """Some lines say it by a word, others by a text."""
    errors = (FOLDER / "errors.apl").read_text()
    lines = [
        {word.arg for word in call.keywords}
        for call in logged()
        if isinstance(call.func, ast.Attribute) and call.func.attr == "error"
    ]

    why = {"reason", "error_message"}
    assert set().union(*lines) & why == why
    assert all(re.search(rf"by .*\b{name}\b", errors) for name in why)


def test_a_try_that_is_repeated_is_no_failure() -> None:
    assert "status != 'queued'" in (FOLDER / "failures.apl").read_text()
