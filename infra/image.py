"""The one image, and the functions made of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from aws_cdk import Acknowledgment, Duration, Validations
from aws_cdk.aws_ecr_assets import Platform
from aws_cdk.aws_iam import PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_lambda import (
    Architecture,
    DockerImageCode,
    DockerImageFunction,
    IDestination,
    Tracing,
)
from aws_cdk.aws_logs import LogGroup, RetentionDays
from constructs import Construct

from infra.stages import Size, Stage

ROOT: Final = Path(__file__).resolve().parents[1]
DOCKERFILE: Final = "Dockerfile.lambda"
Target = Literal["core", "browser"]
"""A stage of the Dockerfile; only what logs in needs the browser."""

LOG_WRITES: Final = ("logs:CreateLogStream", "logs:PutLogEvents")
RETENTION: Final = {
    1: RetentionDays.ONE_DAY,
    14: RetentionDays.TWO_WEEKS,
    90: RetentionDays.THREE_MONTHS,
}


def image_code(handler: str, target: Target, stage: Stage) -> DockerImageCode:
    """The image with another command; equal targets are one asset, built and pushed once."""
    base = {} if stage.base_image is None else {"BASE_IMAGE": stage.base_image}
    return DockerImageCode.from_image_asset(
        str(ROOT),
        file=DOCKERFILE,
        target=target,
        platform=Platform.LINUX_AMD64,
        cmd=[handler],
        build_args={"COMMIT": stage.commit, "PACKAGES_OF": stage.packages_of, **base},
    )


def name_of(handler: str) -> str:
    """`inbound-sync-worker` of `functions.inbound_sync.handler.worker`; `handler` goes unsaid."""
    folder, _, entry = handler.removeprefix("functions.").partition(".handler.")
    words = folder if entry == "handler" else f"{folder}-{entry}"
    return words.replace("_", "-")


class ImageFunction(Construct):
    """One handler of the image, with a log and a role of its own that may only write that log."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        handler: str,
        size: Size,
        target: Target = "core",
        environment: Mapping[str, str] | None = None,
        reserved_concurrency: int | None = None,
        retries: int | None = None,
        event_age_s: int | None = None,
        on_failure: IDestination | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self.name = name_of(handler)
        self.full_name = f"{stage.stack_name}-{self.name}"
        self.size = size
        self.log = log = LogGroup(self, "Log", retention=RETENTION[stage.log_days])
        role = Role(self, "Role", assumed_by=ServicePrincipal("lambda.amazonaws.com"))
        log.grant_write(role)
        self.function = DockerImageFunction(
            self,
            "Function",
            function_name=self.full_name,
            code=image_code(handler, target, stage),
            architecture=Architecture.X86_64,
            role=role,
            log_group=log,
            memory_size=size.memory_mb,
            tracing=Tracing.ACTIVE,
            timeout=Duration.seconds(size.timeout_s),
            environment={
                "IDEXX_SYNC_STAGE": stage.name,
                **(environment or {}),
                **stage.environment,
            },
            reserved_concurrent_executions=reserved_concurrency,
            retry_attempts=retries,
            max_event_age=None if event_age_s is None else Duration.seconds(event_age_s),
            on_failure=on_failure,
        )

        Validations.of(self).acknowledge(
            Acknowledgment(
                id="AwsSolutions-IAM5[Resource::*]",
                reason="Traces belong to no resource that could be named, nor do the interfaces "
                "that Lambda makes where a stage has a network of its own.",
            )
        )

    def let_invoke(self, other: "ImageFunction") -> None:
        """Not by grant_invoke, which would let it invoke every version and alias as well."""
        self.function.add_to_role_policy(
            PolicyStatement(
                actions=["lambda:InvokeFunction"], resources=[other.function.function_arn]
            )
        )

    def set(self, name: str, value: str) -> None:
        """One more variable of the function's environment."""
        self.function.add_environment(name, value)
