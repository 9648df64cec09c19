"""How P9 tells whose an import is."""

from pathlib import Path

import pytest

from idexx_sync.core import logs
from idexx_sync.database import connection
from idexx_sync.keys import authorizer
from tests.bench.imports import (
    by_library,
    handler_modules,
    import_seconds,
    loaded_modules,
    third_party_imports,
)
from tests.kit.paths import ROOT


def test_every_function_on_disk_is_measured(tmp_path: Path) -> None:
    for name in ("second", "first", "without"):
        (tmp_path / "functions" / name).mkdir(parents=True)
    for name in ("second", "first"):
        (tmp_path / "functions" / name / "handler.py").touch()

    assert handler_modules(tmp_path) == ["functions.first.handler", "functions.second.handler"]
    assert "functions.authorizer.handler" in handler_modules(ROOT)


def test_a_handler_lists_what_its_modules_name_and_neither_ours_nor_the_standard_library() -> None:
    files = [authorizer.__file__, connection.__file__, logs.__file__, pytest.__file__, None]

    assert third_party_imports(files) == [
        "import psycopg",
        "from psycopg import Connection, Cursor, IsolationLevel",
        "from psycopg.pq import TransactionStatus",
        "from pydantic import SecretStr",
        "from aws_lambda_powertools import Logger",
    ]


def test_a_fresh_interpreter_says_what_was_loaded_and_how_long_that_took() -> None:
    loaded = loaded_modules("functions.authorizer.handler")

    assert loaded["idexx_sync.keys.authorizer"] == authorizer.__file__
    assert "pytest" not in loaded
    assert 0 < import_seconds(["import json", "from pathlib import Path"]) < 10


def test_times_are_summed_up_by_top_level_package() -> None:
    said = """import time: self [us] | cumulative | imported package
import time:       500 |        500 |   psycopg.abc
import time:      1500 |       2000 | psycopg
import time:       250 |        250 |   json.decoder
import time:        50 |        300 | zlib
"""

    assert by_library(said) == {"psycopg": 2.0, "standard library": 0.3}
