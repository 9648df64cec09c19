"""What a stage needs before it is deployed: its secrets, and login roles for their addresses.

Nothing that has a value is overwritten. A secret is made before the login role that it names, and
the role is made to fit what stands there: whoever was first decides, and what was interrupted is
finished by the next one. What is empty is filled by one at a time, after another look.
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
    DatabasePart,
    secret_name,
)
from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.fingerprints import read_fingerprint_keys
from idexx_sync.core.imprints import SecretName
from idexx_sync.core.sealing import keyring
from idexx_sync.database.addresses import (
    address_as,
    address_kept,
    doubts,
    dropped,
    is_loopback,
    password_in,
    same_place,
    user_in,
)
from idexx_sync.database.connection import Conn
from idexx_sync.database.imprint_store import hidden_evidence
from idexx_sync.database.login_role_store import (
    Login,
    Running,
    hindrance,
    leads_to,
    login_role,
    make_login_role,
    maker,
    one_at_a_time,
    role_of,
    roles_there,
    running,
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

NOBODY: Final = "nobody gets in with its address from here; see that it is right"
ELSEWHERE: Final = (
    "it leads to another database than the given address; put the right address there (aws "
    "secretsmanager put-secret-value), or delete the secret, and the same command makes it anew"
)
NO_ROLE: Final = (
    "the cluster of the given address has no such role, which its secret names; put the right "
    "address into the secret, or delete that, and the same command makes both anew"
)
MEANWHILE: Final = "somebody else has put it there meanwhile"

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
    hindrance: str | None = None
    """Why its login role can't be made."""

    @property
    def writes(self) -> bool:
        return self.row.state in ("made", "filled")

    @property
    def is_refused(self) -> bool:
        return self.row.state == "refused" or self.hindrance is not None


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody has typed or piped in."""

    database_url: SecretStr
    """An administrator's."""
    values: Mapping[str, SecretStr]
    """Name of a key or a token -> its value."""
    tenant: str = ""
    """What a pooler wants behind each user's name."""

    @property
    def written(self) -> SecretStr:
        """As it is written into secrets, but for whose it is."""
        return address_as(self.database_url, "somebody", "made-up")

    @property
    def doubts(self) -> list[str]:
        """What is to be known of the address before anything is made of it."""
        said = doubts(self.written)
        if left_out := dropped(self.database_url):
            said.append(
                f"left out of the secrets, as one person's or one machine's: {', '.join(left_out)}"
            )
        return said

    def require_usable(self, *, locally: bool) -> None:
        """ConfigurationInvalid for an address that no function in AWS could use."""
        if is_loopback(self.written) and not locally:
            raise ConfigurationInvalid(
                "the database's address leads to the machine that uses it (loopback), where "
                "functions in AWS find no Postgres; nothing was written. Give the address that "
                "they use; only to try this command out: --local-database",
                code="database_url_local",
            )


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
    tasks = [_task(conn, stage, secret, found[secret], given) for secret in SECRETS]
    if any(task.writes and task.secret in DATABASES for task in tasks):
        _try_what_is_written(conn, given)
    return tasks


def _try_what_is_written(conn: Conn, given: Given) -> None:
    """With the login of the one who gave the address: its own roles are not made yet."""
    if leads_to(address_kept(given.database_url)) == running(conn):
        return
    left_out = ", ".join(dropped(given.database_url))
    without = f", without {left_out}," if left_out else ""
    raise ConfigurationInvalid(
        f"the database's address as it would be written{without} does not lead to the same "
        "database; nothing was written. Give one that works with what belongs to the place alone, "
        "as postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full&sslrootcert=system",
        code="database_url_unusable",
    )


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
            return _with_hindrance(conn, stage, _database_task(conn, stage, secret, found, given))
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


def _database_task(conn: Conn, stage: str, secret: str, found: Secret, given: Given) -> Task:
    name, part = secret_name(stage, secret), DATABASES[secret]
    ours = login_role(stage, part)
    if found.value is None:
        value = address_as(given.database_url, ours + given.tenant, secrets.token_hex(24))
        return Task(secret, found, Row(name, _state(found)), value, makes_role=True)
    here, login = running(conn), try_login(found.value, part)
    is_ours = _is_of(found.value, ours, given) and same_place(found.value, given.database_url)
    mends = is_ours and login.came_of_it != "works" and login.where in (None, here)
    notes = _place_notes(found.value, login, here, given, is_mended=mends)
    if login.came_of_it == "not_a_member" and not mends:
        notes.append(f"its role lacks the rights of {role_of(part)}; grant it that")
    notes += _notes_of_more(login, part)
    row = Row(name, "already there", ". ".join(notes) or None)
    return Task(secret, found, row, found.value, makes_role=mends)


