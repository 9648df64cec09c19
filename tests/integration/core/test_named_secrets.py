"""Settings whose values are secrets that the environment only names."""

import os
import subprocess
import sys
from collections.abc import Iterator
from time import monotonic
from typing import Any

import boto3
import pytest
from moto import mock_aws

from idexx_sync.core import named_secrets
from idexx_sync.core.errors import ConfigurationInvalid, SecretUnreadable
from idexx_sync.core.settings import ApiSettings, DatabaseSettings, KeySettings, Settings, load
from tests.kit.hostile_http import hostile_site

DATABASE_URL = "postgresql://sync:made-up@db.example.com/odis"
PEPPER = "a made-up pepper"
LOCAL_KEY = "a made-up local key"
FINGERPRINT_KEY = "a made-up fingerprint key"
NAMES = {
    "IDEXX_SYNC_DATABASE_SECRET": ("test/database", DATABASE_URL),
    "IDEXX_SYNC_PEPPER_SECRET": ("test/pepper", PEPPER),
    "IDEXX_SYNC_LOCAL_KEY_SECRET": ("test/local-key", LOCAL_KEY),
    "IDEXX_SYNC_FINGERPRINT_KEY_SECRET": ("test/fingerprint-key", FINGERPRINT_KEY),
}


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment as Lambda gives it, with none of our own variables."""
    for name in os.environ:
        if name.startswith(("IDEXX_SYNC_", "DATABASE_URL", "AWS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    return monkeypatch


@pytest.fixture
def secrets(environ: pytest.MonkeyPatch) -> Iterator[Any]:
    """Secrets Manager with the four secrets, and their names in the environment."""
    with mock_aws():
        client = boto3.client("secretsmanager")
        for variable, (name, value) in NAMES.items():
            client.create_secret(Name=name, SecretString=value)
            environ.setenv(variable, name)
        yield client


@pytest.fixture
def asked(secrets: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which secrets have been asked for."""
    names: list[str] = []

    class Counting:
        def get_secret_value(self, **request: str) -> Any:
            names.append(request["SecretId"])
            return secrets.get_secret_value(**request)

    monkeypatch.setattr(named_secrets, "_client", Counting)
    return names


def test_named_secrets_are_read_once_each(asked: list[str]) -> None:
    keys, worker = load(KeySettings), load(Settings)

    assert keys.database_url.get_secret_value() == DATABASE_URL
    assert keys.pepper.get_secret_value() == PEPPER
    assert worker.local_key.get_secret_value() == LOCAL_KEY
    assert worker.fingerprint_key.get_secret_value() == FINGERPRINT_KEY
    of_worker = ["test/database", "test/local-key", "test/fingerprint-key"]
    assert asked == ["test/database", "test/pepper", *of_worker]


def test_only_what_the_settings_have_is_asked_for(
    environ: pytest.MonkeyPatch, asked: list[str]
) -> None:
    environ.setenv("IDEXX_SYNC_WORKER_FUNCTIONS", "{}")

    load(ApiSettings)
    load(DatabaseSettings)

    assert asked == ["test/database", "test/database"]


def test_a_plain_variable_comes_first_and_an_empty_one_is_none(
    environ: pytest.MonkeyPatch, asked: list[str]
) -> None:
    environ.setenv("DATABASE_URL", "postgresql://other")
    environ.setenv("IDEXX_SYNC_PEPPER", "")

    keys = load(KeySettings)

    assert keys.database_url.get_secret_value() == "postgresql://other"
    assert keys.pepper.get_secret_value() == PEPPER
    assert asked == ["test/pepper"]


def test_what_is_given_by_hand_is_not_asked_for(asked: list[str]) -> None:
    keys: dict[str, Any] = {"local_key": LOCAL_KEY, "fingerprint_key": FINGERPRINT_KEY}
    Settings(**{"DATABASE_URL": DATABASE_URL, **keys})

    assert asked == []


