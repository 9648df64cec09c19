"""The workflow that users of the repository run: it calls commands that exist."""

import re

from tests.kit.paths import ROOT

WORKFLOW = (ROOT / ".github" / "workflows" / "checks.yml").read_text()


def test_it_runs_commands_of_ours_the_audit_among_them() -> None:
    run = (ROOT / "run").read_text()
    called = re.findall(r"run: \./run ([a-z]+)", WORKFLOW)

    assert {"check", "demo", "test", "audit"} == set(called)
    assert all(f"\n{command})\n" in run for command in called)


def test_it_may_change_nothing() -> None:
    assert "permissions:\n  contents: read\n" in WORKFLOW
    assert "secrets." not in WORKFLOW
