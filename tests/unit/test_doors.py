"""What imports can't show: SQL stands in stores only, nothing is read or made at import, and what
time it is says the database."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from tests.kit.paths import ROOT

PRODUCT = ROOT / "layers" / "idexx_sync"
STORES = {
    *("store", "leases", "lookup", "overview", "state", "counts"),
    *("connection", "migrations", "parts", "schema", "business_time"),
}
"""Modules that hold SQL, beside those whose names end in `_store`."""
AT_IMPORT = {"getenv", "client", "resource", "connect", "now", "today", "monotonic"}
"""Calls that read the environment, make a client or ask a clock."""
WALL_CLOCK = {("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("time", "time")}
"""Calls that ask a machine what time it is."""
MACHINES_TIME = {
    "api/handler.py": "how long ago the gateway received a request, by its own clock",
    "database/waits.py": "how long a connection was idle while the machine slept",
}
"""Modules that may ask, and what for."""
LEASE_TIME = {
    "alerts/slack/message_store.py": "when a message left us, beside Slack's own clock",
    "database/migrations.py": "before the first migration there is no business time",
    "jobs/coming_store.py": "leases and dispatches",
    "jobs/leases.py": "leases",
    "jobs/store.py": "whether a lease is live",
    "jobs/submission_store.py": "dispatches",
    "jobs/tick_store.py": "whether a lease is live",
    "upkeep/telling_store.py": "whose turn it is to ask Slack, and how long Slack rests",
}
"""Modules whose SQL may name Postgres's own clock, and what for; all others ask
`idexx_sync.clock()`."""
POSTGRES_CLOCK = re.compile(
    r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp)\(\)|\bCURRENT_(DATE|TIME)",
    re.IGNORECASE,
)


PRINTS = {
    "cli/context.py": "the consoles",
    "cli/progress.py": "the bars",
    "cli/tables.py": "every text that is printed, escaped",
}
"""Modules that may use what prints, and what of it."""


def is_store(name: str) -> bool:
    return name in STORES or name.endswith("_store")


@lru_cache(maxsize=1)
def nodes(source: str) -> list[ast.AST]:
    """All that a module is made of, itself first; read once for all that is asked of it."""
    return list(ast.walk(ast.parse(source)))


def sql_in(source: str) -> Iterator[int]:
    """Lines that send a statement."""
    for node in nodes(source):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in ("execute", "executemany"):
            yield node.lineno


def done_at_import(source: str) -> Iterator[int]:
    """Lines outside of functions that read the environment, make a client or ask a clock."""
    waiting = [nodes(source)[0]]
    while waiting:
        node = waiting.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                continue
            called = child.func if isinstance(child, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr in AT_IMPORT:
                yield called.lineno
            if isinstance(child, ast.Attribute) and child.attr == "environ":
                yield child.lineno
            waiting.append(child)


def asks_a_machine(source: str) -> Iterator[int]:
    """Lines that ask this machine what time it is, or hand on what does."""
    for node in nodes(source):
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            continue
        if (node.value.id, node.attr) in WALL_CLOCK:
            yield node.lineno


def names_postgres_clock(source: str) -> Iterator[int]:
    """Lines on which a text begins that names a clock of Postgres, docstrings left aside."""
    documents = {id(node.value) for node in nodes(source) if isinstance(node, ast.Expr)}
    for node in nodes(source):
        if not isinstance(node, ast.Constant) or id(node) in documents:
            continue
        if isinstance(node.value, str) and POSTGRES_CLOCK.search(node.value):
            yield node.lineno


def prints(source: str) -> Iterator[int]:
    """Lines that import what prints, or print by other means."""
    for node in nodes(source):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "rich":
            yield node.lineno
        if isinstance(node, ast.Import) and any(one.name.startswith("rich") for one in node.names):
            yield node.lineno
        if isinstance(node, ast.Attribute) and node.attr in ("print", "echo", "secho"):
            yield node.lineno


def modules() -> list[Path]:
    return sorted(PRODUCT.rglob("*.py"))


@pytest.mark.parametrize("module", modules(), ids=lambda path: str(path.relative_to(PRODUCT)))
def test_a_module_keeps_its_doors_shut(module: Path) -> None:
    source = module.read_text()

    assert is_store(module.stem) or list(sql_in(source)) == []
    assert list(done_at_import(source)) == []
    place = str(module.relative_to(PRODUCT))
    assert bool(list(asks_a_machine(source))) == (place in MACHINES_TIME)
    assert bool(list(names_postgres_clock(source))) == (place in LEASE_TIME)
    assert bool(list(prints(source))) == (place in PRINTS)


def test_the_contracts_of_imports_name_every_sync() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    named = {contract["name"]: contract for contract in contracts["contracts"]}
    slices = {f"idexx_sync.syncs.{path.parent.name}" for path in PRODUCT.glob("syncs/*/sync.py")}
    thinking = named["Planning, judging and reading of payloads do nothing but think"]

    alone = named["Syncs do not know each other"]["modules"]
    above = named["The reconciliation uses what the other syncs offer, and they know nothing of it"]
    assert {*alone, *above["forbidden_modules"]} == slices
    assert above["source_modules"] == alone
    for module in ("plan", "gate", "model"):
        assert {f"{one}.{module}" for one in slices} <= set(thinking["source_modules"])


def test_the_packages_root_holds_packages_only() -> None:
    assert [path.name for path in PRODUCT.glob("*.py")] == ["__init__.py"]
    assert (PRODUCT / "__init__.py").read_text() == ""


def test_what_the_doors_are_shut_against() -> None:
    assert list(sql_in("def f(conn):\n    conn.execute('SELECT 1')")) == [2]
    assert list(done_at_import("import os\nHOME = os.environ['HOME']")) == [2]
    assert list(done_at_import("import os\ndef home():\n    return os.environ['HOME']")) == []
    assert list(asks_a_machine("def f():\n    return datetime.now(UTC)")) == [2]
    assert list(asks_a_machine("def f():\n    return time.monotonic()")) == []
    assert list(asks_a_machine("class A:\n    now: Clock = time.time")) == [2]
    assert list(names_postgres_clock("def f(c):\n    c.execute('SELECT now()')")) == [2]
    assert list(names_postgres_clock("def f(c):\n    c.execute('SELECT idexx_sync.clock()')")) == []
    assert list(names_postgres_clock('def f():\n    """Not now()."""')) == []