def test_a_value_that_is_neither_given_nor_named_is_missing(
    environ: pytest.MonkeyPatch, secrets: Any
) -> None:
    environ.setenv("IDEXX_SYNC_PEPPER_SECRET", "")

    with pytest.raises(
        ConfigurationInvalid, match="IDEXX_SYNC_PEPPER: missing, and IDEXX_SYNC_PEPPER_SECRET "
    ):
        load(KeySettings)


@pytest.mark.parametrize("variable", NAMES)
def test_a_secret_that_does_not_exist_is_named_by_its_variable(
    environ: pytest.MonkeyPatch, secrets: Any, variable: str
) -> None:
    environ.setenv(variable, "postgresql://sync:made-up@host/pasted-here-by-mistake")

    with pytest.raises(
        SecretUnreadable, match=f"^{variable}: there is no such .*; make it and let"
    ) as raised:
        load(KeySettings if "PEPPER" in variable else Settings)

    assert (raised.value.code, raised.value.retryable) == ("secret", True)
    assert "made-up" not in str(raised.value)


@pytest.mark.parametrize("value", [{"SecretString": "  \n"}, {"SecretBinary": b"made-up"}])
def test_a_secret_without_text_is_named_by_its_variable(
    secrets: Any, value: dict[str, Any]
) -> None:
    secrets.delete_secret(SecretId="test/pepper", ForceDeleteWithoutRecovery=True)
    secrets.create_secret(Name="test/pepper", **value)

    with pytest.raises(
        ConfigurationInvalid, match=r"^IDEXX_SYNC_PEPPER_SECRET: .*holds no text; put"
    ):
        load(KeySettings)


def test_a_secret_about_to_be_deleted_is_none(secrets: Any) -> None:
    secrets.delete_secret(SecretId="test/pepper")

    with pytest.raises(ConfigurationInvalid, match=r"^IDEXX_SYNC_PEPPER_SECRET: there is no such"):
        load(KeySettings)


def test_an_unreachable_secrets_manager_is_named_and_may_be_tried_again(
    environ: pytest.MonkeyPatch,
) -> None:
    environ.setenv("IDEXX_SYNC_DATABASE_SECRET", "test/database")
    environ.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    environ.setattr(named_secrets, "TRIES", 1)

    with pytest.raises(
        SecretUnreadable, match=r"^IDEXX_SYNC_DATABASE_SECRET: .*Endpoint.*; see that"
    ) as it:
        load(DatabaseSettings)

    assert isinstance(it.value, ConfigurationInvalid)
    assert (it.value.kind, it.value.retryable) == ("configuration_invalid", True)


def test_r27_an_answer_that_drips_in_is_given_up_in_time(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("IDEXX_SYNC_DATABASE_SECRET", "test/database")
    environ.setenv("IDEXX_SYNC_PEPPER_SECRET", "test/pepper")
    environ.setattr(named_secrets, "LONGEST_S", 0.3)
    with hostile_site() as origin:
        environ.setenv("AWS_ENDPOINT_URL", f"{origin}/drip/body?")
        began = monotonic()
        with pytest.raises(SecretUnreadable, match=r"SECRET: .*TimeoutError.*; see that"):
            load(KeySettings)
        assert monotonic() - began < 3


def test_no_value_is_shown_by_settings(secrets: Any) -> None:
    shown = repr(load(KeySettings)) + str(load(Settings))

    assert [value for _, value in NAMES.values() if value in shown] == []


def test_boto3_is_not_loaded_where_the_plain_variables_are_set(
    environ: pytest.MonkeyPatch,
) -> None:
    script = (
        "import sys; from idexx_sync.core.settings import load_key_settings; load_key_settings(); "
        "print('botocore' in sys.modules)"
    )
    environ.setenv("DATABASE_URL", DATABASE_URL)
    environ.setenv("IDEXX_SYNC_PEPPER", PEPPER)
    environ.setenv("IDEXX_SYNC_PEPPER_SECRET", "test/pepper")

    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout

    assert said.strip() == "False"
