"""Synthesis: a stage in, CloudFormation out. Needs no AWS account, no Docker and no network."""

from dataclasses import replace
from pathlib import Path

from aws_cdk import App

from infra.feature_flags import FEATURE_FLAGS
from infra.release import commit_of
from infra.stack import IdexxSync
from infra.stages import STAGES, Stage


def new_app(outdir: Path | None = None) -> App:
    """The application, still empty; without `outdir` CDK's own variables say where it writes."""
    return App(
        outdir=None if outdir is None else str(outdir),
        analytics_reporting=False,
        context=dict(FEATURE_FLAGS),
    )


def synthesise(stage: Stage, outdir: Path) -> Path:
    """Write the stage's cloud assembly into `outdir`; returns the path of its template."""
    app = new_app(outdir)
    stack = IdexxSync(app, stage=stage)
    app.synth()
    template: str = stack.template_file
    return outdir / template


def _of_this_build(app: App, stage: Stage) -> Stage:
    """With the commit, and what the command line says of the image, `-c NAME=VALUE`."""
    base, packages = map(app.node.try_get_context, ("base_image", "packages_of"))
    return replace(
        stage,
        commit=commit_of(),
        base_image=base or stage.base_image,
        packages_of=packages or stage.packages_of,
    )


def main() -> None:
    """What `cdk` runs; it says by its own variables where the assembly goes."""
    app = new_app()
    name = app.node.try_get_context("stage")
    if name not in STAGES:
        raise SystemExit(f"cdk: choose a stage: -c stage={'|'.join(STAGES)}")
    IdexxSync(app, stage=_of_this_build(app, STAGES[name]))
    app.synth()