def _place_notes(
    address: SecretStr, login: Login, here: Running, given: Given, *, is_mended: bool
) -> list[str]:
    """What is wrong with where an address leads, as far as it is not said of the given one."""
    notes = [doubt for doubt in doubts(address) if doubt not in given.doubts]
    if login.where is None:
        if not same_place(address, given.database_url):
            notes.insert(0, ELSEWHERE)
        if not is_mended:
            notes.insert(0, NOBODY)
    elif login.where != here:
        notes.insert(0, ELSEWHERE)
    return notes


def _notes_of_more(login: Login, part: DatabasePart) -> list[str]:
    if not login.more:
        return []
    return [
        f"its role {' and '.join(login.more)}, more than its part needs; take that from it, or put "
        f"an address there whose role is a member of {role_of(part)} alone"
    ]


def _with_hindrance(conn: Conn, stage: str, task: Task) -> Task:
    if not task.makes_role:
        return task
    return replace(task, hindrance=hindrance(conn, stage, DATABASES[task.secret]))


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
            if task.hindrance:
                yield Row(role, "refused", task.hindrance)
            elif task.makes_role:
                yield Row(role, "mended" if roles_there(conn, [role]) else "made")
            else:
                yield from _as_it_is(conn, role, task.value, given)


def _written(conn: Conn, account: Account, stage: str, task: Task, given: Given) -> Task:
    """The task with what stands in the secret afterwards."""
    if not task.writes or task.value is None:
        return task
    name = task.row.name
    made: str = task.found.state
    if made == "absent":
        made = account.make(name, task.value, f"idexx-sync, stage {stage}: {task.secret}")
    if made == "empty" and _filled(conn, account, task, task.value):
        return replace(task, row=replace(task.row, state="filled"))
    if made == "made":
        return replace(task, row=replace(task.row, state="made"))
    again = _task(conn, stage, task.secret, account.secret(name), given)
    if again.row.state != "already there" or again.hindrance:
        what = again.hindrance or again.row.note or "somebody is making it at this moment"
        raise ConfigurationInvalid(
            f"{name}: {MEANWHILE}: {what}; run the command again in a minute",
            code="secret_contended",
        )
    note = MEANWHILE if again.row.note is None else f"{MEANWHILE}. {again.row.note}"
    return replace(again, row=replace(again.row, note=note))


def _filled(conn: Conn, account: Account, task: Task, value: SecretStr) -> bool:
    """Whether it was still empty, and has got the value.

    A key's imprint is kept first, and for good only when the key stands in its secret: whoever
    has kept another one meanwhile is found out before anything is written.
    """
    with conn.transaction():
        one_at_a_time(conn, task.row.name)
        if account.secret(task.row.name).state not in ("absent", "empty"):
            return False
        if task.secret in KEYS:
            imprints.require(conn, READERS[KEYS[task.secret]](value))
        account.fill(task.row.name, value)
    return True


def _with_role(conn: Conn, stage: str, task: Task, given: Given) -> Iterator[Row]:
    part, address = DATABASES[task.secret], task.value
    role = login_role(stage, part)
    assert address is not None
    if task.makes_role:
        was_there = bool(roles_there(conn, [role]))
        make_login_role(conn, stage, part, password_in(address))
        login = try_login(address, part)
        notes = [] if login.came_of_it == "works" else [NOBODY]
        if login.where not in (None, running(conn)):
            notes.append(ELSEWHERE)
        notes += _notes_of_more(login, part)
        yield Row(role, "mended" if was_there else "made", ". ".join(notes) or None)
    else:
        yield from _as_it_is(conn, role, address, given)


def _as_it_is(conn: Conn, role: str, address: SecretStr, given: Given) -> Iterator[Row]:
    """The role, if it is the one that the address names."""
    if not _is_of(address, role, given):
        return
    if roles_there(conn, [role]):
        yield Row(role, "already there")
    else:
        yield Row(role, "missing", NO_ROLE)


def _is_of(address: SecretStr, role: str, given: Given) -> bool:
    return user_in(address) == role + given.tenant


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
