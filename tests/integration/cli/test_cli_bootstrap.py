"""`idexx-sync bootstrap` over an account that moto has and a real Postgres: what it makes, what it
leaves as it is, and that whatever interrupts it, the next one ends where one would have."""

import base64
import io
import json
import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TextIO

import psycopg
import pytest
from moto import mock_aws
from psycopg import sql
from pydantic import SecretStr
from rich.console import Console

from idexx_sync.cli.app import run
from idexx_sync.cli.context import Cli
from idexx_sync.core.deployments import DATABASES, KEYS, PARTS, SECRETS, TOKENS, secret_name
from idexx_sync.core.fingerprints import read_fingerprint_keys
from idexx_sync.core.sealing import keyring
from idexx_sync.core.settings import DatabaseSettings, load_database_settings
from idexx_sync.database.connection import Conn, Database, connect
from idexx_sync.database.rights_check.check import wrong_rights
from idexx_sync.keys.format import read_peppers
from idexx_sync.operations.imprints import accept, require
from tests.kit.aws_account import AwsAccount, refusal
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.command_line import Answer, Terminal
from tests.kit.database import database_default, insert, query
from tests.kit.records import visits
from tests.kit.settings import FINGERPRINT_KEY, LOCAL_KEY, PEPPER, random_key

STAGE = "staging"
NAMES = {one: secret_name(STAGE, one) for one in SECRETS}
ROLES = [f"idexx_sync_{STAGE}_{part}" for part in PARTS]
GIVEN = {"axiom_token": "xaat-made-up-1", "slack_token": "xoxb-made-up-2"}
MEANT = ("--account", "123456789012", "--region", "us-west-2", "--local-database", "--yes")
LOOPBACK = "the database's address: it leads to the machine that uses it"
"""A test's Postgres is on this machine."""


