"""An address as somebody else's: who asks is replaced, and nothing else."""

import pytest
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.database.addresses import (
    address_as,
    doubts,
    password_in,
    same_place,
    tenant_in,
    user_in,
)

PLACE = "db.example.com:6543/odis?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca.crt"
FULL = SecretStr(f"postgresql://postgres:made%40up@{PLACE}")


@pytest.mark.parametrize(
    "given",
    [
        f"postgresql://postgres:made%40up@{PLACE}",
        f"postgres://postgres:made-up@{PLACE}",
        f"postgresql://{PLACE}",
        f"postgresql://{PLACE}&user=postgres&password=made-up",
    ],
)
def test_only_user_and_password_are_replaced(given: str) -> None:
    made = address_as(SecretStr(given), "sync_worker", "a b/c@d:e%")

    assert conninfo_to_dict(made.get_secret_value()) == {
        "user": "sync_worker",
        "password": "a b/c@d:e%",
        "host": "db.example.com",
        "port": "6543",
        "dbname": "odis",
        "sslmode": "verify-full",
        "sslrootcert": "/etc/ssl/certs/ca.crt",
    }
    assert (user_in(made), password_in(made)) == ("sync_worker", "a b/c@d:e%")
    assert same_place(made, FULL)


@pytest.mark.parametrize(
    ("user", "named", "tenant"),
    [
        ("postgres", "postgres", ""),
        ("postgres.abcd", "postgres", ".abcd"),
        ("first.last", "first.last", ""),
        ("postgres", "other", ""),
        ("postgresql.abcd", "postgres", ""),
    ],
)
def test_a_poolers_tenant_is_what_the_database_does_not_know(
    user: str, named: str, tenant: str
) -> None:
    address = SecretStr(f"postgresql://{user}:made-up@{PLACE}")

    assert tenant_in(address, named) == tenant


@pytest.mark.parametrize(
    "other", [PLACE.replace("odis", "another"), PLACE.replace("6543", "5432"), f"x.{PLACE}"]
)
def test_another_host_port_or_database_is_another_place(other: str) -> None:
    assert not same_place(FULL, SecretStr(f"postgresql://postgres:made-up@{other}"))


@pytest.mark.parametrize(
    ("place", "says"),
    [
        (PLACE, None),
        ("127.0.0.1:5432/odis?sslmode=verify-full", "loopback"),
        ("localhost/odis", "loopback"),
        ("[::1]:5432/odis", "loopback"),
        ("db.example.com/odis", "sslmode is not verify-full"),
        ("db.example.com/odis?sslmode=require", "sslmode is not verify-full"),
    ],
)
def test_what_will_not_do_in_aws_is_said(place: str, says: str | None) -> None:
    said = doubts(SecretStr(f"postgresql://postgres:made-up@{place}"))

    assert len(said) == (says is not None)
    assert says is None or says in said[0]


@pytest.mark.parametrize(
    "given",
    [
        "",
        "host=db.example.com user=postgres password=quoted-secret",
        "https://postgres:quoted-secret@db.example.com/odis",
        "postgresql://postgres:quoted-secret@db.example.com",
        "postgresql://postgres:quoted-secret@/odis",
        "postgresql://postgres:quoted-secret@[::1/odis",
    ],
)
def test_what_is_no_url_is_refused_without_being_quoted(given: str) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        address_as(SecretStr(given), "sync_worker", "made-up")

    assert "quoted-secret" not in str(refused.value)
    assert refused.value.__context__ is None
