"""Who may call the HTTP API: API Gateway's REQUEST authorizer on the header X-API-Key.

Every kind of bad key gets the same answer, and a key that can't be one costs no statement. A
database that is down is an error of ours (API Gateway answers 503) and never a refusal.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from threading import Lock
from typing import Any, Final
from uuid import UUID

from idexx_sync.core.errors import DatabaseUnavailable
from idexx_sync.core.logs import logger, quiet_drivers
from idexx_sync.core.settings import load_key_settings
from idexx_sync.database.connection import LOST, Database, DriverError, unavailable
from idexx_sync.database.waits import Patience
from idexx_sync.keys.format import Peppers, hashed, is_key, read_peppers
from idexx_sync.keys.lookup import FoundKey, find_key, touch_key

HEADER: Final = "x-api-key"
DATABASE_WAITS_S: Final = 8.0
"""How long an event may wait for Postgres in all, new connections included."""
LONGEST_WAIT_S: Final = 2.0
"""For one answer: a kept connection that gives none is to leave time for a new one."""

AuthorizerHandler = Callable[[dict[str, Any], Any], dict[str, Any]]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class AuthorizerDependencies:
    """What keys are checked with."""

    database: Database
    peppers: Peppers
    clock: Callable[[], datetime] = _now
    turn: Lock = field(default_factory=Lock)
    """Of two threads, as Lambda never has them, one must not read the answer to the other."""


def authorizer(
    dependencies: Callable[[], AuthorizerDependencies] | None = None,
) -> AuthorizerHandler:
    """The authorizer's handler; `dependencies` are the process's own unless given.

    It raises exactly `Exception("Unauthorized")` for a bad key: API Gateway makes its 401 of it.
    """

    def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        text = presented_key(event)
        if text is None or not is_key(text):
            raise _refused("malformed")
        key = _checked(text, (dependencies or process_dependencies)())
        return _allowed(key, event["methodArn"])

    return handler


@cache
def process_dependencies() -> AuthorizerDependencies:
    """The process's dependencies, made at the first event and kept warm."""
    quiet_drivers()
    settings = load_key_settings()
    database = Database(settings.database_url, Patience(LONGEST_WAIT_S))
    return AuthorizerDependencies(database, read_peppers(settings.pepper))


def presented_key(event: Mapping[str, Any]) -> str | None:
    """The one value of the request's header; None if there is none, or more than one."""
    many, last = event.get("multiValueHeaders") or {}, event.get("headers") or {}
    listed = [values for name, values in many.items() if name.lower() == HEADER]
    if not listed:
        listed = [[value] for name, value in last.items() if name.lower() == HEADER]
    distinct = set(chain.from_iterable(listed))
    return distinct.pop() if len(distinct) == 1 else None


def _checked(text: str, dependencies: AuthorizerDependencies) -> FoundKey:
    hashes, now = hashed(text, dependencies.peppers), dependencies.clock()
    dependencies.database.patience.renew(DATABASE_WAITS_S)
    with dependencies.turn:
        key = _found(dependencies.database, hashes, now)
        if key is not None and key.state == "valid" and key.is_due:
            _touch(dependencies.database, key, hashes[0], now)
    if key is None:
        raise _refused("unknown")
    if key.state != "valid":
        raise _refused(key.state, key.id)
    return key


def _found(database: Database, hashes: list[str], now: datetime) -> FoundKey | None:
    """One more try over a new connection: the kept one may have died since the last event."""
    try:
        return find_key(database.cursor(), hashes, now)
    except LOST:
        pass
    database.close()
    try:
        return find_key(database.cursor(), hashes, now)
    except LOST as error:
        raise unavailable(error) from None


def _touch(database: Database, key: FoundKey, current_hash: str, now: datetime) -> None:
    """A use that can't be written down is no reason to turn a good key away."""
    try:
        touch_key(database.connection(), key.id, current_hash, now)
    except (DriverError, DatabaseUnavailable) as error:
        logger().warning("use not written down", key_id=str(key.id), reason=type(error).__name__)


def _refused(reason: str, key_id: UUID | None = None) -> Exception:
    """The one answer to every bad key; which kind it was, only the log says."""
    logger().info("key refused", reason=reason, key_id=None if key_id is None else str(key_id))
    return Exception("Unauthorized")


def _allowed(key: FoundKey, method_arn: str) -> dict[str, Any]:
    """A policy for the whole stage, because API Gateway keeps it for other routes as well."""
    api, stage, _ = method_arn.split("/", 2)
    key_id = str(key.id)
    return {
        "principalId": key_id,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow",
                    "Resource": f"{api}/{stage}/*",
                }
            ],
        },
        "context": {
            "key_id": key_id,
            "key_name": key.name or "",
            "clinic_id": "" if key.clinic_id is None else str(key.clinic_id),
            "operator": "true" if key.is_operator else "false",
            "scopes": " ".join(key.scopes),
        },
    }
