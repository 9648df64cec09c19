"""The functions of one sync, and the queue of its ticks."""

from constructs import Construct

from idexx_sync.core.catalog import CATALOG, SyncName
from infra.api_function import ApiFunction
from infra.dead_letters import DeadLetters
from infra.image import ImageFunction
from infra.log_shipping import ships_itself
from infra.login_function import LoginFunction
from infra.secrets_by_name import SecretsByName
from infra.stages import Stage, WorkerLimits
from infra.tick_queue import TickQueue


class SyncFunction(Construct):
    """One sync: `api` takes orders for it; `worker` carries them out, once it is built, and what
    is due by the clinics' schedules waits for it in `ticks`."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        sync: SyncName,
        secrets: SecretsByName,
        dead_letters: DeadLetters,
        login: LoginFunction | None,
    ) -> None:
        """`login` logs in for the worker; None: the worker does."""
        super().__init__(scope, id_)
        self.workers: dict[SyncName, ImageFunction] = {}
        """The sync's worker; empty as long as there is none."""
        self.ticks: dict[SyncName, TickQueue] = {}
        """The queue of its ticks; likewise."""
        if (limits := stage.workers.get(sync)) is not None:
            worker = self._worker(stage, sync, limits, dead_letters)
            if login is not None:
                login.logs_in_for(worker)
            secrets.let_read(worker, "worker_database", "local_key", "fingerprint_key")
            ships_itself(worker, stage, secrets)
            self.workers[sync] = worker
            self.ticks[sync] = TickQueue(
                self, "Ticks", stage=stage, sync=sync, worker=worker, dead_letters=dead_letters
            )
        self.api = ApiFunction(
            self,
            "Api",
            stage=stage,
            folder=CATALOG[sync].folder,
            secrets=secrets,
            workers=self.workers,
        )

    def _worker(
        self, stage: Stage, sync: SyncName, limits: WorkerLimits, dead_letters: DeadLetters
    ) -> ImageFunction:
        worker = ImageFunction(
            self,
            "Worker",
            stage=stage,
            handler=f"functions.{CATALOG[sync].folder}.handler.worker",
            target="core" if stage.logs_in_apart else "browser",
            size=stage.size_of_worker(sync),
            environment={"IDEXX_SYNC_NEO_HOSTS": ",".join(stage.neo_hosts)},
            reserved_concurrency=limits.reserved_concurrency,
            retries=CATALOG[sync].retries,
            event_age_s=int(CATALOG[sync].begins_within.total_seconds()),
            on_failure=dead_letters.destination,  # it was tried as often as it may be
        )
        dead_letters.keys.explain_destination(worker)
        return worker
