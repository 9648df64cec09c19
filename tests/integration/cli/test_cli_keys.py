"""`idexx-sync keys`."""

from datetime import timedelta
from uuid import uuid4

import pytest

from idexx_sync.core.vocabulary import CLINIC_SCOPES
from idexx_sync.keys.format import hashed, is_key, read_peppers
from idexx_sync.keys.lookup import find_key
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic
from tests.kit.command_line import CommandLine
from tests.kit.database import query
from tests.kit.settings import PEPPER, make_key_settings

ALL_OF_A_CLINIC = sorted(CLINIC_SCOPES)


def create(idexx_sync: CommandLine, bench: Bench, *more: object) -> str:
    """The id of a new key of the bench's clinic."""
    words = ("keys", "create", "--clinic", bench.clinic_id, "--name", "night shift", *more)
    answer = idexx_sync(*words, "--json")
    assert answer.code == 0, answer.err
    return str(answer.json["key"]["id"])


def works(bench: Bench, text: str) -> bool:
    found = find_key(bench.conn, hashed(text, read_peppers(PEPPER)))
    return found is not None and found.state == "valid"


def test_a_new_key_stands_alone_on_standard_output_this_once(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    words = ("keys", "create", "--clinic", bench.clinic_id, "--name", " night shift ")

    answer = idexx_sync(*words, width=40)

    text = answer.out.removesuffix("\n")
    assert answer.code == 0
    assert is_key(text)
    assert works(bench, text)
    assert "shown only now" in answer.err
    assert text not in answer.err
    for later in (("keys", "list"), ("keys", "list", "--json")):
        shown = idexx_sync(*later)
        assert text[18:50] not in shown.out + shown.err


def test_a_clinics_key_may_do_all_that_a_clinic_may(bench: Bench, idexx_sync: CommandLine) -> None:
    words = ("keys", "create", "--clinic", bench.clinic_id, "--name", " night shift ", "--json")

    answer = idexx_sync(*words)

    text = answer.json["key"].pop("text")
    (listed,) = idexx_sync("keys", "list", "--json").json["keys"]
    assert listed == {
        "id": listed["id"],
        "hint": f"{text[:17]}…{text[-4:]}",
        "name": "night shift",
        "clinic_id": str(bench.clinic_id),
        "operator": False,
        "scopes": ALL_OF_A_CLINIC,
        "state": "valid",
        "created_at": "2026-05-04T14:00:00.000+00:00",
        "expires_at": None,
        "last_used_at": None,
        "revoked_at": None,
        "replaced_by": None,
    }
    assert text.startswith("idx_test_")
    assert "shown only now" in answer.err


def test_scopes_and_an_end_can_be_given(bench: Bench, idexx_sync: CommandLine) -> None:
    more = ("--scope", "jobs:read", "--scope", "holds:read", "--expires-in", 30)

    create(idexx_sync, bench, *more)

    (key,) = idexx_sync("keys", "list", "--json").json["keys"]
    assert key["scopes"] == ["holds:read", "jobs:read"]
    assert key["expires_at"] == "2026-06-03T14:00:00.000+00:00"


def test_in_production_keys_begin_with_live(bench: Bench, idexx_sync: CommandLine) -> None:
    idexx_sync.key_settings = make_key_settings(bench.url, stage="prod")
    words = ("keys", "create", "--operator", "--scope", "sync:reconciliation", "--name", "nightly")

    answer = idexx_sync(*words)

    assert answer.code == 0
    assert answer.out.startswith("idx_live_")


WRONG = [
    (["--name", "x"], "'--clinic': give either --clinic with a clinic's name or id, or"),
    (["--name", "x", "--operator", "CLINIC"], "'--clinic': give either --clinic"),
    (["CLINIC"], "'--name'"),
    (["CLINIC", "--name", " "], "'--name': 1 to 100 printable characters"),
    (["CLINIC", "--name", "x", "--scope", "jobs"], "'--scope': 'jobs' is none of"),
    (
        ["CLINIC", "--name", "x", "--scope", "sync:reconciliation"],
        "'--scope': sync:reconciliation is for operators' keys only; leave it out, or make",
    ),
    (["--operator", "--name", "x"], "'--scope': a key needs at least one of sync:inbound"),
    (["CLINIC", "--name", "x", "--expires-in", "0"], "'--expires-in'"),
    (["CLINIC", "--name", "x", "--expires-in", "soon"], "'--expires-in'"),
    (["--clinic", " ", "--name", "x"], "'--clinic'"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=lambda value: " ".join(value)[:50])
def test_wrong_input_is_refused_by_name(
    bench: Bench, idexx_sync: CommandLine, words: list[str], said: str
) -> None:
    given = [part for word in words for part in holder(bench, word)]

    answer = idexx_sync("keys", "create", *given)

    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert query(bench.conn, "SELECT 1 FROM clinic_api_keys") == []


def holder(bench: Bench, word: str) -> list[str]:
    return ["--clinic", str(bench.clinic_id)] if word == "CLINIC" else [word]


def test_a_pepper_that_is_wrong_is_named(bench: Bench, idexx_sync: CommandLine) -> None:
    idexx_sync.key_settings = make_key_settings(bench.url, pepper="dG9vIHNob3J0")
    words = ("keys", "create", "--clinic", bench.clinic_id, "--name", "x")

    answer = idexx_sync(*words)

    assert (answer.code, answer.out) == (1, "")
    assert "IDEXX_SYNC_PEPPER must be the base64 of 32 random bytes" in answer.err


def test_unknown_ids_are_no_usage_errors(bench: Bench, idexx_sync: CommandLine) -> None:
    for words, said in (
        (("keys", "create", "--name", "x", "--clinic", uuid4()), "there is no clinic"),
        (("keys", "list", "--clinic", uuid4()), "there is no clinic"),
        (("keys", "revoke", uuid4()), "there is no key"),
        (("keys", "rotate", uuid4()), "there is no key"),
    ):
        answer = idexx_sync(*words)
        assert (answer.code, answer.out) == (1, ""), words
        assert said in answer.err


def test_the_list_tells_which_keys_work_and_of_whom_they_are(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    assert idexx_sync("keys", "list").out == "There are no keys.\n"
    first = create(idexx_sync, bench, "--expires-in", 1, "--scope", "jobs:read")
    bench.later(5)
    other = add_clinic(bench.conn)
    idexx_sync("keys", "create", "--clinic", other, "--name", "other")
    idexx_sync("keys", "create", "--operator", "--scope", "metrics:read", "--name", "watch")
    bench.conn.execute("UPDATE clinic_api_keys SET last_used_at = %s", (bench.now,))
    bench.later(60 * 24)

    def listed(*words: object) -> list[tuple[str, str]]:
        keys = idexx_sync("keys", "list", *words, "--json").json["keys"]
        return [(key["name"], key["state"]) for key in keys]

    assert sorted(listed()) == [
        ("night shift", "expired"),
        ("other", "valid"),
        ("watch", "valid"),
    ]
    assert listed("--clinic", bench.clinic_id) == [("night shift", "expired")]
    assert listed("--operator") == [("watch", "valid")]
    shown = idexx_sync("keys", "list", "--clinic", bench.clinic_id, width=300).out
    assert first in shown
    assert "may jobs:read, made 2026-05-04 07:00 PDT, last used 2026-05-04 07:05 PDT, " in shown
    assert "ends 2026-05-05 07:00 PDT" in shown
    both = idexx_sync("keys", "list", "--clinic", other, "--operator")
    assert (both.code, both.out) == (2, "")


def test_rotating_shows_the_new_key_and_lets_the_old_one_work_for_a_day(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    words = ("keys", "create", "--clinic", bench.clinic_id, "--name", "x", "--json")
    old = idexx_sync(*words).json["key"]

    answer = idexx_sync("keys", "rotate", old["id"])

    new = answer.out.removesuffix("\n")
    assert answer.code == 0
    assert "shown only now" in answer.err
    assert f"The old key {old['id']} works until 2026-05-05 14:00 UTC" in answer.err
    assert works(bench, old["text"])
    bench.later(24 * 60)
    assert not works(bench, old["text"])
    assert works(bench, new)
    again = idexx_sync("keys", "rotate", old["id"], "--json")
    assert again.code == 1
    assert "was rotated already" in again.json["error"]["message"]


def test_the_overlap_can_be_none(bench: Bench, idexx_sync: CommandLine) -> None:
    key_id = create(idexx_sync, bench)

    answer = idexx_sync("keys", "rotate", key_id, "--overlap-hours", 0, "--expires-in", 7, "--json")

    new, old = idexx_sync("keys", "list", "--json").json["keys"]
    if old["state"] == "valid":  # made at one moment, they are listed by id
        new, old = old, new
    assert (old["id"], old["state"]) == (key_id, "expired")
    assert old["replaced_by"] == new["id"] == answer.json["key"]["id"]
    assert new["expires_at"] == "2026-05-11T14:00:00.000+00:00"
    assert f"replaced by {new['id']}" in idexx_sync("keys", "list").out


def test_revoking_twice_is_revoking_once(bench: Bench, idexx_sync: CommandLine) -> None:
    key_id = create(idexx_sync, bench)

    first = idexx_sync("keys", "revoke", key_id)
    bench.now += timedelta(hours=1)
    again = idexx_sync("keys", "revoke", key_id, "--json")

    assert (first.code, again.code) == (0, 0)
    assert first.out == f"Key {key_id} is revoked since 2026-05-04 14:00 UTC.\n"
    assert "60 s" in first.err
    assert (again.json["key"]["state"], again.json["key"]["revoked_at"]) == (
        "revoked",
        "2026-05-04T14:00:00.000+00:00",
    )
    assert "revoked 2026-05-04 07:00 PDT" in idexx_sync("keys", "list").out
