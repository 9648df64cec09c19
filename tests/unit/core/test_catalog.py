"""The one list of syncs, and that everything which depends on it agrees with it."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from idexx_sync.api.routes import ROUTES, FunctionName, OperationId
from idexx_sync.cli.local_run import SYNCS_HERE
from idexx_sync.cli.sync import app
from idexx_sync.core.catalog import (
    CATALOG,
    SYNCS,
    CatalogEntry,
    StartOperation,
    SyncFolder,
    SyncScope,
)
from idexx_sync.core.vocabulary import CLINIC_SCOPES, OPERATOR_SCOPES, SCOPES
from idexx_sync.pims.protocol import Pims
from infra.stages import STAGES
from tests.kit.paths import ROOT

ROWS = pytest.mark.parametrize("row", CATALOG.values(), ids=CATALOG.keys())
SLICES = ROOT / "layers/idexx_sync/syncs"
CODE = ("layers/idexx_sync", "infra", "functions")
CATALOG_FILE = "layers/idexx_sync/core/catalog.py"


def test_the_rows_are_the_names_in_their_order() -> None:
    assert tuple(CATALOG) == SYNCS


def test_each_literal_has_one_word_for_each_row() -> None:
    rows = CATALOG.values()

    assert tuple(row.scope for row in rows) == get_args(SyncScope)
    assert tuple(row.folder for row in rows) == get_args(SyncFolder)
    assert tuple(row.operation for row in rows) == get_args(StartOperation)
    assert set(get_args(StartOperation)) < set(get_args(OperationId))
    assert set(get_args(SyncFolder)) < set(get_args(FunctionName))


def test_who_may_start_a_sync_is_said_by_its_row() -> None:
    assert {row.scope for row in CATALOG.values()} == {s for s in SCOPES if s.startswith("sync:")}
    assert {"sync:reconciliation", "clinics:write", "fleet:write"} == OPERATOR_SCOPES
    assert {"sync:inbound", "sync:cases"} < CLINIC_SCOPES


@ROWS
def test_one_route_starts_the_sync(row: CatalogEntry) -> None:
    (route,) = (route for route in ROUTES if route.operation == row.operation)

    assert (route.path, route.scope) == (f"/api/sync/{row.name}", row.scope)
    assert route.function == row.folder


@ROWS
def test_its_folder_has_a_worker(row: CatalogEntry) -> None:
    handler = (ROOT / "functions" / row.folder / "handler.py").read_text()

    assert f'api_handler("{row.folder}", starting("{row.name}"))' in handler
    assert bool(re.search(r"^(worker =|def worker\()", handler, re.MULTILINE))


def test_each_runs_on_every_stage_and_in_the_command_line() -> None:
    assert tuple(SYNCS_HERE) == SYNCS
    assert {name: sync.name for name, sync in SYNCS_HERE.items()} == {n: n for n in SYNCS}
    assert [command.name for command in app.registered_commands] == list(SYNCS)
    for stage in STAGES.values():
        assert tuple(stage.workers) == SYNCS


def test_the_newest_check_of_each_table_has_the_same_names() -> None:
    found = {
        table: re.findall(r"'(\w+)'", listed)
        for path in sorted((ROOT / "migrations").glob("*.sql"))
        for table, listed in re.findall(
            r"TABLE (?:idexx_sync\.)(\w+)[^;]*?\bsync\s+IN\s*\(([^)]*)\)", path.read_text()
        )
    }  # of each table the newest one

    assert {table: tuple(names) for table, names in found.items()} == {
        "jobs": SYNCS,
        "holds": SYNCS,
        "changes": SYNCS,
        "dead_letters": SYNCS,
        "timetables": SYNCS,
    }


@pytest.mark.parametrize("name", SYNCS)
def test_a_sync_asks_the_pims_for_what_its_row_names_and_no_more(name: str) -> None:
    methods = {name for name in vars(Pims) if not name.startswith("_")}
    asked = {
        node.attr
        for path in (SLICES / name).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and "pims" in (getattr(node.value, "id", None), getattr(node.value, "attr", None))
        and node.attr in methods
    }
    (row,) = (row for row in CATALOG.values() if row.name == name)

    assert asked - {"logged_in", "will_log_in", "interrupt"} == row.reads


def test_no_other_place_lists_the_syncs() -> None:
    """A display that names two of them names a part of the list that a new one would lack."""
    listing = {
        path.relative_to(ROOT).as_posix(): names
        for folder in CODE
        for path in (ROOT / folder).rglob("*.py")
        for names in _displays(path)
        if len(names) > 1
    }
    del listing[CATALOG_FILE]

    assert listing == {
        "infra/stages.py": set(SYNCS),  # runs at once, by deployment
        "layers/idexx_sync/cli/local_run.py": set(SYNCS),  # what carries them out
        "layers/idexx_sync/schedules/forecast.py": set(SYNCS),  # what a run takes
        "layers/idexx_sync/syncs/reconciliation/model.py": {"inbound", "cases"},  # who misses
    }


def _displays(path: Path) -> Iterator[set[str]]:
    """The syncs' names in each display of a list, tuple, set, dict or Literal."""
    for node in ast.walk(ast.parse(path.read_text())):
        items = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", [])
        yield {
            item.value for item in items if isinstance(item, ast.Constant) and item.value in SYNCS
        }


def test_the_catalog_loads_nothing_else_of_the_service() -> None:
    code = "import sys, idexx_sync.core.catalog; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    ).stdout.split()
    ours = [name for name in loaded if name.startswith("idexx_sync")]

    assert ours == ["idexx_sync", "idexx_sync.core", "idexx_sync.core.catalog"]
    assert not {"pydantic", "psycopg"} & set(loaded)


@pytest.mark.parametrize(
    ("name", "first", "last", "phrase"),
    [
        ("inbound", 4, 17, "from today to the clinic's own horizon"),
        ("cases", -3, 6, "from 7 days ago to 2 days ahead; further back after an outage"),
        ("reconciliation", -3, 4, "from 7 days ago to today"),
    ],
)
def test_the_days_that_are_read_when_nobody_names_others(
    name: str, first: int, last: int, phrase: str
) -> None:
    today = date(2026, 5, 4)
    (row,) = (row for row in CATALOG.values() if row.name == name)

    days = row.default_window.around(today, horizon_days=14)

    assert [(day - today).days + 4 for day in days] == [first, last]
    assert row.default_window.phrase == phrase


@ROWS
def test_an_event_waits_no_longer_than_lambda_allows(row: CatalogEntry) -> None:
    assert 60 <= row.begins_within.total_seconds() <= 6 * 3600
    assert row.retries in (0, 1, 2)
