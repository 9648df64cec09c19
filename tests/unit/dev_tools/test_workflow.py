"""The workflow that users of the repository run: what it calls exists, and it may do little."""

import re

from infra.stages import STAGES
from tests.kit.paths import ROOT

WORKFLOW = (ROOT / ".github" / "workflows" / "deliver.yml").read_text()
JOBS = dict(
    re.findall(r"^  (\w+):\n(.*?)(?=^  \w+:\n|\Z)", WORKFLOW.partition("\njobs:\n")[2], re.M | re.S)
)
DEPLOYS = {"staging", "production"}


def test_it_runs_commands_of_ours_the_audit_among_them() -> None:
    run = (ROOT / "run").read_text()
    called = set(re.findall(r"run: (?:sudo \S+ )?\./run ([a-z]+)", WORKFLOW))

    assert called == {"audit", "check", "demo", "faults", "image", "setup", "test"}
    assert all(f"\n{command})\n" in run for command in called)


def test_it_may_read_and_only_what_deploys_may_take_on_a_role() -> None:
    assert "permissions:\n  contents: read\n" in WORKFLOW.partition("\njobs:\n")[0]
    assert "secrets." not in WORKFLOW
    assert {name for name, job in JOBS.items() if "id-token" in job} == DEPLOYS
    assert WORKFLOW.count("persist-credentials: false") == WORKFLOW.count("actions/checkout@")


def test_production_comes_after_staging_and_both_after_all_that_is_tried() -> None:
    tried = set(JOBS) - DEPLOYS

    assert f"needs: [{', '.join(job for job in JOBS if job in tried)}]" in JOBS["staging"]
    assert "needs: [inputs, staging]\n" in JOBS["production"]
    assert "environment: production\n" in JOBS["production"]
    assert "refs/heads/main" in JOBS["staging"]


def test_it_synthesises_and_deploys_the_stages_that_there_are() -> None:
    assert set(re.findall(r"-c stage=(\w+)", WORKFLOW)) == set(STAGES) - {"local"}
    assert "-c stage=prod" in JOBS["production"]
    assert "-c stage=staging" in JOBS["staging"]


def test_what_is_tried_is_what_is_deployed_to_both() -> None:
    """The base by digest and one word for the packages, told once for all jobs that build."""
    for name in ("image", *DEPLOYS):
        assert "needs.inputs.outputs.base_image" in JOBS[name]
        assert "needs.inputs.outputs.packages_of" in JOBS[name]


def test_a_run_that_waits_for_an_approval_holds_no_other_back() -> None:
    before = WORKFLOW.partition("\njobs:\n")[0]

    assert "github.event_name == 'pull_request' && github.ref || github.run_id" in before


def test_nothing_is_installed_once_a_role_is_taken_on() -> None:
    for name in DEPLOYS:
        steps = JOBS[name].split("      - ")
        (role,) = (at for at, step in enumerate(steps) if "configure-aws-credentials" in step)
        assert not any("npm" in step or "./run" in step for step in steps[role:])
        (asked,) = (at for at, step in enumerate(steps) if "/environments/" in step)
        assert asked < role


def test_what_others_wrote_is_pinned_to_what_was_looked_at() -> None:
    used = re.findall(r"uses: (\S+)", WORKFLOW)

    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", one) for one in used)
    assert re.search(r"CDK: aws-cdk@\d+\.\d+\.\d+\n", WORKFLOW)