@dataclass
class Engineer:
    """Types the command, and keeps all that was ever said."""

    account: AwsAccount
    address: str = field(repr=False)
    said: list[str] = field(default_factory=list)
    environment: Callable[[], DatabaseSettings] = load_database_settings
    meant: tuple[str, ...] = MEANT

    def __call__(self, *words: str, stdin: str | TextIO | None = None, **given: str) -> Answer:
        out, err = io.StringIO(), io.StringIO()

        def console(file: io.StringIO) -> Console:
            return Console(file=file, width=200, highlight=False, markup=False, emoji=False)

        if stdin is None:
            stdin = json.dumps({"database_url": self.address, **GIVEN, **given})
            words = ("--from", "-", *words)
        words = (*self.meant, *words)
        cli = Cli(
            aws_client=self.account,
            load_database_settings=self.environment,
            stdin=io.StringIO(stdin) if isinstance(stdin, str) else stdin,
            out=console(out),
            err=console(err),
        )
        code = run(["bootstrap", STAGE, *words], cli)
        self.said += [out.getvalue(), err.getvalue()]
        return Answer(code, out.getvalue(), err.getvalue())

    def states(self, *words: str, **given: str) -> tuple[int, dict[str, str]]:
        answer = self(*words, "--json", **given)
        return answer.code, {
            row["name"]: row["state"] for row in (*answer.json["secrets"], *answer.json["roles"])
        }


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsAccount]:
    for name in os.environ:
        if name.startswith(("IDEXX_SYNC_", "DATABASE_URL", "AWS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    with mock_aws():
        yield AwsAccount()


@pytest.fixture
def engineer(
    account: AwsAccount, database: str, conn: Conn, caplog: pytest.LogCaptureFixture
) -> Iterator[Engineer]:
    """Whatever a test does: no value stands in what was said, logged or raised."""
    caplog.set_level(logging.DEBUG, logger="idexx-sync")
    caplog.set_level(logging.INFO)
    made = Engineer(account, database)
    yield made
    drop_roles(conn)
    everything = "\n".join([*made.said, caplog.text])
    assert everything.strip()
    assert [one for one in secret_texts(made) if one in everything] == []


def drop_roles(conn: Conn) -> None:
    for role in ROLES:
        if conn.execute("SELECT to_regrole(%s)", (role,)).fetchone() != (None,):
            name = sql.Identifier(role)
            conn.execute(sql.SQL("DROP OWNED BY {}; DROP ROLE {}").format(name, name))


def secret_texts(engineer: Engineer) -> list[str]:
    values = [value for value in engineer.account.secrets().values() if value]
    addresses = [one for one in (*values, engineer.address) if "://" in one]
    passwords = [re.sub(r".*://[^:]*:([^@]*)@.*", r"\1", one) for one in addresses]
    return [one for one in (*values, *passwords, *GIVEN.values(), "quoted:secret") if len(one) > 3]


def ended(engineer: Engineer, conn: Conn, *administrators: str) -> None:
    """All is there, fits together, and does its work."""
    found = engineer.account.secrets()
    assert found.keys() == {*NAMES.values()}
    for secret, part in DATABASES.items():
        address = found[NAMES[secret]]
        assert address is not None
        assert f"//idexx_sync_{STAGE}_{part}:" in address
        with connect(SecretStr(address)) as logged_in:
            assert query(logged_in, "SELECT current_user::text AS me, current_database()") == [
                {"me": f"idexx_sync_{STAGE}_{part}", "current_database": conn.info.dbname}
            ]
    for secret, read in (
        ("local-key", keyring),
        ("fingerprint-key", read_fingerprint_keys),
        ("pepper", read_peppers),
    ):
        value = found[NAMES[secret]]
        assert value is not None
        assert len(base64.b64decode(value)) == 32
        require(conn, read(SecretStr(value)), keeps=False)
    assert query(conn, "SELECT secret FROM idexx_sync.imprints ORDER BY secret") == [
        {"secret": name} for name in sorted(KEYS.values())
    ]
    for secret, name in TOKENS.items():
        assert found[NAMES[secret]] == GIVEN[name]
    assert wrong_rights(conn, frozenset(administrators)) == {}


def test_all_is_made_at_first_and_left_alone_from_then_on(engineer: Engineer, conn: Conn) -> None:
    code, states = engineer.states()

    assert states == dict.fromkeys([*NAMES.values(), *ROLES], "made")
    assert code == 4
    ended(engineer, conn)
    before = engineer.account.secrets()
    kept = query(conn, "SELECT rolname, rolpassword FROM pg_authid ORDER BY rolname")

    code, states = engineer.states()

    assert (code, states) == (4, dict.fromkeys([*NAMES.values(), *ROLES], "already there"))
    assert engineer.account.secrets() == before
    assert query(conn, "SELECT rolname, rolpassword FROM pg_authid ORDER BY rolname") == kept


def test_it_says_where_it_works_and_what_came_of_it(engineer: Engineer) -> None:
    engineer.account.quota = engineer.account.unreserved = 10

    answer = engineer()

    assert answer.code == 4
    assert "staging: AWS account 123456789012, us-west-2, as arn:aws:" in answer.err
    assert "as postgres" in answer.err
    assert f"{NAMES['pepper']}: made" in answer.err
    assert re.search(rf"{NAMES['pepper']} +made", answer.out)
    assert LOOPBACK in answer.out
    assert (
        "Lambda's quota Concurrent executions (L-B99A9384) of us-west-2 is 10, of which 10 are "
        "unreserved; staging reserves 66 and 100 have to stay free" in answer.out
    )
    assert "--desired-value 166" in answer.out
    data = engineer("--json").json
    assert data["database"]["role"] == "postgres"
    assert [one.partition(" ")[0] for one in data["warnings"]] == ["Lambda's", "the"]


def test_a_dry_run_writes_nothing(engineer: Engineer, conn: Conn) -> None:
    answer = engineer("--dry-run")

    assert re.search(rf"{NAMES['pepper']} +would be made", answer.out)
    assert "Nothing was written: it was a dry run." in answer.out
    assert engineer.account.secrets() == {}
    assert {*engineer.account.calls} == {
        "get_caller_identity",
        "get_account_settings",
        "get_secret_value",
    }
    assert query(conn, "SELECT 1 FROM pg_roles WHERE rolname = ANY(%s)", (ROLES,)) == []
    assert query(conn, "SELECT 1 FROM idexx_sync.imprints") == []


FAULTS = [
    refusal("InternalServiceError"),
    refusal("ThrottlingException"),
    KeyboardInterrupt(),
    RuntimeError("what nobody foresaw, with quoted:secret in it"),
]


@pytest.mark.parametrize("lost", ["question", "answer"])
def test_whichever_call_fails_the_next_one_ends_right(
    engineer: Engineer, conn: Conn, lost: Any
) -> None:
    account = engineer.account
    first = 1
    while True:
        fault = FAULTS[first % len(FAULTS)]
        account.calls.clear()
        account.fails_at, account.fault, account.lost = first, fault, lost

        answer = engineer()

        if len(account.calls) < first:
            break
        assert answer.code in (1, 6, 130), answer.err
        account.fails_at = None
        first += 1
        if not (made := account.secrets()):
            continue  # so the next one is like the first one

        assert engineer().code == 4
        ended(engineer, conn)
        assert made.items() <= account.secrets().items()
        forget(engineer, conn)
    assert first > 20


def forget(engineer: Engineer, conn: Conn) -> None:
    """As if nothing had ever been made."""
    for name in engineer.account.secrets():
        engineer.account.client().delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    conn.execute("DELETE FROM idexx_sync.imprints")
    drop_roles(conn)


def test_whenever_the_database_goes_away_the_next_one_ends_right(
    engineer: Engineer, conn: Conn, account: AwsAccount
) -> None:
    """A secret is there by then, and its imprint or its login role is not."""
    for number in range(1, len(SECRETS) + 1):
        asked: list[str] = []

        def watch(method: str, asked: list[str] = asked, number: int = number) -> None:
            asked.append(method)
            if method == "create_secret" and asked.count(method) == number:
                conn.execute(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE datname = current_database() AND application_name = 'idexx-sync'
                       AND pid <> pg_backend_pid()
                    """
                )

        account.before = watch
        answer = engineer()
        account.before = lambda _method: None

        tokens = len(SECRETS) - len(TOKENS)
        assert answer.code == (6 if number <= tokens else 4), answer.err
        assert engineer().code == 4
        ended(engineer, conn)
        forget(engineer, conn)


KEY_VALUES = {"local_key": LOCAL_KEY, "fingerprint_key": FINGERPRINT_KEY, "pepper": PEPPER}
READ: dict[str, Any] = {
    "local_key": keyring,
    "fingerprint_key": read_fingerprint_keys,
    "pepper": read_peppers,
}


@pytest.mark.parametrize("kind", KEY_VALUES)
def test_a_database_that_belongs_to_another_key_gets_no_new_one(
    engineer: Engineer, conn: Conn, kind: str
) -> None:
    """Given are then the key that it belongs to, or another one."""
    accept(conn, READ[kind](KEY_VALUES[kind]))
    name = NAMES[kind.replace("_", "-")]

    answer = engineer()

    assert answer.code == 1
    assert f"{name}: {kind}: the database belongs to one already" in answer.out
    assert f"give that one with --from -, as {kind}" in answer.out
    assert "Nothing was written" in answer.out
    another = engineer(**{kind: random_key()})
    assert another.code == 1
    assert f"IDEXX_SYNC_{kind.upper()}: it is another one" in another.out
    assert engineer.account.secrets() == {}
    assert query(conn, "SELECT 1 FROM pg_roles WHERE rolname = ANY(%s)", (ROLES,)) == []

    assert engineer(**{kind: KEY_VALUES[kind].get_secret_value()}).code == 4
    ended(engineer, conn)
    assert engineer.account.secrets()[name] == KEY_VALUES[kind].get_secret_value()


@pytest.mark.parametrize("kind", KEY_VALUES)
def test_what_was_made_with_a_key_stands_for_its_imprint(
    engineer: Engineer, conn: Conn, database: str, lent: Database, kind: str
) -> None:
    """As after a release from before there were imprints."""
    bench = Bench(conn, database, add_clinic(conn), lent=lent)
    match kind:
        case "local_key":
            sealed = {"clinic_id": bench.clinic_id, "version": 1, "sealed": b"\x02sealed"}
            insert(conn, "idexx_sync.credentials", sealed)
        case "pepper":
            key = {"clinic_id": bench.clinic_id, "api_key": "a" * 64, "scopes": ["jobs:read"]}
            insert(conn, "public.clinic_api_keys", key)
        case _:
            bench.pims.records = visits(2)
            bench.sync()
            conn.execute("DELETE FROM idexx_sync.imprints")

    answer = engineer("--json")

    assert answer.code == 1
    refused = {row["name"] for row in answer.json["secrets"] if row["state"] == "refused"}
    assert refused == {NAMES[kind.replace("_", "-")]}
    assert engineer.account.secrets() == {}


@pytest.mark.parametrize("kind", KEY_VALUES)
def test_a_secret_that_is_not_the_databases_is_told_by_name(
    engineer: Engineer, conn: Conn, kind: str
) -> None:
    accept(conn, READ[kind](KEY_VALUES[kind]))
    name = NAMES[kind.replace("_", "-")]
    other = random_key()
    engineer.account.put(name, other)

    answer = engineer()

    assert answer.code == 1
    assert f"{name}: IDEXX_SYNC_{kind.upper()}: it is another one" in answer.out
    assert engineer.account.secrets() == {name: other}


@pytest.mark.parametrize("value", [None, "{}", " ", "changeme", "<PLACEHOLDER>", "CHANGE_ME"])
def test_what_says_nothing_is_filled(engineer: Engineer, conn: Conn, value: str | None) -> None:
    for name in NAMES.values():
        engineer.account.put(name, value)

    code, states = engineer.states()

    assert code == 4
    assert {name: states[name] for name in NAMES.values()} == dict.fromkeys(
        NAMES.values(), "filled"
    )
    ended(engineer, conn)


@pytest.mark.parametrize("kind", [*KEY_VALUES])
def test_a_key_that_can_not_be_one_is_told_and_stays(engineer: Engineer, kind: str) -> None:
    name = NAMES[kind.replace("_", "-")]
    engineer.account.put(name, "c2hvcnQ-and-wrong")

    answer = engineer()

    assert answer.code == 1
    assert f"{name}: IDEXX_SYNC_{kind.upper()} must be the base64 of 32 random bytes" in answer.out
    assert engineer.account.secrets() == {name: "c2hvcnQ-and-wrong"}


def test_what_is_given_beside_what_is_there_is_not_taken(engineer: Engineer) -> None:
    engineer()
    name, there = NAMES["axiom-token"], engineer.account.secrets()

    answer = engineer(axiom_token="xaat-another-one", local_key=random_key())

    assert answer.code == 4
    for one in (name, NAMES["local-key"]):
        assert f"{one}: what was given is another one, and was not taken" in answer.out
    assert engineer.account.secrets() == there


def test_tokens_that_nobody_has_yet_are_told_as_missing(engineer: Engineer, conn: Conn) -> None:
    code, states = engineer.states(axiom_token="", slack_token=" ")

    assert code == 4
    assert {states[NAMES[one]] for one in TOKENS} == {"missing"}
    assert not {NAMES[one] for one in TOKENS} & engineer.account.secrets().keys()
    assert "give it when asked, or with --from - as slack_token" in engineer(slack_token="").out
    engineer()
    ended(engineer, conn)


def test_a_secret_on_its_way_out_or_of_bytes_is_told_by_name(engineer: Engineer) -> None:
    client = engineer.account.client()
    client.create_secret(Name=NAMES["pepper"], SecretString=random_key())
    client.delete_secret(SecretId=NAMES["pepper"])
    client.create_secret(Name=NAMES["axiom-token"], SecretBinary=b"bytes")

    answer = engineer()

    assert answer.code == 1
    assert "it is scheduled for deletion; take it back: aws secretsmanager restore-secret" in (
        answer.out
    )
    assert f"{NAMES['axiom-token']}: it holds bytes" in answer.out
    assert engineer.account.secrets() == {NAMES["axiom-token"]: None}


@pytest.mark.parametrize("secret", ["pepper", "worker-database", "slack-token"])
def test_of_two_at_once_the_first_one_decides(engineer: Engineer, conn: Conn, secret: str) -> None:
    account, name = engineer.account, NAMES[secret]
    asked: list[str] = []
    before = Engineer(account, engineer.address)

    def another(method: str) -> None:
        asked.append(method)
        if method == "create_secret" and asked.count(method) == [*SECRETS].index(secret) + 1:
            account.before = lambda _method: None
            assert before().code == 4

    account.before = another
    answer = engineer()

    assert answer.code == 4
    assert f"{name}: already there" in answer.err
    ended(engineer, conn)


def test_an_address_of_somebody_elses_making_is_left_alone(
    engineer: Engineer, conn: Conn, database: str
) -> None:
    names = [NAMES[one] for one in ("authorizer-database", "api-database", "worker-database")]
    conn.execute("CREATE ROLE old_authorizer LOGIN PASSWORD 'made-up-1'")
    conn.execute("GRANT idexx_sync_authorizer TO old_authorizer")
    conn.execute("CREATE ROLE old_worker LOGIN PASSWORD 'made-up-2'")
    passwords = {"old_authorizer": "made-up-1", "old_api": "made-up-3", "old_worker": "made-up-2"}
    addresses = [
        database.replace("//postgres:", f"//{user}:").replace(conn.info.password, password)
        for user, password in passwords.items()
    ]
    for name, address in zip(names, addresses, strict=True):
        engineer.account.put(name, address)

    answer = engineer()
    states = {row["name"]: row for row in engineer("--json").json["secrets"]}
    conn.execute("DROP ROLE old_authorizer; DROP ROLE old_worker")

    assert answer.code == 4
    assert [states[name]["state"] for name in names] == ["already there"] * 3
    assert states[names[0]]["note"] is None
    assert "nobody gets in with its address from here" in states[names[1]]["note"]
    assert "its role lacks the rights of idexx_sync_worker" in states[names[2]]["note"]
    there = engineer.account.secrets()
    assert [there[name] for name in names] == addresses
    assert "idexx_sync_staging_api" not in answer.out


def test_the_authorizers_login_has_the_keys_and_nothing_else(
    engineer: Engineer, conn: Conn
) -> None:
    """It finds a key by its hash and writes its use down; no table is open to it."""
    engineer()
    clinic_id = add_clinic(conn)
    key = {"clinic_id": clinic_id, "api_key": "a" * 64, "scopes": ["jobs:read"]}
    insert(conn, "public.clinic_api_keys", key)
    (before,) = query(conn, "SELECT * FROM public.clinic_api_keys")
    address = engineer.account.secrets()[NAMES["authorizer-database"]]
    assert address is not None

    with connect(SecretStr(address)) as authorizer:
        (found,) = query(authorizer, "SELECT * FROM idexx_sync.find_key(repeat('a', 64))")
        touch = "SELECT idexx_sync.touch_key(%s, ARRAY[repeat('a', 64)], interval '0') AS done"
        assert query(authorizer, touch, (found["id"],)) == [{"done": True}]
        for statement in (
            "SELECT id FROM public.cases",
            "SELECT id FROM public.clinic_api_keys",
            "UPDATE public.clinic_api_keys SET last_used_at = NULL",
            "UPDATE public.clinic_api_keys SET scopes = '{}'",
            "SELECT sealed FROM idexx_sync.credentials",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                authorizer.execute(statement.encode())

    assert (found["clinic_id"], found["scopes"]) == (clinic_id, ["jobs:read"])
    (after,) = query(conn, "SELECT * FROM public.clinic_api_keys")
    assert {name for name in after if after[name] != before[name]} == {"last_used_at"}


def test_where_nobody_may_connect_login_roles_may(engineer: Engineer, conn: Conn) -> None:
    """As in a cluster of several databases."""
    name = sql.Identifier(conn.info.dbname)
    conn.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(name))

    engineer()

    ended(engineer, conn)
    conn.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO PUBLIC").format(name))


def test_a_login_role_whose_password_somebody_changed_gets_its_secrets_again(
    engineer: Engineer, conn: Conn
) -> None:
    engineer()
    conn.execute("ALTER ROLE idexx_sync_staging_worker PASSWORD 'another'")
    conn.execute("REVOKE idexx_sync_api FROM idexx_sync_staging_api")

    states = engineer.states()[1]

    assert [name for name, state in states.items() if state != "already there"] == [
        "idexx_sync_staging_worker",
        "idexx_sync_staging_api",
    ]
    assert states["idexx_sync_staging_worker"] == "mended"
    ended(engineer, conn)


def test_no_password_is_sent_to_where_it_would_be_logged(engineer: Engineer, conn: Conn) -> None:
    """What the server hashes itself it hashes as it was told to, which here is another way."""
    with database_default(conn, "password_encryption", "md5"):
        engineer()

    stored = query(
        conn, "SELECT rolpassword AS kept FROM pg_authid WHERE rolname = ANY(%s)", (ROLES,)
    )
    assert len(stored) == len(ROLES)
    assert all(row["kept"].startswith("SCRAM-SHA-256$") for row in stored)


def test_a_database_that_is_not_migrated_is_refused_with_what_comes_first(
    engineer: Engineer, conn: Conn
) -> None:
    conn.execute("DELETE FROM idexx_sync.migrations WHERE name = '025_imprints'")

    answer = engineer()

    assert answer.code == 1
    assert "apply them first: idexx-sync migrate" in answer.err
    assert engineer.account.secrets() == {}


def test_who_is_no_administrator_is_told_so(engineer: Engineer, conn: Conn, database: str) -> None:
    conn.execute("CREATE ROLE no_maker LOGIN PASSWORD 'made-up-4' IN ROLE idexx_sync_migrate")
    conn.execute("CREATE ROLE half_maker LOGIN PASSWORD 'made-up-5' CREATEROLE BYPASSRLS")
    conn.execute("GRANT idexx_sync_migrate TO half_maker")
    conn.execute("CREATE ROLE blind_maker LOGIN PASSWORD 'made-up-6' CREATEROLE")
    conn.execute("GRANT idexx_sync_operator TO blind_maker")
    said = {
        "no_maker": "no_maker may not make roles",
        "half_maker": "half_maker may not make members of idexx_sync_api",
        "blind_maker": "row level security hides rows of idexx_sync.credentials",
    }
    answers = {}
    for number, user in enumerate(said, start=4):
        engineer.address = make_url(database, user, f"made-up-{number}")
        answers[user] = engineer()
    conn.execute("DROP ROLE no_maker; DROP ROLE half_maker; DROP ROLE blind_maker")

    for user, answer in answers.items():
        assert (answer.code, said[user] in answer.err) == (5, True), answer.err
        assert "Give DATABASE_URL as an administrator's" in answer.err
    assert engineer.account.secrets() == {}


def make_url(database: str, user: str, password: str) -> str:
    return re.sub("//[^@]*@", f"//{user}:{password}@", database)


@contextmanager
def platform(conn: Conn) -> Iterator[None]:
    """A role that may make roles, and members of ours, and is no superuser."""
    conn.execute("CREATE ROLE platform LOGIN PASSWORD 'made-up-7' CREATEROLE BYPASSRLS")
    try:
        for part in PARTS:
            role = sql.Identifier(f"idexx_sync_{part}")
            grant = sql.SQL("GRANT {} TO platform WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
            conn.execute(grant.format(role))
        conn.execute("SET ROLE platform; GRANT idexx_sync_migrate TO platform; RESET ROLE")
        yield
    finally:
        drop_roles(conn)
        conn.execute("DROP OWNED BY platform CASCADE; DROP ROLE platform")


def test_who_has_migrated_the_database_is_enough_of_an_administrator(
    engineer: Engineer, conn: Conn, database: str
) -> None:
    """As on the hosting platform, whose owner is no superuser."""
    with platform(conn):
        engineer.address = make_url(database, "platform", "made-up-7")
        first = engineer.states()
        conn.execute("ALTER ROLE idexx_sync_staging_api PASSWORD 'another'")
        second = engineer.states()[1]
        ended(engineer, conn, "platform")

    assert first == (4, dict.fromkeys([*NAMES.values(), *ROLES], "made"))
    assert [name for name, state in second.items() if state != "already there"] == [
        "idexx_sync_staging_api"
    ]


def test_a_database_that_does_not_answer_is_not_reachable(engineer: Engineer) -> None:
    engineer.address = "postgresql://postgres:made-up@127.0.0.1:1/odis"

    answer = engineer()

    assert answer.code == 6
    assert "Postgres did not answer or refused us" in answer.err
    assert engineer.account.secrets() == {}


def test_on_a_terminal_what_is_needed_is_asked_for_and_not_shown(
    engineer: Engineer, conn: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {"DATABASE_URL": engineer.address, "Axiom": GIVEN["axiom_token"], "Slack": ""}
    asked: list[str] = []

    def prompt(text: str, *, err: bool, hide_input: bool, **_: Any) -> str:
        assert err
        assert hide_input
        asked.append(text)
        return next(answer for name, answer in answers.items() if name in text)

    monkeypatch.setattr("typer.prompt", prompt)

    assert engineer(stdin=Terminal()).code == 4
    assert len(asked) == 3
    asked.clear()
    answers["Slack"] = GIVEN["slack_token"]
    assert engineer(stdin=Terminal()).code == 4
    assert asked == [
        "DATABASE_URL of an administrator of the database",
        "Token of Slack (empty: later)",
    ]
    ended(engineer, conn)


def test_the_environments_address_is_taken_where_none_is_given(
    engineer: Engineer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engineer(stdin="").code == 2
    assert "DATABASE_URL" in engineer.said[-1]
    monkeypatch.setenv("DATABASE_URL", engineer.address)

    assert engineer(stdin="").code == 4
    assert engineer.account.secrets().keys() == {
        *(NAMES[one] for one in SECRETS if one not in TOKENS)
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is no JSON object"),
        ('["quoted:secret"]', "it is no JSON object"),
        ('{"quoted:secret": "x"}', "only these names are known: database_url, axiom_token"),
        ('{"pepper": 7}', "pepper must be a text"),
        ('{"pepper": "quoted:secret\\nb"}', "pepper must be one line of ASCII"),
        ('{"slack_token": "quoted:secret b"}', "slack_token must not have blanks in it"),
        ('{"database_url": "host=quoted:secret"}', "write it as postgresql://USER:PASSWORD@HOST"),
    ],
)
def test_what_can_not_be_taken_is_told_without_a_word_of_it(
    engineer: Engineer, text: str, says: str
) -> None:
    answer = engineer("--from", "-", stdin=text)

    assert answer.code in (1, 2)
    assert says in answer.err
    assert engineer.account.secrets() == {}


def test_no_value_is_taken_as_an_argument(engineer: Engineer) -> None:
    assert engineer("--from", "values.json", stdin="").code == 2
    assert "--from - < FILE" in engineer.said[-1]
    assert "there is no such stage in AWS" in said_of_another_stage(engineer)


def said_of_another_stage(engineer: Engineer) -> str:
    err = io.StringIO()
    console = Console(file=err, width=200)
    assert run(["bootstrap", "local"], Cli(aws_client=engineer.account, err=console)) == 2
    return err.getvalue()


REFUSALS = [
    ("AccessDeniedException", 5, "credentials do that, or use others"),
    ("ExpiredTokenException", 5, "log in to AWS"),
    ("UnrecognizedClientException", 5, "log in to AWS"),
    ("DecryptionFailure", 5, "the key that encrypts the secret"),
    ("ThrottlingException", 6, "too many calls"),
    ("InternalServiceError", 6, "it did not answer"),
    ("LimitExceededException", 1, "look that code up"),
]


@pytest.mark.parametrize(
    "method",
    [
        "get_caller_identity",
        "get_account_settings",
        "get_function_concurrency",
        "get_secret_value",
        "create_secret",
        "put_secret_value",
        "describe_secret",
    ],
)
@pytest.mark.parametrize(("code", "exit_code", "says"), REFUSALS)
def test_what_aws_refuses_is_told_with_what_to_do(
    engineer: Engineer, method: str, code: str, exit_code: int, says: str
) -> None:
    account = engineer.account
    account.quota = account.unreserved = 10  # so that it asks for the function
    if method in ("put_secret_value", "describe_secret"):
        account.put(NAMES["local-key"], None)
    account.refuses[method] = refusal(code)

    answer = engineer("--json")

    assert answer.code == exit_code, answer.json
    error = answer.json["error"]
    assert says in error["message"]
    assert error["code"] == code
    assert error["action"].partition(":")[2].lower() == method.replace("_", "")
    about = NAMES["local-key"] if method.endswith(("secret", "value")) else None
    assert error["about"] == about
    assert "the same command goes on from there" in error["message"]


def test_without_credentials_or_region_it_says_what_to_set(
    engineer: Engineer, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    from idexx_sync.core.account import client_of

    engineer.account = client_of  # type: ignore[assignment]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    unknown = engineer("--json")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    nowhere = engineer("--json")
    monkeypatch.setenv("AWS_PROFILE", "made-up")
    nobody = engineer("--json")
    engineer.account = AwsAccount()
    monkeypatch.delenv("AWS_PROFILE")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")

    assert (unknown.code, unknown.json["error"]["code"]) == (5, "NoCredentialsError")
    assert (nowhere.code, nowhere.json["error"]["code"]) == (1, "NoRegionError")
    assert "AWS_DEFAULT_REGION" in nowhere.json["error"]["message"]
    assert (nobody.code, nobody.json["error"]["code"]) == (5, "ProfileNotFound")


def test_a_stage_that_is_deployed_already_needs_no_more_room(engineer: Engineer) -> None:
    engineer.account.quota, engineer.account.unreserved = 166, 100
    warned = engineer("--json").json["warnings"]
    engineer.account.client("iam").create_role(
        RoleName="made-up", AssumeRolePolicyDocument="{}", Path="/"
    )
    engineer.account.client("lambda").create_function(
        FunctionName="idexx-sync-staging-watchdog",
        Role="arn:aws:iam::123456789012:role/made-up",
        Code={"ImageUri": "123456789012.dkr.ecr.us-west-2.amazonaws.com/made-up:1"},
        PackageType="Image",
    )

    assert [one for one in warned if "have to stay free" in one]
    assert not [one for one in engineer("--json").json["warnings"] if "have to stay free" in one]


def rows_of(answer: Answer) -> dict[str, tuple[str, str]]:
    """Secret or role -> its state and what is told of it."""
    rows = (*answer.json["secrets"], *answer.json["roles"])
    return {row["name"]: (row["state"], row["note"] or "") for row in rows}


def rewrite_addresses(engineer: Engineer, old: str, new: str) -> None:
    for name, value in engineer.account.secrets().items():
        if value and "://" in value:
            assert old in value
            engineer.account.client().put_secret_value(
                SecretId=name, SecretString=value.replace(old, new, 1)
            )


ADDRESSES = [NAMES[one] for one in DATABASES]
ELSEWHERE = "it leads to another database than the given address"


def test_stored_addresses_of_another_database_of_the_cluster_are_told(
    engineer: Engineer, conn: Conn
) -> None:
    """Its roles are the same ones, so everybody gets in there."""
    engineer()
    conn.execute("CREATE DATABASE bootstrap_other")
    try:
        rewrite_addresses(engineer, f"/{conn.info.dbname}", "/bootstrap_other")
        answer = engineer("--json")
    finally:
        conn.execute("DROP DATABASE bootstrap_other WITH (FORCE)")

    assert answer.code == 4
    rows = rows_of(answer)
    assert {rows[name][0] for name in ADDRESSES} == {"already there"}
    assert all(ELSEWHERE in rows[name][1] for name in ADDRESSES)
    assert all("put-secret-value" in rows[name][1] for name in ADDRESSES)


def test_of_stored_addresses_of_another_cluster_no_role_counts_as_there(
    engineer: Engineer, conn: Conn
) -> None:
    engineer()
    rewrite_addresses(engineer, f":{conn.info.port}/", ":1/")
    drop_roles(conn)

    answer = engineer("--json")

    assert answer.code == 4
    rows = rows_of(answer)
    for name in ADDRESSES:
        assert ELSEWHERE in rows[name][1]
        assert "nobody gets in with its address from here" in rows[name][1]
    assert {rows[role][0] for role in ROLES} == {"missing"}
    assert all("has no such role" in rows[role][1] for role in ROLES)


@pytest.fixture
def by_name(engineer: Engineer, monkeypatch: pytest.MonkeyPatch) -> Engineer:
    """Whose test's Postgres has an address as the one in AWS has."""
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    engineer.address = re.sub(r"@[^:/]+", "@db.example.com", engineer.address)
    engineer.meant = tuple(one for one in MEANT if one != "--local-database")
    return engineer


def test_stored_addresses_on_loopback_are_told(by_name: Engineer) -> None:
    assert by_name().code == 4
    assert all(rows_of(by_name("--json"))[name] == ("already there", "") for name in ADDRESSES)
    rewrite_addresses(by_name, "@db.example.com", "@127.0.0.1")

    answer = by_name("--json")

    assert answer.code == 4
    rows = rows_of(answer)
    assert all("the machine that uses it (loopback)" in rows[name][1] for name in ADDRESSES)


def test_another_name_of_the_same_database_is_no_other_place(by_name: Engineer) -> None:
    """Such as a pooler's."""
    by_name()
    rewrite_addresses(by_name, "@db.example.com", "@pooler.example.com")

    rows = rows_of(by_name("--json"))

    assert all(rows[name] == ("already there", "") for name in ADDRESSES)


def test_a_stored_login_with_more_than_its_parts_rights_is_told(
    engineer: Engineer, conn: Conn, database: str
) -> None:
    conn.execute("CREATE ROLE old_worker LOGIN BYPASSRLS PASSWORD 'made-up-2'")
    conn.execute("GRANT idexx_sync_worker, idexx_sync_operator TO old_worker")
    engineer.account.put(NAMES["api-database"], database)
    engineer.account.put(NAMES["worker-database"], make_url(database, "old_worker", "made-up-2"))

    answer = engineer("--json")
    conn.execute("DROP ROLE old_worker")

    rows = rows_of(answer)
    assert "its role is a superuser, more than its part needs" in rows[NAMES["api-database"]][1]
    of_worker = rows[NAMES["worker-database"]][1]
    assert "its role passes row level security" in of_worker
    assert "is a member of idexx_sync_operator" in of_worker
    assert "is a member of idexx_sync_worker and" not in of_worker
    assert answer.code == 4


def test_an_address_on_this_machine_is_refused_before_anything_is_written(
    engineer: Engineer, conn: Conn
) -> None:
    engineer.meant = tuple(one for one in MEANT if one != "--local-database")

    answer = engineer()

    assert answer.code == 1
    assert "leads to the machine that uses it (loopback)" in answer.err
    assert "only to try this command out: --local-database" in answer.err
    assert engineer.account.secrets() == {}
    assert query(conn, "SELECT 1 FROM pg_roles WHERE rolname = ANY(%s)", (ROLES,)) == []


def test_what_is_one_engineers_of_an_address_is_in_no_secret_and_told_by_name(
    engineer: Engineer, conn: Conn
) -> None:
    engineer.address += (
        ("&" if "?" in engineer.address else "?")
        + "passfile=/home/somebody/.pgpass&sslrootcert=/home/somebody/ca.crt"
        "&options=-c%20statement_timeout%3D5000"
    )

    answer = engineer()

    assert answer.code == 4
    assert (
        "the database's address: left out of the secrets, as one person's or one machine's: "
        "passfile, sslrootcert\n" in answer.out
    )
    assert "/home/somebody" not in answer.out + answer.err
    addresses = [engineer.account.secrets()[name] or "" for name in ADDRESSES]
    assert [one for one in addresses if "somebody" in one] == []
    with connect(SecretStr(addresses[0])) as logged_in:
        assert query(logged_in, "SHOW statement_timeout") == [{"statement_timeout": "5s"}]
    ended(engineer, conn)


def test_an_address_that_does_not_work_as_it_would_be_written_is_refused(
    engineer: Engineer, conn: Conn, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Its password is in a file of this machine."""
    services = tmp_path / "services"
    services.write_text(f"[mine]\npassword={conn.info.password}\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    engineer.address = re.sub(r":[^:@]*@", "@", engineer.address)
    engineer.address += ("&" if "?" in engineer.address else "?") + "service=mine"

    answer = engineer()

    assert answer.code == 1
    assert "as it would be written, without service, does not lead to the same" in answer.err
    assert engineer.account.secrets() == {}
    assert query(conn, "SELECT 1 FROM pg_roles WHERE rolname = ANY(%s)", (ROLES,)) == []


MEANWHILE = "somebody else has put it there meanwhile"


def at_question(account: AwsAccount, number: int, act: Callable[[], object]) -> None:
    """Act before that reading of a secret, from 1 on; the first ones are all secrets in turn."""
    asked: list[str] = []

    def watch(method: str) -> None:
        asked.append(method)
        if method == "get_secret_value" and asked.count(method) == number:
            account.before = lambda _method: None
            act()

    account.before = watch


class Slow(Terminal):
    """Somebody who thinks before each answer, while something happens."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__("yes\n")
        self.meanwhile = meanwhile

    def readline(self, *size: Any) -> Any:
        self.meanwhile()
        return super().readline(*size)


@pytest.mark.parametrize("value", ["{}", None])
def test_of_two_over_the_same_placeholders_the_first_one_decides(
    engineer: Engineer, conn: Conn, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    """The other one begins and ends while this one is asked whether to write."""
    for name in NAMES.values():
        engineer.account.put(name, value)
    other = Engineer(engineer.account, engineer.address)
    decided: dict[str, str | None] = {}

    def another() -> None:
        assert other().code == 4
        decided.update(engineer.account.secrets())

    on_a_terminal(engineer, monkeypatch)
    answer = engineer("--json", stdin=Slow(another))

    assert answer.code == 4
    assert decided
    assert engineer.account.secrets() == decided
    rows = rows_of(answer)
    assert {state for state, _ in rows.values()} == {"already there"}
    assert all(MEANWHILE in rows[name][1] for name in NAMES.values())
    ended(engineer, conn)


def on_a_terminal(engineer: Engineer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the tokens are asked for, and whether to write."""
    monkeypatch.setenv("DATABASE_URL", engineer.address)
    monkeypatch.setattr("typer.prompt", lambda text, **_: GIVEN[text.split()[2].lower() + "_token"])
    engineer.meant = tuple(one for one in engineer.meant if one != "--yes")


def test_what_was_made_while_tokens_were_asked_for_is_seen(
    engineer: Engineer, conn: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_terminal(engineer, monkeypatch)
    other = Engineer(engineer.account, engineer.address)

    def prompt(text: str, **_: Any) -> str:
        assert other().code == 4
        return GIVEN[text.split()[2].lower() + "_token"]

    monkeypatch.setattr("typer.prompt", prompt)
    answer = engineer("--json", stdin=Terminal())

    assert answer.code == 4
    assert {state for state, _ in rows_of(answer).values()} == {"already there"}
    ended(engineer, conn)


def test_what_somebody_has_put_over_a_placeholder_meanwhile_stays(engineer: Engineer) -> None:
    name = NAMES["slack-token"]
    engineer.account.put(name, "{}")
    client = engineer.account.client()
    at_question(
        engineer.account,
        len(SECRETS) + 1,
        lambda: client.put_secret_value(SecretId=name, SecretString="xoxb-somebodys"),
    )

    answer = engineer("--json")

    assert rows_of(answer)[name][0] == "already there"
    assert MEANWHILE in rows_of(answer)[name][1]
    assert engineer.account.secrets()[name] == "xoxb-somebodys"


@pytest.mark.parametrize("kind", KEY_VALUES)
def test_a_key_that_lost_to_another_ones_imprint_is_not_written(
    engineer: Engineer, conn: Conn, kind: str
) -> None:
    name = NAMES[kind.replace("_", "-")]
    engineer.account.put(name, "{}")
    at_question(
        engineer.account,
        len(SECRETS) + 1,
        lambda: accept(conn, READ[kind](KEY_VALUES[kind])),
    )

    answer = engineer()

    assert answer.code == 1
    assert engineer.account.secrets()[name] == "{}"
    assert f"IDEXX_SYNC_{kind.upper()}: it is another one" in answer.err


def test_a_key_whose_writing_fails_leaves_no_imprint(engineer: Engineer, conn: Conn) -> None:
    engineer.account.put(NAMES["local-key"], "{}")
    engineer.account.refuses["put_secret_value"] = refusal("AccessDeniedException")

    assert engineer().code == 5

    assert query(conn, "SELECT 1 FROM idexx_sync.imprints") == []
    engineer.account.refuses.clear()
    assert engineer().code == 4
    ended(engineer, conn)


def test_who_may_not_alter_a_login_role_is_told_before_anything_is_written(
    engineer: Engineer, conn: Conn, database: str
) -> None:
    engineer(slack_token="")
    conn.execute("ALTER ROLE idexx_sync_staging_upkeep PASSWORD 'another'")
    there = engineer.account.secrets()
    with platform(conn):
        engineer.address = make_url(database, "platform", "made-up-7")
        answer = engineer("--json")
        wrote = engineer.account.secrets()
        conn.execute("GRANT idexx_sync_staging_upkeep TO platform WITH ADMIN OPTION")
        mended = engineer.states()

    assert answer.code == 1
    state, note = rows_of(answer)["idexx_sync_staging_upkeep"]
    assert state == "refused"
    assert "GRANT idexx_sync_staging_upkeep TO platform WITH ADMIN OPTION" in note
    assert wrote == there
    assert (mended[0], mended[1]["idexx_sync_staging_upkeep"]) == (4, "mended")


def test_who_can_not_let_login_roles_into_the_database_is_told_before_anything_is_written(
    engineer: Engineer, conn: Conn, database: str
) -> None:
    name = sql.Identifier(conn.info.dbname)
    conn.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(name))
    try:
        with platform(conn):
            conn.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO platform").format(name))
            engineer.address = make_url(database, "platform", "made-up-7")
            answer = engineer("--json")
            wrote = engineer.account.secrets()
            conn.execute(
                sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
                    name, sql.SQL(", ").join(sql.Identifier(f"idexx_sync_{p}") for p in PARTS)
                )
            )
            made = engineer.states()
    finally:
        for part in PARTS:
            conn.execute(
                sql.SQL("REVOKE CONNECT ON DATABASE {} FROM {}").format(
                    name, sql.Identifier(f"idexx_sync_{part}")
                )
            )
        conn.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO PUBLIC").format(name))

    assert (answer.code, wrote) == (1, {})
    rows = rows_of(answer)
    assert {rows[role][0] for role in ROLES} == {"refused"}
    assert "GRANT CONNECT ON DATABASE" in rows[ROLES[0]][1]
    assert made == (4, dict.fromkeys([*NAMES.values(), *ROLES], "made"))


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--account", "999999999999"), 1, "--account says 999999999999, and"),
        (("--account", "123456789012", "--region", "eu-west-1"), 1, "--region says eu-west-1, and"),
        (("--account", "123"), 2, "an AWS account is 12 digits"),
        (("--yes",), 2, "nobody is asked here: give the AWS account that is meant"),
    ],
)
def test_another_account_or_region_than_the_one_that_is_meant_is_refused(
    engineer: Engineer, conn: Conn, words: tuple[str, ...], code: int, says: str
) -> None:
    engineer.meant = ("--local-database",)

    answer = engineer(*words)

    assert answer.code == code
    assert says in answer.err
    assert engineer.account.secrets() == {}
    assert query(conn, "SELECT 1 FROM pg_roles WHERE rolname = ANY(%s)", (ROLES,)) == []


def test_on_a_terminal_it_shows_where_it_would_write_and_asks(
    engineer: Engineer, conn: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_terminal(engineer, monkeypatch)

    refused = engineer(stdin=Terminal("no\n"))

    assert refused.code == 1
    question = (
        "Make what staging lacks in AWS account 123456789012, us-west-2, and in the database "
        f"{conn.info.dbname} at {conn.info.host}? [y/N]"
    )
    assert question in refused.err
    assert engineer.account.secrets() == {}
    assert engineer(stdin=Terminal("yes\n")).code == 4
    ended(engineer, conn)
    again = engineer(stdin=Terminal())
    assert (again.code, "[y/N]" in again.err) == (4, False)
