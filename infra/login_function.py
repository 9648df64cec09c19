"""The function that logs in for workers, where a stage has one."""

from typing import Final

from constructs import Construct

from infra.image import ImageFunction
from infra.stages import Stage
from infra.upkeep_function import EVENT_AGE_S, NO_RETRIES

VARIABLE: Final = "IDEXX_SYNC_LOGIN_FUNCTION"


class LoginFunction(ImageFunction):
    """The only function with a browser, which shares its user with no key: it reads no secret and
    no database, and may do nothing but write its log.

    What workers may run at once is reserved for it too, so that none of them waits in vain.
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage) -> None:
        super().__init__(
            scope,
            id_,
            stage=stage,
            handler="functions.login.handler.handler",
            target="browser",
            size=stage.login,
            environment={"IDEXX_SYNC_NEO_HOSTS": ",".join(stage.neo_hosts)},
            reserved_concurrency=of_workers(stage),
            retries=NO_RETRIES,
            event_age_s=EVENT_AGE_S,
        )

    def logs_in_for(self, worker: ImageFunction) -> None:
        """The worker may invoke it, and does."""
        worker.set(VARIABLE, self.function.function_name)
        worker.let_invoke(self)


def of_workers(stage: Stage) -> int | None:
    """How many runs there may be at once; None: one of the workers takes what the account has."""
    reserved = [limits.reserved_concurrency for limits in stage.workers.values()]
    numbers = [one for one in reserved if one is not None]
    return sum(numbers) if len(numbers) == len(reserved) else None
