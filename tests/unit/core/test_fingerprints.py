"""Fingerprints tell whether a value has changed, with the key that made them, and nothing else."""

import base64
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.fingerprints import NO_KEYS, Fingerprints, read_fingerprint_keys

CLINIC, OTHER = UUID(int=1), UUID(int=2)
keys = st.binary(min_size=32, max_size=32).map(lambda key: base64.b64encode(key).decode())
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


def under(*setting: str, clinic: UUID = CLINIC) -> Fingerprints:
    return Fingerprints(read_fingerprint_keys(SecretStr(" ".join(setting))), clinic)


@given(key=keys, value=values, other=values)
def test_a_fingerprint_is_of_its_value_only(key: str, value: object, other: object) -> None:
    remembered = under(key).of(value)

    assert under(key).is_of(remembered, value) is True
    assert under(key).is_of(remembered, [value, other]) is False


@given(key=keys, another=keys, value=values)
def test_another_keys_fingerprint_tells_nothing(key: str, another: str, value: object) -> None:
    remembered = under(key).of(value)

    expected = True if key == another else None
    assert under(another).is_of(remembered, value) is expected


def test_while_the_key_is_replaced_the_old_one_is_known() -> None:
    old, new = KEYS[:2]
    remembered = under(old).of("TANGO")

    both = under(new, old)

    assert both.is_of(remembered, "TANGO") is True
    assert both.is_of(remembered, "BRUNO") is False
    assert under(new).is_of(both.of("TANGO"), "TANGO") is True
    assert under(old).is_of(both.of("TANGO"), "TANGO") is None


@pytest.mark.parametrize("remembered", ["", "mHk5o0fWqXv1u2c3d4e5fg", "0123abcd:", "é:x"])
def test_what_names_no_key_tells_nothing(remembered: str) -> None:
    """Fingerprints of the release before named none."""
    assert under(KEYS[0]).is_of(remembered, "TANGO") is None


def test_without_keys_every_stored_fingerprint_tells_nothing() -> None:
    assert Fingerprints(NO_KEYS, CLINIC).is_of(under(KEYS[0]).of("TANGO"), "TANGO") is None
    assert under(KEYS[0]).is_of(Fingerprints(NO_KEYS, CLINIC).of("TANGO"), "TANGO") is None


def test_the_form_of_values_does_not_matter() -> None:
    of = under(KEYS[0]).of

    assert of({"a": 1, "b": 2}) == of({"b": 2, "a": 1})
    assert of(("TANGO", None)) == of(["TANGO", None])
    assert of(("TANGO", None)) != of(("TANGO", ""))


def test_the_clinic_is_part_of_it() -> None:
    assert under(KEYS[0]).of("TANGO") != under(KEYS[0], clinic=OTHER).of("TANGO")


def test_the_id_is_the_keys_own_and_shows_none_of_it() -> None:
    """Nobody gives ids, so that nobody can give one to two keys."""
    ids = {under(key).of("TANGO").partition(":")[0] for key in KEYS}

    assert len(ids) == len(KEYS)
    assert not any(base64.b64decode(key).hex().startswith(one) for key in KEYS for one in ids)


@pytest.mark.parametrize(
    "setting",
    ["", "not base64!", "c2hvcnQ=", "{0} c2hvcnQ=", "{0} {0}", "{0} {1} {2}"],
    ids=["empty", "no base64", "short", "second short", "twice the same", "three"],
)
def test_a_wrong_key_says_how_to_make_one(setting: str) -> None:
    with pytest.raises(ConfigurationInvalid, match="openssl rand") as raised:
        under(setting.format(*KEYS))

    assert not any(key in str(raised.value) for key in KEYS)


def test_keys_are_never_shown() -> None:
    assert KEYS[0] not in repr(under(KEYS[0]))
    assert repr(base64.b64decode(KEYS[0])) not in repr(under(KEYS[0]))


KEYS = [base64.b64encode(bytes(range(first, first + 32))).decode() for first in (0, 32, 64)]
