"""Synthesis: a stage in, CloudFormation out. Needs no AWS account, no Docker and no network."""

from dataclasses import replace
from pathlib import Path

from aws_cdk import App

from infra.release import commit_of
from infra.stack import IdexxSync
from infra.stages import STAGES, Stage


def synthesise(stage: Stage, outdir: Path) -> Path:
    """Write the stage's cloud assembly into `outdir`; returns the path of its template."""
    app = App(outdir=str(outdir), analytics_reporting=False)
    stack = IdexxSync(app, stage=stage)
    app.synth()
    template: str = stack.template_file
    return outdir / template


def main() -> None:
    """What `cdk` runs; it says by its own variables where the assembly goes."""
    app = App(analytics_reporting=False)
    name = app.node.try_get_context("stage")
    if name not in STAGES:
        raise SystemExit(f"cdk: choose a stage: -c stage={'|'.join(STAGES)}")
    IdexxSync(app, stage=replace(STAGES[name], commit=commit_of()))
    app.synth()
