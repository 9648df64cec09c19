"""A machine with a secret of its own changes nothing in the service's database."""

import json
from dataclasses import replace

import pytest
from pydantic import SecretStr

from idexx_sync.cli.exits import Exit
from tests.kit.bench import Bench
from tests.kit.command_line import CommandLine
from tests.kit.database import query
from tests.kit.records import visits
from tests.kit.settings import (
    FINGERPRINT_KEY,
    LOCAL_KEY,
    PEPPER,
    make_key_settings,
    make_settings,
    random_key,
)

OTHER = SecretStr(random_key())
VALUES = {"local_key": LOCAL_KEY, "fingerprint_key": FINGERPRINT_KEY, "pepper": PEPPER}
TYPED = json.dumps({"company_id": "1", "username": "sync", "password": "Correct-Horse-1"})
MADE = {
    "local_key": "SELECT count(*) FROM idexx_sync.credentials",
    "fingerprint_key": "SELECT count(*) FROM idexx_sync.jobs",
    "pepper": "SELECT count(*) FROM public.clinic_api_keys",
}
"""Secret -> what a command makes with it."""
SECRETS = tuple(VALUES)


def on(laptop: CommandLine, secret: str, *values: SecretStr) -> CommandLine:
    """The command line on a machine where the secret is set so, the one that makes new ones
    first."""
    text = SecretStr(" ".join(value.get_secret_value() for value in values))
    url = laptop.settings.database_url.get_secret_value()
    made = replace(laptop)
    if secret == "pepper":
        made.key_settings = make_key_settings(url, pepper=text)
    else:
        made.settings = make_settings(url, **{secret: text})
    return made


def use(idexx_sync: CommandLine, bench: Bench, secret: str) -> tuple[int, str]:
    """Make something with the secret: exit code, and what was said."""
    words: tuple[object, ...]
    match secret:
        case "local_key":
            words, typed = ("credentials", "set", "--stdin"), TYPED
        case "pepper":
            words, typed = ("keys", "create", "--name", "night shift"), ""
        case _:
            words, typed = ("sync", "inbound"), ""
    answer = idexx_sync(*words, "--clinic", bench.clinic_id, stdin=typed)
    return answer.code, answer.err


def number(bench: Bench, secret: str) -> int:
    return int(query(bench.conn, MADE[secret])[0]["count"])


@pytest.mark.parametrize("secret", SECRETS)
def test_another_secret_than_the_databases_is_refused_by_name_before_anything_is_written(
    bench: Bench, idexx_sync: CommandLine, secret: str
) -> None:
    assert use(idexx_sync, bench, secret)[0] == Exit.OK
    made = number(bench, secret)

    for values in ((OTHER,), (OTHER, VALUES[secret])):
        if secret == "local_key" and len(values) == 2:
            continue  # there is only ever one
        code, said = use(on(idexx_sync, secret, *values), bench, secret)

        assert code == Exit.FAILED
        assert f"IDEXX_SYNC_{secret.upper()}: it is another one" in said
        assert f"idexx-sync secrets accept {secret}" in said
        assert not any(value.get_secret_value() in said for value in values)
    assert number(bench, secret) == made
    assert use(idexx_sync, bench, secret)[0] == Exit.OK


@pytest.mark.parametrize("command", [("sync", "inbound", "--dry-run"), ("credentials", "test")])
def test_what_only_looks_decides_for_no_database_which_key_is_right(
    bench: Bench, idexx_sync: CommandLine, command: tuple[str, ...]
) -> None:
    on(idexx_sync, "fingerprint_key", OTHER)(*command, "--clinic", bench.clinic_id)

    assert query(bench.conn, "SELECT * FROM idexx_sync.imprints") == []
    assert bench.sync().status == "succeeded"


def before_imprints(bench: Bench) -> None:
    """As a database is that was used by the release before."""
    bench.conn.execute("DELETE FROM idexx_sync.imprints")


@pytest.mark.parametrize("secret", ["local_key", "fingerprint_key"])
def test_what_is_there_proves_the_right_secret_and_no_other(
    bench: Bench, idexx_sync: CommandLine, secret: str
) -> None:
    bench.pims.records = visits(3)
    bench.sync()
    assert use(idexx_sync, bench, secret)[0] == Exit.OK
    before_imprints(bench)
    made = number(bench, secret)

    code, said = use(on(idexx_sync, secret, OTHER), bench, secret)

    assert (code, number(bench, secret)) == (Exit.FAILED, made)
    assert f"IDEXX_SYNC_{secret.upper()}: nothing shows" in said
    assert use(idexx_sync, bench, secret)[0] == Exit.OK
    assert "another one" in use(on(idexx_sync, secret, OTHER), bench, secret)[1]


def test_keys_prove_no_pepper_so_that_a_person_says_which_it_is(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    assert use(idexx_sync, bench, "pepper")[0] == Exit.OK
    before_imprints(bench)

    for laptop in (idexx_sync, on(idexx_sync, "pepper", OTHER)):
        assert "nothing shows" in use(laptop, bench, "pepper")[1]
    assert idexx_sync("secrets", "accept", "pepper").code == Exit.FAILED
    assert idexx_sync("secrets", "accept", "pepper", "--replace").code == Exit.OK

    assert use(idexx_sync, bench, "pepper")[0] == Exit.OK
    assert use(on(idexx_sync, "pepper", OTHER), bench, "pepper")[0] == Exit.FAILED


@pytest.mark.parametrize("secret", ["fingerprint_key", "pepper"])
def test_a_secret_is_replaced_while_both_are_set(
    bench: Bench, idexx_sync: CommandLine, secret: str
) -> None:
    old = VALUES[secret]
    assert use(idexx_sync, bench, secret)[0] == Exit.OK

    assert idexx_sync("secrets", "accept", secret).code == Exit.OK
    assert on(idexx_sync, secret, OTHER)("secrets", "accept", secret).code == Exit.FAILED
    answer = on(idexx_sync, secret, old, OTHER)("secrets", "accept", secret, "--json")
    assert answer.json == {"secret": secret, "known": 2}

    for values in ((old,), (OTHER, old), (OTHER,)):
        assert use(on(idexx_sync, secret, *values), bench, secret)[0] == Exit.OK
    assert on(idexx_sync, secret, OTHER)("secrets", "accept", secret).code == Exit.OK
    assert use(on(idexx_sync, secret, old), bench, secret)[0] == Exit.FAILED


def test_a_lost_sealing_key_is_replaced_on_purpose_only(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    assert use(idexx_sync, bench, "local_key")[0] == Exit.OK
    laptop = on(idexx_sync, "local_key", OTHER)

    assert laptop("secrets", "accept", "local_key").code == Exit.FAILED
    answer = laptop("secrets", "accept", "local_key", "--replace")

    assert answer.code == Exit.OK
    assert "credentials set" in answer.err
    assert use(laptop, bench, "local_key")[0] == Exit.OK
    assert use(idexx_sync, bench, "local_key")[0] == Exit.FAILED


def test_a_worker_with_another_fingerprint_key_reads_and_writes_nothing(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    assert use(idexx_sync, bench, "fingerprint_key")[0] == Exit.OK
    bench.pims.records = visits(3)
    bench.replace_fingerprint_key()

    job = bench.sync()

    assert (job.status, job.error_kind) == ("failed", "configuration_invalid")
    assert "IDEXX_SYNC_FINGERPRINT_KEY: it is another one" in (job.error_message or "")
    assert query(bench.conn, "SELECT * FROM idexx_sync.records") == []
