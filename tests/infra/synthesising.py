"""Synthesises all stages in one process, because starting CDK's Node takes ten seconds of one.

`python -m tests.infra.synthesising FOLDER`: first it does what CDK's own command does.
"""

import runpy
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from idexx_sync.core.vocabulary import Reader
from infra.options import Domain, Network
from infra.stages import LOCAL, PROD

if TYPE_CHECKING:  # whoever only reads the names here starts no Node
    from aws_cdk import App

COMMAND = "infra"
"""The module that cdk.json runs."""
LOCAL_ENVIRONMENT = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "IDEXX_SYNC_STAGE": "laptop"}
LOCAL_HOSTS = ("http://127.0.0.1:8080",)
OTHER_CACHE_S = 300
ACCOUNT, REGION = "123456789012", "us-west-2"
SECRETS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
QUEUES_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/66666666-7777-8888-9999-000000000000"
CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/0a1b2c3d-1111-2222-3333-444444444444"
FULL: Final = replace(
    PROD,
    account=ACCOUNT,
    region=REGION,
    secrets_key_arn=SECRETS_KEY,
    queues_key_arn=QUEUES_KEY,
    network=Network(zones=2, gateways=2),
    domain=Domain(name="sync.example.com", certificate_arn=CERTIFICATE, base_path="v1"),
    requests_per_address=500,
    sets_gateway_log_role=False,
    logs_in_apart=True,
)
"""Production with all that a stage may have besides."""
CHANNELS: Final[dict[Reader, str]] = {"clinic_care": "C0CLINICS", "engineering": "C0ENGINEERS"}
"""Of somebody's Slack, as a deployment names them."""


def main(folder: Path) -> None:
    runpy.run_module(COMMAND, run_name="__main__")
    from infra.app import synthesise
    from infra.stack import IdexxSync

    own = replace(
        LOCAL, environment=LOCAL_ENVIRONMENT, neo_hosts=LOCAL_HOSTS, slack_channels=CHANNELS
    )
    synthesise(own, folder / LOCAL.name)
    told = replace(PROD, slack_channels=CHANNELS)
    judge(folder / PROD.name, lambda app: IdexxSync(app, stage=told))
    untold = replace(PROD, authorizer_cache_s=OTHER_CACHE_S)
    judge(folder / "untold", lambda app: IdexxSync(app, stage=untold))
    apart = replace(told, logs_in_apart=True)
    judge(folder / "apart", lambda app: IdexxSync(app, stage=apart))
    judge(folder / "full", lambda app: IdexxSync(app, stage=FULL))
    judge(folder / "bare", add_bare_queue)


def judge(outdir: Path, add: Callable[["App"], object]) -> None:
    """A stack's assembly with cdk-nag's report; after a finding synthesis ends in an error."""
    from aws_cdk import Validations
    from cdk_nag import AwsSolutionsChecks

    from infra.app import new_app

    app = new_app(outdir)
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


if __name__ == "__main__":
    main(Path(sys.argv[1]))
