"""An address as somebody else's: what belongs to the place stays, what is one person's does not."""

from urllib.parse import quote

import pytest
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.database.addresses import (
    Place,
    address_as,
    address_kept,
    doubts,
    dropped,
    is_loopback,
    password_in,
    place_in,
    same_place,
    tenant_in,
    user_in,
)

PLACE = "db.example.com:6543/odis?sslmode=verify-full&sslrootcert=system"
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
        "sslrootcert": "system",
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


OF_A_LAPTOP = {
    "passfile": "/home/quoted-secret/.pgpass",
    "sslcert": "/home/quoted-secret/me.crt",
    "sslkey": "/home/quoted-secret/me.key",
    "sslpassword": "quoted-secret",
    "sslrootcert": "/home/quoted-secret/ca.crt",
    "service": "quoted-secret",
    "hostaddr": "192.0.2.7",
    "options": "-c role=quoted-secret",
}


@pytest.mark.parametrize("name", OF_A_LAPTOP)
def test_what_is_one_persons_or_one_machines_is_left_out_and_named(name: str) -> None:
    given = make_address("db.example.com/odis?sslmode=verify-full", **{name: OF_A_LAPTOP[name]})

    made = address_as(given, "sync_worker", "made-up").get_secret_value()

    assert conninfo_to_dict(made).keys() == {"user", "password", "host", "dbname", "sslmode"}
    assert dropped(given) == [name]


@pytest.mark.parametrize(
    "options",
    [
        "-crole=x",
        "-c ROLE=x",
        "--role=x",
        "-c session_authorization=x",
        "--session-authorization=x",
        r"-c ro\le=x",
        "-c statement_timeout=5000 -c role=x",
        "-c statement_timeout=5000 role",
        "-c default_transaction_read_only=on",
        "-c",
        "role x",
    ],
)
def test_options_that_say_who_somebody_is_or_are_not_understood_are_left_out(options: str) -> None:
    assert dropped(make_address("db.example.com/odis", options=options)) == ["options"]


@pytest.mark.parametrize(
    "options",
    ["-c statement_timeout=5000", "-cstatement_timeout=5000 --lock-timeout=1s", "endpoint=ep-1"],
)
def test_a_blank_stays_one_that_the_driver_reads(options: str) -> None:
    given = make_address("db.example.com/odis", options=options, application_name="a+b c&d")

    made = address_as(given, "sync_worker", "made-up").get_secret_value()

    assert dropped(given) == []
    assert conninfo_to_dict(made)["options"] == options
    assert conninfo_to_dict(made)["application_name"] == "a+b c&d"


def test_who_gets_in_by_a_file_of_this_machine_still_does_with_what_is_kept() -> None:
    given = make_address("db.example.com/odis", **OF_A_LAPTOP)

    kept = conninfo_to_dict(address_kept(given).get_secret_value())

    assert kept.keys() == {
        *("user", "password", "host", "dbname"),
        *("passfile", "sslcert", "sslkey", "sslpassword", "hostaddr"),
    }
    assert (kept["user"], kept["password"]) == ("postgres", "made-up")


def make_address(place: str, **parameters: str) -> SecretStr:
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
    return SecretStr(f"postgresql://postgres:made-up@{place}{'&' if '?' in place else '?'}{query}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("db.example.com/odis", "db.example.com:5432/odis"),
        ("DB.example.com./odis", "db.example.com/odis?sslmode=require"),
        ("a,b/odis", "a:5432,b:5432/odis"),
    ],
)
def test_what_is_written_in_two_ways_is_one_place(one: str, other: str) -> None:
    assert same_place(SecretStr(f"postgresql://x@{one}"), SecretStr(f"postgres://y:z@{other}"))


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://a%40b:c%3Ad+e@DB.example.com.:6543/od%2Fis",
        "postgres://a@[2001:db8::1]:6543/odis",
        "postgresql://a:b:c@[2001:db8::1]/odis",
        "postgresql://a:b@one,two:6543,three:/odis",
        "postgresql://a:b@db.example.com/odis?user=c%20+&password=d%26",
        "postgresql://db.example.com:/odis",
    ],
)
def test_an_address_is_read_as_the_driver_reads_it(address: str) -> None:
    given = SecretStr(address)
    found = conninfo_to_dict(given.get_secret_value())
    ports = str(found.get("port") or "").split(",")
    hosts = [host.lower().removesuffix(".") for host in str(found["host"]).split(",")]

    assert place_in(given) == Place(
        tuple((host, port or "5432") for host, port in zip(hosts, ports, strict=True)),
        str(found["dbname"]),
    )
    assert user_in(given) == found.get("user", "")
    assert password_in(given) == found.get("password", "")


@pytest.mark.parametrize(
    ("place", "is_one"),
    [
        ("127.0.0.1/odis", True),
        ("127.8.0.1:6543/odis", True),
        ("127.1/odis", True),
        ("0.0.0.0/odis", True),
        ("LOCALHOST./odis", True),
        ("db.localhost/odis", True),
        ("[0:0:0:0:0:0:0:1]/odis", True),
        ("[::ffff:127.0.0.1]/odis", True),
        ("%2Ftmp/odis", True),
        ("db.example.com,localhost/odis", True),
        ("db.example.com/odis?hostaddr=127.0.0.1", True),
        ("db.example.com/odis", False),
        ("localhost.example.com/odis", False),
        ("[2001:db8::1]/odis", False),
        ("10.0.0.1/odis", False),
    ],
)
def test_what_leads_to_this_machine(place: str, is_one: bool) -> None:
    assert is_loopback(SecretStr(f"postgresql://postgres:made-up@{place}")) == is_one


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
        ("db.example.com/odis?sslmode=verify-full", "no sslrootcert is named"),
        (
            "db.example.com/odis?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca.crt",
            "sslrootcert is a file",
        ),
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
        "postgresql://postgres:quoted-secret@db.example.com/odis?host=localhost",
        "postgresql://postgres:quoted-secret@db.example.com/odis?dbname=another",
    ],
)
def test_what_is_no_url_is_refused_without_being_quoted(given: str) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        address_as(SecretStr(given), "sync_worker", "made-up")

    assert "quoted-secret" not in str(refused.value)
    assert refused.value.__context__ is None
