"""What a stage needs before it is deployed: its secrets, and login roles for their addresses.

Nothing that has a value is overwritten. A secret is made before the login role that it names, and
the role is made to fit what stands there: whoever was first decides, and what was interrupted is
finished by the next one.
"""

import base64
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from pydantic import SecretStr

from idexx_sync.core.account import Account, Secret
from idexx_sync.core.deployments import (
    DATABASES,
    KEYS,
    SECRETS,
    TOKENS,
    secret_name,
)
from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.fingerprints import read_fingerprint_keys
from idexx_sync.core.imprints import SecretName
from idexx_sync.core.sealing import keyring
from idexx_sync.database.addresses import address_as, password_in, same_place, user_in
from idexx_sync.database.connection import Conn
from idexx_sync.database.imprint_store import hidden_evidence
from idexx_sync.database.login_role_store import (
    login_role,
    make_login_role,
    maker,
    role_of,
    roles_there,
    try_login,
)
from idexx_sync.database.migrations import pending
from idexx_sync.keys.format import read_peppers
from idexx_sync.operations import imprints

READERS: Final[Mapping[SecretName, Callable[[SecretStr], imprints.Secret]]] = {
    "local_key": keyring,
    "fingerprint_key": read_fingerprint_keys,
    "pepper": read_peppers,
}
REPLACING: Final[Mapping[SecretName, str]] = {
    "local_key": "Replacing the sealing key",
    "fingerprint_key": "Replacing the fingerprint key",
    "pepper": "Replacing the pepper",
}
"""Its section in docs/secrets.md."""

GIVE: Final = (
    "Give DATABASE_URL as an administrator's: whoever has migrated the database, or a superuser"
)

State = Literal["made", "filled", "already there", "mended", "missing", "refused"]
"""What became of a secret or a role, or would. `mended`: a role has got its secret's password."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is told of one secret or role; nothing of its value."""

    name: str
    state: State
    note: str | None = None
    """What is to be done, or why it is so."""

    @property
    def warns(self) -> bool:
        return self.state == "missing" or (self.note is not None and self.state != "refused")


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done about one secret."""

    secret: str
    found: Secret
    row: Row
    value: SecretStr | None = None
    """What is put into it; of one that is already there, what stands there."""
    makes_role: bool = False
    """Whether its login role is made, or gets the password of this address."""

    @property
    def writes(self) -> bool:
        return self.row.state in ("made", "filled")


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody has typed or piped in."""

    database_url: SecretStr
    """An administrator's."""
    values: Mapping[str, SecretStr]
    """Name of a key or a token -> its value."""
    tenant: str = ""
    """What a pooler wants behind each user's name."""


def found_secrets(account: Account, stage: str) -> dict[str, Secret]:
    return {one: account.secret(secret_name(stage, one)) for one in SECRETS}


def require_ready(conn: Conn) -> None:
    """ConfigurationInvalid unless the database is migrated and whoever is connected may make login
    roles in it."""
    if missing := pending(conn):
        raise ConfigurationInvalid(
            f"the database lacks {len(missing)} of this release's migrations, which make the roles "
            "that login roles are members of; nothing was written; apply them first: "
            "idexx-sync migrate",
            code="not_migrated",
        )
    parts = tuple(DATABASES.values())
    if gone := {role_of(part) for part in parts} - roles_there(conn, [*map(role_of, parts)]):
        raise ConfigurationInvalid(
            f"the cluster has no role {', '.join(sorted(gone))}; nothing was written. See what "
            "mends it: idexx-sync migrate --check",
            code="roles_missing",
        )
    if hidden := hidden_evidence(conn):
        raise NotAdministrator(
            f"row level security hides rows of {', '.join(hidden)} from whoever is connected, so "
            f"nobody could say which keys the database belongs to; nothing was written. {GIVE}",
            code="no_administrator",
        )
    who = maker(conn, parts)
    if who.makes_roles and not who.lacks:
        return
    may_not = "make roles" if not who.makes_roles else f"make members of {', '.join(who.lacks)}"
    raise NotAdministrator(
        f"{who.name} may not {may_not}; nothing was written. {GIVE}",
        code="no_administrator",
    )


class NotAdministrator(ConfigurationInvalid):
    """Whoever is connected may not make login roles."""


def planned(conn: Conn, stage: str, found: Mapping[str, Secret], given: Given) -> list[Task]:
    """What is to be done about each secret. Only looks."""
    return [_task(conn, stage, secret, found[secret], given) for secret in SECRETS]


def _task(conn: Conn, stage: str, secret: str, found: Secret, given: Given) -> Task:
    name = secret_name(stage, secret)
    if found.state == "going":
        note = "it is scheduled for deletion; take it back: "
        note += f"aws secretsmanager restore-secret --secret-id {name}"
        return Task(secret, found, Row(name, "refused", note))
    if found.state == "binary":
        note = (
            "it holds bytes and no text, which the service can't read; put its value there as text"
        )
        return Task(secret, found, Row(name, "refused", note))
    try:
        if secret in KEYS:
            return _key_task(conn, secret, name, found, given)
        if secret in DATABASES:
            return _database_task(stage, secret, name, found, given)
    except ConfigurationInvalid as error:
        return Task(secret, found, Row(name, "refused", error.message))
    return _token_task(secret, name, found, given)


