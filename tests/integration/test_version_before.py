"""Rolled back: the version before the newest migration works on the schema of now.

A deployment that fails turns the functions back and not the schema; so does whoever deploys the
version before. Its sources are taken from the repository's history and run in a process of their
own, on a database that has every migration, with a session that stands.
"""

import io
import json
import os
import subprocess
import sys
import tarfile
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from idexx_sync.database.connection import Conn
from neo_simulator.client import Simulator
from tests.kit.paths import ROOT
from tests.kit.settings import process_environment
from tests.kit.worked_clinic import ZONE, WorkedClinic

VISITS = 12
SOURCES = ("functions", "layers/idexx_sync", "migrations")
RUNS_ONCE = """
import json, sys
from functions.inbound_sync.handler import worker
import idexx_sync
answer = worker({"v": 1, "clinic_id": sys.argv[1], "trigger": "api"}, None)
print(json.dumps({"answer": answer, "from": list(idexx_sync.__path__)[0]}))
"""


def git(*words: str) -> bytes:
    # A checkout that another user owns is read all the same.
    command = ["git", "-c", "safe.directory=*", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout


def commit_before_the_newest_migration() -> str:
    """Skips, saying why, where the history does not reach so far."""
    newest = max((ROOT / "migrations").glob("*.sql")).relative_to(ROOT)
    try:
        added = git("log", "--format=%H", "--diff-filter=A", "--", str(newest)).split()
        return git("rev-parse", f"{added[-1].decode()}^").decode().strip()
    except (OSError, IndexError, subprocess.CalledProcessError):
        pytest.skip(f"no history that holds the version before {newest}")


@pytest.fixture(scope="session")
def version_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("version_before")
    packed = git("archive", commit_before_the_newest_migration(), *SOURCES)
    with tarfile.open(fileobj=io.BytesIO(packed)) as sources:
        sources.extractall(folder, filter="data")
    return folder


def test_its_inbound_sync_works_on_the_schema_of_now(
    version_before: Path,
    conn: Conn,
    database: str,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    migrations = {path.name for path in (version_before / "migrations").glob("*.sql")}
    today = datetime.now(ZoneInfo(ZONE)).date()
    neo = simulator.create_company(
        days=(today, today + timedelta(days=2)), visits=VISITS, blocks=False
    )
    with process_environment(monkeypatch, database, neo.base_url):
        clinic = WorkedClinic(conn, neo)
        clinic.has_session()

        done = subprocess.run(
            [sys.executable, "-c", RUNS_ONCE, str(clinic.clinic_id)],
            cwd=version_before,
            env={**os.environ, "PYTHONPATH": f"{version_before / 'layers'}:{version_before}"},
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["from"] == str(version_before / "layers" / "idexx_sync")
    assert said["answer"]["status"] == "succeeded", said
    assert len(migrations) < len(list((ROOT / "migrations").glob("*.sql")))
    assert len(clinic.rows()) == VISITS
