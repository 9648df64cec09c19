"""Who may call the HTTP API: API Gateway's REQUEST authorizer on the header X-API-Key.

Every kind of bad key gets the same answer, and a key that can't be one costs no statement. A
database that is down is an error of ours (API Gateway answers 503) and never a refusal.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from threading import Lock
from typing import Any, Final
from uuid import UUID

from idexx_sync.core.errors import DatabaseUnavailable
from idexx_sync.core.imprints import Imprints, refuse_another
from idexx_sync.core.kept import Kept, KeptSettings
from idexx_sync.core.logs import logger, quiet_drivers
from idexx_sync.core.settings import KeySettings, load_key_settings
from idexx_sync.core.words import own_errors_only
from idexx_sync.database.connection import LOST, Database, DriverError, unavailable
from idexx_sync.database.schema_number_store import refuse_older
from idexx_sync.database.waits import Patience
from idexx_sync.keys.format import Peppers, hashed, is_key, read_peppers
from idexx_sync.keys.lookup import FoundKey, find_key, pepper_imprints, touch_key

HEADER: Final = "x-api-key"
DATABASE_WAITS_S: Final = 8.0
"""How long an event may wait for Postgres in all, new connections included."""
LONGEST_WAIT_S: Final = 2.0
"""For one answer: a kept connection that gives none is to leave time for a new one."""

AuthorizerHandler = Callable[[dict[str, Any], Any], dict[str, Any]]


@dataclass(frozen=True)
class AuthorizerDependencies:
    """What keys are checked with."""

    database: Database
    peppers: Peppers
    newest_peppers: Callable[[], Peppers | None] = lambda: None
    """Other ones, if they have been replaced meanwhile; asked when a key is unknown."""
    right: set[Imprints] = field(default_factory=set)
    """Imprints that were found to be the database's."""
    turn: Lock = field(default_factory=Lock)
    """Of two threads, as Lambda never has them, one must not read the answer to the other."""


def authorizer(
    dependencies: Callable[[], AuthorizerDependencies] | None = None,
) -> AuthorizerHandler:
    """The authorizer's handler; `dependencies` are the process's own unless given.

    It raises exactly `Exception("Unauthorized")` for a bad key: API Gateway makes its 401 of it.
    """

    def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        allowed = own_errors_only(lambda: judge(event))
        if allowed is None:
            raise Exception("Unauthorized")
        return allowed

    def judge(event: dict[str, Any]) -> dict[str, Any] | None:
        text = presented_key(event)
        if text is None or not is_key(text):
            _log_refusal("malformed")
            return None
        key = _checked(text, (dependencies or process_dependencies)())
        return None if key is None else _allowed(key, event["methodArn"])

    return handler


def _made(settings: KeySettings) -> AuthorizerDependencies:
    quiet_drivers()
    newest = process_dependencies.settings.newest

    def newest_peppers() -> Peppers | None:
        pepper = newest().pepper
        return None if pepper == settings.pepper else read_peppers(pepper)

    return AuthorizerDependencies(
        Database(
            settings.database_url,
            lambda: newest().database_url,
            Patience(LONGEST_WAIT_S),
            require=refuse_older,
        ),
        read_peppers(settings.pepper),
        newest_peppers=newest_peppers,
    )


process_dependencies: Final[Kept[KeySettings, AuthorizerDependencies]] = Kept(
    KeptSettings(load_key_settings), _made, lambda made: made.database.close()
)
"""The process's dependencies, made at the first event and kept warm."""


def presented_key(event: Mapping[str, Any]) -> str | None:
    """The one value of the request's header; None if there is none, or more than one."""
    many, last = event.get("multiValueHeaders") or {}, event.get("headers") or {}
    listed = [values for name, values in many.items() if name.lower() == HEADER]
    if not listed:
        listed = [[value] for name, value in last.items() if name.lower() == HEADER]
    distinct = set(chain.from_iterable(listed))
    return distinct.pop() if len(distinct) == 1 else None


def _checked(text: str, dependencies: AuthorizerDependencies) -> FoundKey | None:
    peppers = dependencies.peppers
    hashes = hashed(text, peppers)
    dependencies.database.patience.renew(DATABASE_WAITS_S)
    with dependencies.turn:
        key = _found(dependencies.database, hashes)
        if key is None and (newest := dependencies.newest_peppers()) is not None:
            peppers, hashes = newest, hashed(text, newest)
            key = _found(dependencies.database, hashes)
        if key is not None and key.state == "valid" and key.is_due:
            _touch(dependencies.database, key, hashes)
    if key is None:
        _refuse_wrong_pepper(dependencies, peppers)
        _log_refusal("unknown")
        return None
    if key.state != "valid":
        _log_refusal(key.state, key.id)
        return None
    return key


def _found(database: Database, hashes: list[str]) -> FoundKey | None:
    """One more try over a new connection: the kept one may have died since the last event."""
    try:
        return find_key(database.cursor(), hashes)
    except LOST:
        pass
    database.close()
    try:
        return find_key(database.cursor(), hashes)
    except LOST as error:
        raise unavailable(error) from None


def _refuse_wrong_pepper(dependencies: AuthorizerDependencies, peppers: Peppers) -> None:
    """With another pepper than the database's no key is known, and none was refused by us.

    ConfigurationInvalid then. Where that can't be found out, the key is unknown.
    """
    if peppers.imprints in dependencies.right:
        return
    try:
        with dependencies.turn:
            known = pepper_imprints(dependencies.database.cursor())
    except (DriverError, DatabaseUnavailable) as error:
        logger().warning("imprint of the pepper not read", reason=type(error).__name__)
        return
    refuse_another(peppers.imprints, known)
    if known is not None:
        dependencies.right.add(peppers.imprints)


def _touch(database: Database, key: FoundKey, hashes: Sequence[str]) -> None:
    """A use that can't be written down is no reason to turn a good key away."""
    try:
        touch_key(database.connection(), key.id, hashes)
    except (DriverError, DatabaseUnavailable) as error:
        logger().warning("use not written down", key_id=str(key.id), reason=type(error).__name__)


def _log_refusal(reason: str, key_id: UUID | None = None) -> None:
    """Every kind of bad key is answered alike; which kind it was, only the log says."""
    logger().info("key refused", reason=reason, key_id=None if key_id is None else str(key_id))


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
