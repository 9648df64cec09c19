"""What differs between deployments: the only place for it, also for the one on a laptop.

Plain values; reading them starts no Node. The local stack takes LOCAL and replaces in it what only
it can know: the simulator's address, and what its functions find in their environment besides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from idexx_sync.core.catalog import SYNCS, SyncName
from idexx_sync.core.deployments import secret_name
from idexx_sync.core.vocabulary import Reader
from infra.options import Domain, Network, check_place, check_requests


@dataclass(frozen=True, kw_only=True)
class Size:
    """What one function gets."""

    memory_mb: int
    timeout_s: int


@dataclass(frozen=True, kw_only=True)
class WorkerLimits:
    """One sync's worker."""

    size: Size
    size_without_browser: Size
    """The same where logins have a function of their own."""
    reserved_concurrency: int | None = None
    """Runs at once, which no other function can take away; None: whatever the account has."""
    for_ticks: int
    """Runs at once that its queue of ticks begins: fewer than are reserved, or what people order
    would wait, and AWS would count ticks as received that found no slot. AWS takes 2 at least."""


@dataclass(frozen=True, kw_only=True)
class SecretNames:
    """Secrets Manager's names; the secrets are made and filled before the first deployment."""

    migrate_database: str
    """DATABASE_URL of the function that migrates. Each of the five is of another role."""
    worker_database: str
    api_database: str
    authorizer_database: str
    upkeep_database: str
    """Of `config_sync`, `dead_letters` and `watchdog`."""
    pepper: str
    local_key: str
    fingerprint_key: str
    slack: str
    """Token of the bot by which the watchdog tells people; read only where `slack_channels` is
    set."""
    axiom: str
    """Token that may ingest into the dataset of the stack's name."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One deployment."""

    name: str
    secrets: SecretNames
    workers: Mapping[SyncName, WorkerLimits]
    """A sync that is not here has no worker yet."""
    api: Size = Size(memory_mb=512, timeout_s=31)
    """Longer than the gateway waits, which is 29 seconds: what takes too long is then always the
    gateway's 504, and never a function that was killed."""
    authorizer: Size = Size(memory_mb=512, timeout_s=15)
    api_at_once: int | None = None
    """Requests at once that are reserved for each function behind the gateway: more than may wait
    there (`WAITS_IN_ALL`), or those that wait would leave no room for others. None: what the
    account has."""
    authorizer_at_once: int | None = None
    migrate: Size = Size(memory_mb=512, timeout_s=300)
    dead_letters: Size = Size(memory_mb=512, timeout_s=60)
    dead_letters_at_once: int | None = 2
    """No fewer than its queue's mapping hands out at once; None: what the account has."""
    watchdog: Size = Size(memory_mb=512, timeout_s=55)
    """A pass is over before the next one begins."""
    watchdog_at_once: int | None = 1
    config_sync: Size = Size(memory_mb=512, timeout_s=270)
    """A pass over all clinics is over before the next one begins."""
    config_sync_at_once: int | None = 1
    log_shipping: Size = Size(memory_mb=256, timeout_s=30)
    scheduler_calls_per_second: int = 50
    """What the oldest accounts may do; 250 in others, and 5,000 in large regions."""
    authorizer_cache_s: int = 60
    """How long a revoked key may still be let in; 0: every request is checked."""
    requests_per_second: int = 50
    """Of each method of each path, for all callers together."""
    burst: int = 100
    public_requests_per_second: int = 5
    """Where no key is asked for: what nobody answers for must not be a way to load the service."""
    public_burst: int = 20
    neo_hosts: tuple[str, ...] = ("us.idexxneo.com",)
    logs_in_apart: bool = False
    """Whether logins have a function of their own, so that workers have no browser beside their
    keys, and are smaller. Clinics that are asked by a browser can't be synced then."""
    login: Size = Size(memory_mb=2048, timeout_s=60)
    """Of that function. A login takes 30 seconds and ends within ten more; workers wait for 75."""
    log_days: Literal[1, 14, 90] = 90
    letters_received: int = 200
    """How often a dead letter is received at most, before it goes where nobody takes it in: what it
    holds never makes that fail, so it is for a database that is away for most of a day."""
    slack_channels: Mapping[Reader, str] = field(default_factory=dict)
    """Kind of reader -> Slack's id of its channel, both kinds; empty: nothing is told in Slack, and
    of a protected stage an alarm says so."""
    axiom_edge: str | None = None
    """Domain of the region's edge; None: the first one that Axiom had."""
    migrates_as_it_deploys: bool = True
    """Whether a deployment itself migrates, before functions change; else whoever deploys does."""
    account: str | None = None
    region: str | None = None
    """Both, and a deployment with credentials of another account is refused; neither: it goes
    where the credentials of whoever deploys lead."""
    secrets_key_arn: str | None = None
    """Of the KMS key that the stage's secrets are encrypted with; None: AWS's own."""
    queues_key_arn: str | None = None
    """Of the KMS key for messages of the queues; None: SQS's own."""
    network: Network | None = None
    """None: Lambda's network, whose addresses change."""
    domain: Domain | None = None
    """None: the gateway's own name."""
    requests_per_address: int | None = None
    """Within five minutes; who asks more often is refused. None: nobody counts by address."""
    sets_gateway_log_role: bool = True
    """Whether the stack names the role by which API Gateway writes logs: one for the account's
    whole region, so that a stage which shares it with others leaves it to one of them."""
    protected: bool = False
    """Whether the stack can be deleted only after somebody has allowed it."""
    commit: str = "unknown"
    """Of the sources; it is in the image, and `/health` answers it."""
    packages_of: str = "unknown"
    """Another word has Debian's packages installed anew when the image is built."""
    base_image: str | None = None
    """By digest, where a stage is to begin with a certain one; None: the Dockerfile's."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that every function gets besides its own; they win."""

    def __post_init__(self) -> None:
        certificate = None if self.domain is None else self.domain.certificate_arn
        keys = (self.secrets_key_arn, self.queues_key_arn)
        check_place(self.account, self.region, *keys, certificate)
        check_requests(self.requests_per_address)

    def size_of_worker(self, sync: SyncName) -> Size:
        """What the worker of a sync that has one gets."""
        limits = self.workers[sync]
        return limits.size_without_browser if self.logs_in_apart else limits.size

    @property
    def stack_name(self) -> str:
        return f"idexx-sync-{self.name}"


