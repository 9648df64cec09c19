"""The templates of all stages, synthesised once for all test processes of a session."""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.stages import LOCAL, PROD, STAGING
from tests.infra.synthesising import COMMAND
from tests.infra.template import Template
from tests.kit.paths import ROOT

SAID = "said.txt"
"""File of what was said while they were synthesised."""


@pytest.fixture(scope="session")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one cloud assembly for each stage."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "assemblies"
    with (shared / "assemblies.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            making = shared / "assemblies.making"
            synthesise_all(making)
            making.rename(folder)
    return folder


def synthesise_all(folder: Path) -> None:
    """In a process as CDK's own command makes it; neither Node nor Docker on the path."""
    command = json.loads((ROOT / "cdk.json").read_text())["app"]
    assert command == f".venv/bin/python -m {COMMAND}"
    environment = {
        "PATH": "/nonexistent",
        "HOME": os.environ.get("HOME", "/"),
        "PYTHONPATH": str(ROOT / "layers"),
        "CDK_OUTDIR": str(folder / STAGING.name),
        "CDK_CONTEXT_JSON": json.dumps({"stage": STAGING.name}),
    }
    program: list[str | Path] = [sys.executable, "-m", "tests.infra.synthesising", folder]
    done = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (folder / SAID).write_text(done.stdout + done.stderr)


@pytest.fixture(scope="session")
def prod(assemblies: Path) -> Template:
    return Template(assemblies / PROD.name / f"{PROD.stack_name}.template.json")


@pytest.fixture(scope="session")
def untold(assemblies: Path) -> Template:
    """Production as long as no channel of Slack is named; keys are remembered for longer."""
    return Template(assemblies / "untold" / f"{PROD.stack_name}.template.json")


@pytest.fixture(scope="session")
def apart(assemblies: Path) -> Template:
    """Production with a function for logins."""
    return Template(assemblies / "apart" / f"{PROD.stack_name}.template.json")


@pytest.fixture(scope="session")
def full(assemblies: Path) -> Template:
    """Production with all that a stage may have besides."""
    return Template(assemblies / "full" / f"{PROD.stack_name}.template.json")


@pytest.fixture(scope="session")
def staging(assemblies: Path) -> Template:
    return Template(assemblies / STAGING.name / f"{STAGING.stack_name}.template.json")


@pytest.fixture(scope="session")
def local(assemblies: Path) -> Template:
    """With what the local stack adds."""
    return Template(assemblies / LOCAL.name / f"{LOCAL.stack_name}.template.json")
