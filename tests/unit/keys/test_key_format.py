"""A key's text: its shape, its checksum, its hash."""

import base64
import hashlib
import re
import string
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.keys.format import (
    KEY_PATTERN,
    Peppers,
    checksum,
    generate_key,
    hashed,
    hint_of,
    is_key,
    read_peppers,
)
from tests.kit.paths import ROOT

PRINTABLE = st.sampled_from(string.printable)
STAGES = st.sampled_from(["prod", "test", "staging-2"])
OLD, NEW = (base64.b64encode(bytes([n] * 32)).decode() for n in (1, 2))


def peppers(*texts: str) -> Peppers:
    return read_peppers(SecretStr(" ".join(texts)))


@given(STAGES)
def test_every_new_key_is_one_and_is_found_by_scanners(stage: str) -> None:
    key = generate_key(stage)

    assert is_key(key)
    assert key.startswith("idx_live_" if stage == "prod" else "idx_test_")
    assert [len(part) for part in key.split("_")] == [3, 4, 8, 32, 6]
    for text in (key, f'API_KEY="{key}"', f"https://example.com/?key={key}&x=1", f"{key}\n"):
        assert re.findall(KEY_PATTERN, text) == [key]


def test_no_two_keys_are_alike() -> None:
    assert len({generate_key("prod") for _ in range(1000)}) == 1000


@given(STAGES, st.integers(min_value=0, max_value=56), PRINTABLE)
def test_any_single_changed_character_is_noticed(stage: str, place: int, other: str) -> None:
    key = generate_key(stage)
    changed = key[:place] + other + key[place + 1 :]

    assert is_key(changed) is (changed == key)


@given(st.integers(min_value=0, max_value=57), PRINTABLE)
def test_a_character_too_many_or_too_few_is_noticed(place: int, more: str) -> None:
    key = generate_key("prod")

    assert not is_key(key[:place] + more + key[place:])
    assert not is_key(key[:place] + key[place + 1 :]) or place == len(key)


@given(st.text())
def test_no_other_text_is_a_key(text: str) -> None:
    assert not is_key(text)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "idx_prod_Ab3dE6gH_0123456789ABCDEFGHIJKLMNOPQRSTUV",
        "idx_live_Ab3dE6g_0123456789ABCDEFGHIJKLMNOPQRSTUV",
        "idx_live_Ab3dE6gH_0123456789ABCDEFGHIJKLMNOPQRSTU",
        "idx_live_Ab3dE6gH_0123456789ABCDEFGHIJKLMNOPQRSTUVW",
        "idx_live_Ab3dE6gH_0123456789ABCDEFGHIJKLMNOPQRSTU-",
        "idx_live_Ab3dE6gH_0123456789ABCDEFGHIJKLMNOPQRSTUé",
        "Idx_live_Ab3dE6gH_0123456789ABCDEFGHIJKLMNOPQRSTUV",
        " idx_live_Ab3dE6gH_0123456789ABCDEFGHIJKLMNOPQRSTUV",
    ],
)
def test_a_right_checksum_makes_no_key_of_another_shape(body: str) -> None:
    assert not is_key(f"{body}_{checksum(body)}")


def test_a_key_of_another_stage_is_not_made_by_changing_its_beginning() -> None:
    assert not is_key(generate_key("prod").replace("live", "test"))


@given(st.text(alphabet=string.ascii_letters + "_"))
def test_the_checksum_is_a_crc_32_in_base62(body: str) -> None:
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
    value = 0
    for character in checksum(body):
        value = value * 62 + digits.index(character)

    assert value == zlib.crc32(body.encode())
    assert len(checksum(body)) == 6


def test_the_checksum_never_changes_its_mind() -> None:
    """Keys that were given out must stay keys."""
    assert checksum("") == "000000"
    assert is_key("idx_live_Ab3dE6gH_0123456789ABCDEFGHIJKLMNOPQRSTUV_08rj3H")


def test_the_documentation_shows_a_key_and_the_very_expression() -> None:
    text = (ROOT / "docs" / "keys.md").read_text()

    assert KEY_PATTERN in text.splitlines()
    assert [is_key(key) for key in re.findall(KEY_PATTERN, text)] == [True]


def test_a_hint_shows_the_beginning_and_the_last_four_characters() -> None:
    key = "idx_live_Ab3dE6gH_0123456789ABCDEFGHIJKLMNOPQRSTUV_1Gx9Qz"

    assert hint_of(key) == "idx_live_Ab3dE6gH…x9Qz"


def test_a_hash_is_hmac_sha256_with_each_pepper_the_current_one_first() -> None:
    key = generate_key("prod")

    def by_hand(pepper: str) -> str:
        """RFC 2104, for a pepper shorter than a block."""
        block = base64.b64decode(pepper).ljust(64, b"\0")
        inner = hashlib.sha256(bytes(b ^ 0x36 for b in block) + key.encode()).digest()
        return hashlib.sha256(bytes(b ^ 0x5C for b in block) + inner).hexdigest()

    assert hashed(key, peppers(NEW)) == [by_hand(NEW)]
    assert hashed(key, peppers(NEW, OLD)) == [by_hand(NEW), by_hand(OLD)]
    assert hashed(key, peppers(NEW)) == hashed(key, peppers(f" {NEW}\n"))


@pytest.mark.parametrize(
    "setting",
    [
        "",
        " ",
        "not base64!",
        base64.b64encode(bytes(31)).decode(),
        base64.b64encode(bytes(33)).decode(),
        f"{NEW} short",
        f"{NEW} {OLD} {NEW}",
        f"{NEW},{OLD}",
        "ä" * 44,
    ],
)
def test_a_wrong_pepper_is_refused_by_name_and_never_shown(setting: str) -> None:
    with pytest.raises(ConfigurationInvalid, match="IDEXX_SYNC_PEPPER must be") as raised:
        read_peppers(SecretStr(setting))

    assert not setting.strip() or setting not in str(raised.value)
    assert raised.value.__cause__ is None


def test_peppers_do_not_show_themselves() -> None:
    assert repr(peppers(NEW, OLD)) == "Peppers()"