def _secret_names(stage: str) -> SecretNames:
    return SecretNames(
        migrate_database=secret_name(stage, "migrate-database"),
        worker_database=secret_name(stage, "worker-database"),
        api_database=secret_name(stage, "api-database"),
        authorizer_database=secret_name(stage, "authorizer-database"),
        upkeep_database=secret_name(stage, "upkeep-database"),
        pepper=secret_name(stage, "pepper"),
        local_key=secret_name(stage, "local-key"),
        fingerprint_key=secret_name(stage, "fingerprint-key"),
        slack=secret_name(stage, "slack-token"),
        axiom=secret_name(stage, "axiom-token"),
    )


_WORKER: Final = Size(memory_mb=2048, timeout_s=300)
"""Chromium and its driver take 340 MB; below 1769 MB Lambda gives less than one processor. A run
stops reading after two minutes; waiting for the clinic's lease takes one more."""
_WITHOUT_BROWSER: Final = Size(memory_mb=512, timeout_s=300)


def _workers(runs: Mapping[SyncName, tuple[int | None, int]]) -> Mapping[SyncName, WorkerLimits]:
    """Each sync's worker, with its runs at once: those reserved, and those of them for ticks."""
    return {
        sync: WorkerLimits(
            size=_WORKER,
            size_without_browser=_WITHOUT_BROWSER,
            reserved_concurrency=reserved,
            for_ticks=for_ticks,
        )
        for sync, (reserved, for_ticks) in runs.items()
    }


PROD: Final = Stage(
    name="prod",
    secrets=_secret_names("prod"),
    workers=_workers({"inbound": (20, 16), "cases": (10, 8), "reconciliation": (5, 3)}),
    api_at_once=15,
    authorizer_at_once=10,
    protected=True,
)
"""Reserves 109 of the account's concurrent executions (docs/aws.md); AWS wants 100 more left."""
STAGING: Final = Stage(
    name="staging",
    secrets=_secret_names("staging"),
    workers=_workers(dict.fromkeys(SYNCS, (4, 2))),
    api_at_once=12,
    authorizer_at_once=2,
    log_days=14,
)
LOCAL: Final = Stage(
    name="local",
    secrets=_secret_names("local"),
    workers=_workers(dict.fromkeys(SYNCS, (None, 2))),
    authorizer_cache_s=2,
    requests_per_second=1000,
    burst=1000,
    public_requests_per_second=1000,
    public_burst=1000,
    log_days=1,
    letters_received=5,
    migrates_as_it_deploys=False,
)
STAGES: Final[Mapping[str, Stage]] = {stage.name: stage for stage in (PROD, STAGING, LOCAL)}
