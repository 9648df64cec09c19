"""The templates of all stages, synthesised once for all test processes of a session."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.stages import LOCAL, PROD, STAGING
from tests.infra.template import Template
from tests.kit.paths import ROOT

if TYPE_CHECKING:  # only the process that synthesises starts Node
    from aws_cdk import App

LOCAL_ENVIRONMENT = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "IDEXX_SYNC_STAGE": "laptop"}
LOCAL_HOSTS = ("http://127.0.0.1:8080",)


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
    from infra.app import synthesise
    from infra.stack import IdexxSync

    by_command(folder / STAGING.name)
    own = replace(LOCAL, environment=LOCAL_ENVIRONMENT, neo_hosts=LOCAL_HOSTS)
    synthesise(own, folder / LOCAL.name)
    judge(folder / PROD.name, lambda app: IdexxSync(app, stage=PROD))
    judge(folder / "bare", add_bare_queue)


def by_command(outdir: Path) -> None:
    """As cdk.json says, and as CDK's own command does it; neither Node nor Docker on the path."""
    command = json.loads((ROOT / "cdk.json").read_text())["app"]
    assert command == ".venv/bin/python -m infra"
    environment = {
        "PATH": "/nonexistent",
        "HOME": os.environ.get("HOME", "/"),
        "PYTHONPATH": str(ROOT / "layers"),
        "CDK_OUTDIR": str(outdir),
        "CDK_CONTEXT_JSON": json.dumps({"stage": STAGING.name}),
    }
    subprocess.run([sys.executable, "-m", "infra"], cwd=ROOT, env=environment, check=True)


def judge(outdir: Path, add: Callable[["App"], object]) -> None:
    """A stack's assembly with cdk-nag's report; after a finding synthesis ends in an error."""
    from aws_cdk import App, Validations
    from cdk_nag import AwsSolutionsChecks

    app = App(outdir=str(outdir), analytics_reporting=False)
    add(app)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        app.synth()
    except RuntimeError as error:
        assert "ValidationFailed" in str(error)  # noqa: PT017 the report says what was found


def add_bare_queue(app: "App") -> None:
    """A stack with something to find in it."""
    from aws_cdk import Stack
    from aws_cdk.aws_sqs import Queue

    Queue(Stack(app, "bare"), "Queue")


@pytest.fixture(scope="session")
def prod(assemblies: Path) -> Template:
    return Template(assemblies / PROD.name / f"{PROD.stack_name}.template.json")


@pytest.fixture(scope="session")
def staging(assemblies: Path) -> Template:
    return Template(assemblies / STAGING.name / f"{STAGING.stack_name}.template.json")


@pytest.fixture(scope="session")
def local(assemblies: Path) -> Template:
    """With what the local stack adds."""
    return Template(assemblies / LOCAL.name / f"{LOCAL.stack_name}.template.json")
