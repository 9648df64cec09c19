"""The functions of one sync."""

from typing import Final

from constructs import Construct

from idexx_sync.api.routes import FunctionName
from idexx_sync.core.vocabulary import SyncName
from infra.api_function import ApiFunction
from infra.dead_letters import DeadLetters
from infra.image import ImageFunction
from infra.secrets_by_name import SecretsByName
from infra.stages import Stage, WorkerLimits

FOLDERS: Final[dict[SyncName, FunctionName]] = {
    "inbound": "inbound_sync",
    "cases": "case_sync",
    "reconciliation": "reconciliation",
}


class SyncFunction(Construct):
    """One sync: `api` takes orders for it; `worker` carries them out, once it is built."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        sync: SyncName,
        secrets: SecretsByName,
        dead_letters: DeadLetters,
    ) -> None:
        super().__init__(scope, id_)
        self.workers: dict[SyncName, ImageFunction] = {}
        """The sync's worker; empty as long as there is none."""
        if (limits := stage.workers.get(sync)) is not None:
            worker = self._worker(stage, sync, limits, dead_letters)
            secrets.let_read(worker, "database", "local_key")
            self.workers[sync] = worker
        self.api = ApiFunction(
            self,
            "Api",
            stage=stage,
            folder=FOLDERS[sync],
            secrets=secrets,
            workers=self.workers,
        )

    def _worker(
        self, stage: Stage, sync: SyncName, limits: WorkerLimits, dead_letters: DeadLetters
    ) -> ImageFunction:
        return ImageFunction(
            self,
            "Worker",
            stage=stage,
            handler=f"functions.{FOLDERS[sync]}.handler.worker",
            target="browser",
            size=limits.size,
            environment={"IDEXX_SYNC_NEO_HOSTS": ",".join(stage.neo_hosts)},
            reserved_concurrency=limits.reserved_concurrency,
            retries=limits.retries,
            event_age_s=limits.event_age_s,
            on_failure=dead_letters.destination,  # it was tried as often as it may be
        )