def _key_task(conn: Conn, secret: str, name: str, found: Secret, given: Given) -> Task:
    called = KEYS[secret]
    read, wanted = READERS[called], given.values.get(called)
    value = found.value or wanted
    if value is not None:
        imprints.require(conn, read(value), keeps=False)
    else:
        value = SecretStr(_random_key())
        if imprints.has_one_already(conn, read(value)):
            raise ConfigurationInvalid(
                f"{called}: the database belongs to one already, and a new one would fit nothing "
                f"that was made with it; give that one with --from -, as {called}. If it is lost, "
                f"see docs/secrets.md, {REPLACING[called]}",
                code=f"{called}_other",
            )
    return Task(secret, found, Row(name, _state(found), _untaken(found, wanted)), value)


def _database_task(stage: str, secret: str, name: str, found: Secret, given: Given) -> Task:
    part = DATABASES[secret]
    ours = login_role(stage, part)
    if found.value is None:
        value = address_as(given.database_url, ours + given.tenant, secrets.token_hex(24))
        return Task(secret, found, Row(name, _state(found)), value, makes_role=True)
    is_ours = _is_of(found.value, ours, given) and same_place(found.value, given.database_url)
    note = None
    match try_login(found.value, part):
        case "fails" if is_ours:
            return Task(secret, found, Row(name, "already there"), found.value, makes_role=True)
        case "not_a_member" if is_ours:
            return Task(secret, found, Row(name, "already there"), found.value, makes_role=True)
        case "fails":
            note = "nobody gets in with its address from here; see that it is right"
        case "not_a_member":
            note = f"its role lacks the rights of {role_of(part)}; grant it that"
        case "works":
            pass
    return Task(secret, found, Row(name, "already there", note), found.value)


def _token_task(secret: str, name: str, found: Secret, given: Given) -> Task:
    wanted = given.values.get(TOKENS[secret])
    if found.value is None and wanted is None:
        note = (
            f"give it when asked, or with --from - as {TOKENS[secret]}, by the same command again"
        )
        return Task(secret, found, Row(name, "missing", note))
    value = found.value or wanted
    return Task(secret, found, Row(name, _state(found), _untaken(found, wanted)), value)


def _state(found: Secret) -> State:
    match found.state:
        case "text":
            return "already there"
        case "empty":
            return "filled"
        case _:
            return "made"


def _untaken(found: Secret, wanted: SecretStr | None) -> str | None:
    if found.value is None or wanted is None or found.value == wanted:
        return None
    return "what was given is another one, and was not taken: what is there stays"


def carried_out(
    conn: Conn, account: Account, stage: str, tasks: list[Task], given: Given
) -> Iterator[Row]:
    """Do it, and tell of each secret and role as soon as it is done."""
    for task in tasks:
        done = _written(conn, account, stage, task, given)
        yield done.row
        if done.secret in KEYS and done.value is not None:
            imprints.require(conn, READERS[KEYS[done.secret]](done.value))
        elif done.secret in DATABASES and done.value is not None:
            yield from _with_role(conn, stage, done, given)


def would_be(conn: Conn, stage: str, tasks: list[Task], given: Given) -> Iterator[Row]:
    """What carrying it out would tell."""
    for task in tasks:
        yield task.row
        if task.secret in DATABASES and task.value is not None:
            role = login_role(stage, DATABASES[task.secret])
            if task.makes_role:
                yield Row(role, "mended" if roles_there(conn, [role]) else "made")
            elif _is_of(task.value, role, given):
                yield Row(role, "already there")


def _written(conn: Conn, account: Account, stage: str, task: Task, given: Given) -> Task:
    """The task with what stands in the secret afterwards."""
    if not task.writes or task.value is None:
        return task
    name = task.row.name
    if task.found.state == "empty":
        account.fill(name, task.value)
        return task
    made = account.make(name, task.value, f"idexx-sync, stage {stage}: {task.secret}")
    if made != "there":
        return replace(task, row=replace(task.row, state=made))
    found = account.secret(name)
    again = _task(conn, stage, task.secret, found, given)
    if again.row.state != "already there":
        raise ConfigurationInvalid(
            f"{name}: somebody is making it at this moment; run the command again in a minute",
            code="secret_contended",
        )
    return again


def _with_role(conn: Conn, stage: str, task: Task, given: Given) -> Iterator[Row]:
    part, address = DATABASES[task.secret], task.value
    role = login_role(stage, part)
    assert address is not None
    if task.makes_role:
        was_there = bool(roles_there(conn, [role]))
        make_login_role(conn, stage, part, password_in(address))
        works = try_login(address, part) == "works"
        note = None if works else "nobody gets in with its address from here; see that it is right"
        yield Row(role, "mended" if was_there else "made", note)
    elif _is_of(address, role, given):
        yield Row(role, "already there")


def _is_of(address: SecretStr, role: str, given: Given) -> bool:
    return user_in(address) == role + given.tenant


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
