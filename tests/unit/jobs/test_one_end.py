"""How many statements of the product end a job or free a lease: one each."""

import ast
import re
from functools import cache
from pathlib import Path

from idexx_sync.core.vocabulary import FINAL_STATUSES
from tests.kit.paths import ROOT

PRODUCT = ROOT / "layers/idexx_sync"
SETS_A_STATUS = re.compile(
    r"UPDATE\s+idexx_sync\.jobs\b(?:(?!\bWHERE\b).)*?\bSET\b"
    r"(?:(?!\bWHERE\b).)*?\bstatus\s*=\s*(\S+?),?\s",
    re.S,
)
EXPIRES = re.compile(r"UPDATE\s+idexx_sync\.leases\b.*?expires_at\s*=\s*to_timestamp\(0\)", re.S)
TAKES_OUT = re.compile(r"DELETE\s+FROM\s+idexx_sync\.(?:jobs|leases)\b")


@cache
def statements() -> list[tuple[str, str]]:
    """Every text of the product's code, and the module that holds it."""
    return [
        (_module(path), node.value)
        for path in PRODUCT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def _module(path: Path) -> str:
    return path.relative_to(PRODUCT).as_posix()


def test_one_statement_sets_a_final_status_of_a_job() -> None:
    found = [
        (module, match[1])
        for module, text in statements()
        for match in SETS_A_STATUS.finditer(text)
    ]
    starts = ("jobs/store.py", "'running'")

    assert found.count(starts) == 1
    assert [one for one in found if one != starts] == [("jobs/store.py", "%(status)s")]
    assert "running" not in FINAL_STATUSES


def test_one_module_releases_leases() -> None:
    assert {module for module, text in statements() if EXPIRES.search(text)} == {"jobs/leases.py"}


def test_no_job_and_no_lease_is_taken_out() -> None:
    assert [module for module, text in statements() if TAKES_OUT.search(text)] == []
