"""A function behind the HTTP API."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import Stack
from constructs import Construct

from idexx_sync.api.routes import FunctionName
from idexx_sync.core.catalog import SyncName
from infra.image import ImageFunction
from infra.secrets_by_name import SecretsByName
from infra.stages import Stage

WORKERS: Final = "IDEXX_SYNC_WORKER_FUNCTIONS"


class ApiFunction(ImageFunction):
    """The handler `api` of a folder; it may start the workers given to it and nothing else."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        folder: FunctionName,
        secrets: SecretsByName,
        workers: Mapping[SyncName, ImageFunction],
    ) -> None:
        super().__init__(
            scope,
            id_,
            stage=stage,
            handler=f"functions.{folder}.handler.api",
            size=stage.api,
            reserved_concurrency=stage.api_at_once,
        )
        secrets.let_read(self, "api_database")
        names = {sync: worker.function.function_name for sync, worker in workers.items()}
        self.set(WORKERS, Stack.of(self).to_json_string(names))
        for worker in workers.values():
            self.let_invoke(worker)
