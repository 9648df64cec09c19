"""The watchdog, and the schedule that starts it."""

from typing import Final

from constructs import Construct

from infra.regular_start import started_every
from infra.secrets_by_name import SecretsByName
from infra.stages import Stage
from infra.upkeep_function import UpkeepFunction

EVERY_MINUTES: Final = 1


class Watchdog(Construct):
    """One pass a minute. One that fails is not repeated and leaves no message: the next pass does
    its work, and passes that stay away show in the function's invocations and errors."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, secrets: SecretsByName) -> None:
        super().__init__(scope, id_)
        watchdog = UpkeepFunction(
            self,
            "Function",
            stage=stage,
            folder="watchdog",
            size=stage.watchdog,
            at_once=stage.watchdog_at_once,
            secrets=secrets,
        )
        started_every(
            EVERY_MINUTES,
            self,
            group=f"{stage.stack_name}-upkeep",
            schedule=f"{stage.stack_name}-watchdog",
            function=watchdog,
        )
