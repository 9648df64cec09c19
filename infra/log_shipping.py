"""Log lines on their way to Axiom."""

from collections.abc import Sequence
from typing import Final

from aws_cdk.aws_logs import FilterPattern, SubscriptionFilter
from aws_cdk.aws_logs_destinations import LambdaDestination
from constructs import Construct

from infra.image import ImageFunction
from infra.secrets_by_name import SecretsByName
from infra.stages import Stage

RETRIES: Final = 2
"""Of a batch of lines that did not arrive."""
EVENT_AGE_S: Final = 3600


def ships_itself(function: ImageFunction, stage: Stage, secrets: SecretsByName) -> None:
    """The function sends its own lines when an event has been worked on."""
    function.set("IDEXX_SYNC_AXIOM_DATASET", stage.stack_name)
    if stage.axiom_edge is not None:
        function.set("IDEXX_SYNC_AXIOM_EDGE", stage.axiom_edge)
    secrets.let_read(function, "axiom")


class LogShipping(Construct):
    """Sends the lines of functions that somebody waits for, and so must not do it themselves."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        secrets: SecretsByName,
        functions: Sequence[ImageFunction],
    ) -> None:
        super().__init__(scope, id_)
        shipping = ImageFunction(
            self,
            "Function",
            stage=stage,
            handler="functions.log_shipping.handler.handler",
            size=stage.log_shipping,
            retries=RETRIES,
            event_age_s=EVENT_AGE_S,
        )
        ships_itself(shipping, stage, secrets)
        for function in functions:
            SubscriptionFilter(
                function,
                "Shipped",
                log_group=function.log,
                destination=LambdaDestination(shipping.function),
                filter_pattern=FilterPattern.all_events(),
            )
