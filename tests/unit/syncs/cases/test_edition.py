"""Texts are screened again once what finds a death in them has changed (rule R19)."""

import ast
import hashlib
from pathlib import Path

from idexx_sync.syncs import cases
from idexx_sync.syncs.cases.plan_screening import EDITION

KNOWN = ("3", "caf5546cc9774dba")
"""The edition, and what its finders are, in short."""


def in_short(text: str) -> str:
    """The same for the same code, whatever is said beside it."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [line for line in body if not _is_said(line)]  # type: ignore[attr-defined]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


def _is_said(line: ast.AST) -> bool:
    return (
        isinstance(line, ast.Expr)
        and isinstance(line.value, ast.Constant)
        and isinstance(line.value.value, str)
    )


def test_r19_a_change_of_the_words_is_another_edition() -> None:
    folder = Path(next(iter(cases.__path__)))
    finders = sorted(folder.glob("life_*.py"))
    assert finders
    found = in_short("\n".join(path.read_text() for path in finders))

    assert (EDITION, found) == KNOWN, (
        "what finds a death has changed: count EDITION up in plan_screening.py, so that final "
        f"records are screened again, and put ({EDITION!r}, {found!r}) with the new number here"
    )


def test_what_is_only_said_beside_the_code_makes_no_edition() -> None:
    code = 'WORDS = ("euthanized",)\n'
    assert in_short(f'"""Words."""\n{code}"""All of them."""\n') == in_short(code)
    assert in_short(code) != in_short('WORDS = ("euthanised",)\n')
