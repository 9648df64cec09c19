"""Log lines on their way to Axiom."""

from collections.abc import Sequence
from typing import Final

from aws_cdk.aws_logs import FilterPattern, IFilterPattern, SubscriptionFilter
from aws_cdk.aws_logs_destinations import LambdaDestination
from constructs import Construct

from infra.image import ImageFunction
from infra.secrets_by_name import SecretsByName
from infra.stages import Stage

RETRIES: Final = 2
"""Of a batch of lines that did not arrive."""
EVENT_AGE_S: Final = 3600
KILLED: Final = ("Status: timeout", "Status: error", "Task timed out", "Runtime.")
"""What stands in lines of Lambda's own about an invocation that it ended, and in none of ours."""


def ships_itself(function: ImageFunction, stage: Stage, secrets: SecretsByName) -> None:
    """The function sends its own lines when an event has been worked on."""
    function.set("IDEXX_SYNC_AXIOM_DATASET", stage.stack_name)
    if stage.axiom_edge is not None:
        function.set("IDEXX_SYNC_AXIOM_EDGE", stage.axiom_edge)
    secrets.let_read(function, "axiom")


class LogShipping(Construct):
    """Sends the lines of functions that somebody waits for, and of one that is to hold no secret,
    and so must not do it themselves; of those that do, only what Lambda says once it has ended
    them."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        secrets: SecretsByName,
        functions: Sequence[ImageFunction],
        ship_themselves: Sequence[ImageFunction],
    ) -> None:
        super().__init__(scope, id_)
        self.function = ImageFunction(
            self,
            "Function",
            stage=stage,
            handler="functions.log_shipping.handler.handler",
            size=stage.log_shipping,
            retries=RETRIES,
            event_age_s=EVENT_AGE_S,
        )
        ships_itself(self.function, stage, secrets)
        for function in functions:
            self._subscribe(function, FilterPattern.all_events())
        for function in ship_themselves:
            self._subscribe(function, FilterPattern.any_term(*KILLED))

    def _subscribe(self, function: ImageFunction, lines: IFilterPattern) -> None:
        SubscriptionFilter(
            function,
            "Shipped",
            log_group=function.log,
            destination=LambdaDestination(self.function.function),
            filter_pattern=lines,
        )
