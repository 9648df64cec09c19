"""What others' checks say of the templates and of the image's Dockerfile."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.node import packaged_node, use_the_packaged_node
from tests.infra.conftest import SAID
from tests.infra.template import Template
from tests.kit.paths import ROOT

TOOLS = Path(sys.executable).parent


def test_cfn_lint_finds_nothing(prod: Template, full: Template, local: Template) -> None:
    answer = subprocess.run(
        [TOOLS / "cfn-lint", "--", prod.path, full.path, local.path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (answer.returncode, answer.stdout) == (0, "")


def findings(assembly: Path) -> list[str]:
    """What cdk-nag found."""
    report = json.loads((assembly / "validation-report.json").read_text())
    return [
        violation["ruleName"]
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
    ]


def test_nothing_is_warned_of(assemblies: Path) -> None:
    said = (assemblies / SAID).read_text()

    assert "WARNING" not in said
    assert "[Warning" not in said
    assert "deprecated" not in said


def test_cdk_nag_finds_nothing_that_is_not_explained(assemblies: Path) -> None:
    for stage in ("prod", "untold", "apart", "full"):
        assert findings(assemblies / stage) == []
    assert findings(assemblies / "bare") == ["AwsSolutions-SQS3", "AwsSolutions-SQS4"]


def test_hadolint_finds_nothing() -> None:
    answer = subprocess.run(
        [TOOLS / "hadolint", ROOT / "Dockerfile.lambda"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (answer.returncode, answer.stdout + answer.stderr) == (0, "")


def test_only_the_product_gets_into_the_image(prod: Template) -> None:
    for image in prod.images.values():
        folder = prod.path.parent / image["directory"]
        files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
        places = {"/".join(path.parts[:2]) for path in files if path.parts[0] != "functions"}
        migrations = {f"migrations/{path.name}" for path in (ROOT / "migrations").glob("*.sql")}

        assert places == {
            ".dockerignore",
            "Dockerfile.lambda",
            "layers/idexx_sync",
            "layers/dev_tools",
            "requirements/base.txt",
            "requirements/browser.txt",
            *migrations,
        }
        assert {path.suffix for path in files} == {"", ".lambda", ".py", ".typed", ".txt", ".sql"}


def test_node_is_the_packaged_one_unless_the_environment_names_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JSII_NODE", "/another/node")
    use_the_packaged_node()
    assert os.environ["JSII_NODE"] == "/another/node"

    monkeypatch.delenv("JSII_NODE")
    use_the_packaged_node()
    assert os.environ["JSII_NODE"] == str(packaged_node())
    assert packaged_node().is_file()
