"""What loading the functions behind the gateway costs: somebody waits for them."""

import json
import subprocess
import sys

import pytest

from idexx_sync.core.catalog import CATALOG

FUNCTIONS = (*(sync.folder for sync in CATALOG.values()), "status")
UNWANTED = ("playwright", "typer", "rich", "idexx_sync.pims.neo", "idexx_sync.cli")
READERS = ("selectolax", "phonenumbers", "idexx_sync.syncs.cases")
"""What only the worker that reads clinical records needs."""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_loading_a_function_loads_neither_a_browser_nor_the_readers_of_records(name: str) -> None:
    script = f"import json, sys, functions.{name}.handler; print(json.dumps([*sys.modules]))"

    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout

    loaded: set[str] = set(json.loads(said))
    assert "idexx_sync.api.handler" in loaded
    assert loaded.isdisjoint([*UNWANTED, *READERS])
