"""A function that keeps the service in order, whoever starts it."""

from typing import Final, Literal

from constructs import Construct

from infra.image import ImageFunction
from infra.secrets_by_name import SecretsByName
from infra.stages import Size, Stage

NO_RETRIES: Final = 0
EVENT_AGE_S: Final = 60
"""AWS takes nothing smaller."""


class UpkeepFunction(ImageFunction):
    """It reads the secret of the upkeep's database and no other one, and invokes nobody.

    An event that it could not carry out is not repeated: the next one does the same work.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        folder: Literal["config_sync", "dead_letters", "watchdog"],
        size: Size,
        at_once: int | None,
        secrets: SecretsByName,
    ) -> None:
        super().__init__(
            scope,
            id_,
            stage=stage,
            handler=f"functions.{folder}.handler.handler",
            size=size,
            reserved_concurrency=at_once,
            retries=NO_RETRIES,
            event_age_s=EVENT_AGE_S,
        )
        secrets.let_read(self, "upkeep_database")
