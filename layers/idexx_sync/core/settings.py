"""Settings, read once by the entry point; a missing one fails there, by name.

A secret's plain variable comes first. Where it is not set, another one may hold the name of a
secret in AWS Secrets Manager.
"""

import re
from functools import cached_property
from typing import Annotated, Final, get_args
from urllib.parse import urlsplit

from pydantic import (
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from idexx_sync.core.catalog import SYNCS, SyncName
from idexx_sync.core.errors import ConfigurationInvalid, InvalidInput
from idexx_sync.core.named_secrets import NamedBy, NamedSecrets, naming_variable
from idexx_sync.core.vocabulary import Reader

LOGIN_ENDS_WITHIN_S: Final = 10
"""How long after its time the end of a login may take."""
PRODUCTION: Final = "prod"
"""The stage whose keys begin with `idx_live_`."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_ADDRESS: Final = re.compile(
    r"https?://(?:(?:[a-z0-9-]{1,63}\.)*[a-z0-9-]{1,63}|\[[0-9a-f:.]+\])(?::\d{1,5})?"
    r"(?:/[a-z0-9._~-]+)*",
    re.IGNORECASE,
)
"""Of an API: scheme, host, port and path; no user, query or fragment."""
_HOST: Final = re.compile(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,9}")
Channel = Annotated[str, StringConstraints(pattern="^[CG][A-Z0-9]{2,}$")]
"""Slack's id of a channel; by its name it could not be read."""
_UNREADABLE: Final = re.compile(r'field "(\w+)"')
_SENDABLE: Final = re.compile(r"[\x21-\x7e]{1,200}")


class NamingSettings(BaseSettings):
    """Settings whose secrets the environment may only name."""

    model_config = SettingsConfigDict(
        env_prefix="IDEXX_SYNC_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 there are no such files
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, NamedSecrets(settings_cls)


class DatabaseSettings(NamingSettings):
    """What every function needs. Secrets have no default."""

    database_url: Annotated[SecretStr, NamedBy("IDEXX_SYNC_DATABASE_SECRET")] = Field(
        validation_alias="DATABASE_URL"
    )


class ReleaseSettings(BaseSettings):
    """What runs here."""

    model_config = SettingsConfigDict(
        env_prefix="IDEXX_SYNC_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    commit: str = "unknown"


class StageSettings(BaseSettings):
    """Which deployment this is."""

    model_config = SettingsConfigDict(
        env_prefix="IDEXX_SYNC_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    stage: str = Field(default=PRODUCTION, pattern="^[a-z][a-z0-9-]*$")
    """Keys begin with idx_live_ in `prod` only."""


class KeySettings(DatabaseSettings, StageSettings):
    """For those that make or check the keys of the HTTP API."""

    pepper: Annotated[SecretStr, NamedBy("IDEXX_SYNC_PEPPER_SECRET")]
    """Base64 of 32 random bytes; while it is being replaced, the new one, a blank, the old one."""


class ApiSettings(DatabaseSettings):
    """For the functions behind the HTTP API."""

    worker_functions: dict[SyncName, str]
    """Sync -> name or ARN of its worker's function; JSON."""
    config_sync_function: str | None = None
    """Name or ARN of the function that mirrors the schedules; only what refreshes them needs it."""


class MirrorSettings(BaseSettings):
    """For who keeps EventBridge Scheduler equal to what the clinics' rows say."""

    model_config = SettingsConfigDict(
        env_prefix="IDEXX_SYNC_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    schedule_group: str
    """Name of the group of the clinics' schedules; what else is in it is none of ours."""
    schedule_role_arn: str
    """As whom Scheduler puts ticks on their queues."""
    schedule_dead_letters_arn: str
    """Of the queue for what Scheduler can't hand over."""
    tick_queue_arns: dict[SyncName, str]
    """Sync -> ARN of the queue of its ticks; JSON, all syncs."""
    scheduler_calls_per_second: float = Field(default=50, gt=0)
    """What the oldest accounts may do (AWS, EventBridge Scheduler, quotas)."""
    scheduler_calls_at_once: int = Field(default=8, ge=1)

    @field_validator("tick_queue_arns")
    @classmethod
    def _of_every_sync(cls, arns: dict[SyncName, str]) -> dict[SyncName, str]:
        if missing := [sync for sync in SYNCS if sync not in arns]:
            raise ValueError(f"no queue is named for {', '.join(missing)}")
        return arns


class MirrorFunctionSettings(BaseSettings):
    """For the command line: the function that mirrors the schedules."""

    model_config = SettingsConfigDict(
        env_prefix="IDEXX_SYNC_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    config_sync_function: str
    """Its name or ARN."""


class TickQueueSettings(BaseSettings):
    """For who sends runs to the syncs' queues of ticks."""

    model_config = SettingsConfigDict(
        env_prefix="IDEXX_SYNC_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    tick_queues: dict[SyncName, str]
    """Sync -> URL of its queue; JSON."""


class AxiomSettings(NamingSettings):
    """For who sends log lines to Axiom. Without a token none are sent."""

    axiom_token: Annotated[SecretStr | None, NamedBy("IDEXX_SYNC_AXIOM_SECRET")] = None
    """Of its API, which may ingest into the dataset and nothing else (`xaat-...`)."""
    axiom_dataset: str = Field(default="idexx-sync", pattern=r"^[A-Za-z0-9._-]{1,128}$")
    axiom_edge: str | None = Field(default=None, pattern=r"^[a-z0-9.-]{1,200}$")
    """Domain of the region's edge, such as `eu-central-1.aws.edge.axiom.co`; None: the first one
    that Axiom had."""
    axiom_url: str | None = None
    """In place of Axiom's own address; plain http on a loopback address only."""

    @field_validator("axiom_url")
    @classmethod
    def _only_https_or_loopback_address(cls, url: str | None) -> str | None:
        if url is not None and not _is_api_address(url.rstrip("/")):
            raise ValueError("only https, or http on a loopback address, is allowed")
        return url


class SlackSettings(NamingSettings):
    """For who tells people in Slack. Without a token nothing is told there."""

    slack_token: Annotated[SecretStr | None, NamedBy("IDEXX_SYNC_SLACK_SECRET")] = None
    """Of a bot that may write into the channels and read them: `chat:write`, and
    `channels:history` or `groups:history`."""
    slack_channels: dict[Reader, Channel] = Field(default_factory=dict)
    """Kind of reader -> id of its channel; JSON, both kinds."""
    slack_url: str = "https://slack.com/api/"
    """Of Slack's Web API, or plain http on a loopback address."""

    @field_validator("slack_channels")
    @classmethod
    def _of_every_reader(
        cls, channels: dict[Reader, str], info: ValidationInfo
    ) -> dict[Reader, str]:
        if info.data.get("slack_token") is None:
            return channels
        if missing := [reader for reader in get_args(Reader) if reader not in channels]:
            raise ValueError(f"no channel is named for {', '.join(missing)}")
        return channels

    @field_validator("slack_url")
    @classmethod
    def _only_https_or_loopback_api(cls, url: str) -> str:
        trimmed = url.rstrip("/")
        if not _is_api_address(trimmed):
            raise ValueError("only https, or http on a loopback address, is allowed")
        return f"{trimmed}/"


class NeoSettings(BaseSettings):
    """Which Neo may be reached, and the browser that logs in: for whoever does that."""

    model_config = SettingsConfigDict(
        env_prefix="IDEXX_SYNC_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    neo_hosts: Annotated[tuple[str, ...], NoDecode] = ("us.idexxneo.com",)
    """Hosts that may be a clinic's Neo, always over https; comma-separated. An entry that is a
    whole origin (`http://127.0.0.1:8080`) admits plain http, on loopback only."""
    chromium_path: str | None = None
    """A headless Chromium; None: the one Playwright brings."""
    login_memory_mb: float = Field(default=1024, gt=0)
    """Most memory of a login: browser, driver, and what it adds to ours. It is looked at ten times
    a second, and whoever logs in has twice as much."""

    @field_validator("neo_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value

    @field_validator("neo_hosts")
    @classmethod
    def _only_https_or_loopback(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        """The message names no more than the host: the rest may hold a password."""
        for host in hosts:
            origin = _origin(host)
            if not _is_api_address(origin) or urlsplit(origin).path:
                named = _host_of(origin) or "an entry"
                raise ValueError(
                    f"{named}: only https, or http on a loopback address, is allowed, "
                    "without user, path or query"
                )
        return hosts

    @cached_property
    def neo_origins(self) -> frozenset[str]:
        """Every origin that a clinic's base URL may have."""
        return frozenset(map(_origin, self.neo_hosts))

    def allowed_base_url(self, base_url: str) -> str:
        """The base URL without a trailing slash; InvalidInput if it is not allowed."""
        trimmed = base_url.rstrip("/")
        if trimmed not in self.neo_origins:
            allowed = ", ".join(sorted(self.neo_origins))
            raise InvalidInput(
                "base_url",
                f"{_named(trimmed)} is not an allowed Neo address (allowed: {allowed}); "
                "correct the clinic's base URL or add its host to IDEXX_SYNC_NEO_HOSTS",
            )
        return trimmed

    def checked_base_url(self, base_url: str) -> str:
        """A clinic's stored base URL, trimmed; ConfigurationInvalid if it is not allowed."""
        try:
            return self.allowed_base_url(base_url)
        except InvalidInput as error:
            raise ConfigurationInvalid(error.message, code=error.field) from None


class Settings(DatabaseSettings, NeoSettings):
    """For whoever runs syncs: the workers and the command line."""

    local_key: Annotated[SecretStr, NamedBy("IDEXX_SYNC_LOCAL_KEY_SECRET")]
    """Base64 of 32 random bytes; seals credentials and sessions."""
    fingerprint_key: Annotated[SecretStr, NamedBy("IDEXX_SYNC_FINGERPRINT_KEY_SECRET")]
    """Base64 of 32 random bytes; while it is being replaced, the new one, a blank, the old one."""
    lease_seconds: float = Field(default=45, gt=0)
    heartbeat_seconds: float = Field(default=10, gt=0)
    deadline_reserve_seconds: float = Field(default=20, gt=0)
    """What a run leaves of its time for ending in an orderly way."""
    neo_connections: int = Field(default=3, ge=1)
    neo_requests_per_second: float = Field(default=10, gt=0)
    neo_timeout_seconds: float = Field(default=30, gt=0)
    """Longest wait for one answer of Neo."""
    login_timeout_seconds: float = Field(default=30, gt=0, validate_default=False)
    """Longest whole login, browser start included. With what its end may take besides it is
    shorter than the lease, so that a clinic whose login page is hostile or broken is not kept."""
    login_function: str | None = None
    """Name or ARN of the function that logs in for us; None: we do so here."""
    logins_per_hour: int = Field(default=6, ge=1)
    """Most logins of one clinic within an hour."""

    @field_validator("login_timeout_seconds")
    @classmethod
    def _leaves_the_lease_alone(cls, seconds: float, info: ValidationInfo) -> float:
        """A limit that somebody sets fits into the lease; the default one fits the default lease.

        Where a lease is made shorter than that, signs of life keep it while a login goes on.
        """
        lease = info.data.get("lease_seconds")
        if lease is not None and seconds + LOGIN_ENDS_WITHIN_S >= lease:
            raise ValueError(
                f"must be shorter than IDEXX_SYNC_LEASE_SECONDS by more than {LOGIN_ENDS_WITHIN_S}"
            )
        return seconds


class ClientSettings(BaseSettings):
    """For the command line: the HTTP API that it asks instead of the database, if there is one."""

    model_config = SettingsConfigDict(
        env_prefix="IDEXX_SYNC_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    api_url: str | None = None
    """Its whole address, the stage included, without a trailing slash."""
    api_key: SecretStr | None = Field(default=None, validate_default=True)

    @field_validator("api_url")
    @classmethod
    def _keeps_the_key_private(cls, given: str | None) -> str | None:
        """The message leaves the address out: who writes a password into it need not see it."""
        if given is None:
            return None
        trimmed = given.strip().rstrip("/")
        if not _is_api_address(trimmed):
            raise ValueError(
                "only https://HOST/STAGE, or http on a loopback address, is allowed, "
                "without user, query or fragment"
            )
        return trimmed

    @field_validator("api_key")
    @classmethod
    def _goes_into_a_header(cls, given: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if given is None:
            if info.data.get("api_url") is not None:
                raise ValueError("IDEXX_SYNC_API_URL needs a key of the API beside it")
            return None
        trimmed = given.get_secret_value().strip()
        if _SENDABLE.fullmatch(trimmed) is None:
            raise ValueError("this is no key: keys are visible ASCII characters without blanks")
        return SecretStr(trimmed)


def _is_api_address(url: str) -> bool:
    try:
        return (
            _ADDRESS.fullmatch(url) is not None
            and urlsplit(url).port != 0
            and _is_allowed_origin(url)
        )
    except ValueError:  # a port or an IPv6 address that there can't be
        return False


def _origin(host: str) -> str:
    """Of an entry of `neo_hosts`."""
    return host if "://" in host else f"https://{host}"


def _named(address: str) -> str:
    """As much of an address as a message may name: it may hold a password."""
    host = _host_of(_origin(address))
    if host is None:
        return "this"
    return f"this address of {host!r}"


def _host_of(address: str) -> str | None:
    """None where it looks like none."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return None
    return host if _HOST.fullmatch(host) else None


def _is_allowed_origin(origin: str) -> bool:
    parts = urlsplit(origin)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def load_settings() -> Settings:
    """The settings of a process that runs syncs."""
    return load(Settings)


def load_database_settings() -> DatabaseSettings:
    """The settings of a process that only reads and writes the database."""
    return load(DatabaseSettings)


def load_tick_queue_settings() -> TickQueueSettings:
    """Where a process sends runs that are to wait for their turn."""
    return load(TickQueueSettings)


def load_key_settings() -> KeySettings:
    """The settings of a process that makes or checks keys."""
    return load(KeySettings)


def load_stage_settings() -> StageSettings:
    """Which deployment the command line works on, unless its key of the API says it."""
    return load(StageSettings)


def load_mirror_function() -> MirrorFunctionSettings:
    """Which function mirrors the schedules."""
    return load(MirrorFunctionSettings)


def load_client_settings() -> ClientSettings:
    """Where the command line asks."""
    return load(ClientSettings)


def load[S: BaseSettings](kind: type[S]) -> S:
    """Settings of this process; ConfigurationInvalid names each variable that is wrong."""
    try:
        return kind()
    except ValidationError as error:
        faults = _named_faults(error, kind)
    except SettingsError as error:  # it names the field, and the value by its cause only
        field = _UNREADABLE.search(str(error))
        name = "" if field is None else f"IDEXX_SYNC_{field[1].upper()}: "
        faults = f"set these environment variables: {name}can't be read as JSON"
    # Outside the handler: pydantic's error holds what it refuses, and that may be a secret.
    raise ConfigurationInvalid(faults, code="settings")


def _named_faults(error: ValidationError, kind: type[BaseSettings]) -> str:
    instead = {
        field.validation_alias or name: f"missing, and {variable} names no secret either"
        for name, field in kind.model_fields.items()
        if (variable := naming_variable(field))
    }
    faults = []
    for fault in error.errors(include_url=False, include_input=False):
        field = str(fault["loc"][0])
        name = field if field.isupper() else f"IDEXX_SYNC_{field.upper()}"
        missing = instead.get(field, "missing")
        what = missing if fault["type"] == "missing" else fault["msg"]
        faults.append(f"{name}: {what.removeprefix('Value error, ')}")
    return "set these environment variables: " + "; ".join(faults)
