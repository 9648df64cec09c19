"""Addresses of a database, as somebody else's; none of them is ever told."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from pydantic import SecretStr

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.settings import LOOPBACK

SCHEMES: Final = ("postgresql", "postgres")
USUAL_PORT: Final = "5432"
WHOSE: Final = frozenset({"user", "password"})
"""Parameters that say what the part before the host says, too."""
OF_THE_PLACE: Final = frozenset(
    {
        *("sslmode", "sslnegotiation", "sslsni", "ssl_min_protocol_version"),
        *("ssl_max_protocol_version", "channel_binding", "gssencmode", "require_auth"),
        *("target_session_attrs", "load_balance_hosts", "connect_timeout", "application_name"),
        *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
        *("tcp_user_timeout",),
    }
)
"""Parameters that hold for whoever asks from wherever. All others are one person's or one
machine's: a certificate and its key, a file of passwords, a service, an address that was looked
up."""
OF_THE_LOGIN: Final = frozenset({"passfile", "sslcert", "sslkey", "sslpassword", "hostaddr"})
"""Parameters by which somebody gets in from one machine."""
OPTIONS: Final = frozenset(
    {
        *("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"),
        *("idle_session_timeout", "transaction_timeout"),
        *("endpoint", "project", "reference"),
    }
)
"""Settings in `options` that hold for whoever asks; the last ones say to a hosting platform which
database is meant. None says who somebody is, or what may be done."""
CERTIFICATES: Final = "/etc/ssl/certs/"
"""Where the image has certificates."""


@dataclass(frozen=True, slots=True)
class Place:
    hosts: tuple[tuple[str, str], ...]
    """Host and port of each."""
    database: str


def address_as(address: SecretStr, user: str, password: str) -> SecretStr:
    """The address as that user's. Hosts, database and the parameters that belong to them, such as
    `sslmode`, stay.

    Raises ConfigurationInvalid for what is no URL.
    """
    return _with(address, f"{quote(user, safe='')}:{quote(password, safe='')}", ())


def address_kept(address: SecretStr) -> SecretStr:
    """What `address_as` keeps, with whatever its own user gets in by from this machine."""
    more = [one for one in _parameters(_parts(address)) if one[0] in OF_THE_LOGIN | WHOSE]
    return _with(address, _parts(address).netloc.rpartition("@")[0], more)


def dropped(address: SecretStr) -> list[str]:
    """The names of the parameters that `address_as` leaves out."""
    names = {one[0] for one in _parameters(_parts(address)) if not _belongs(*one)}
    return sorted(names - WHOSE)


def same_place(one: SecretStr, other: SecretStr) -> bool:
    """Whether both lead to one database, whoever asks."""
    return place_in(one) == place_in(other)


def place_in(address: SecretStr) -> Place:
    parts = _parts(address)
    return Place(_hosts(parts), unquote(parts.path.removeprefix("/")))


def _hosts(parts: SplitResult) -> tuple[tuple[str, str], ...]:
    found = []
    for one in parts.netloc.rpartition("@")[2].split(","):
        host, _, port = one.rpartition(":") if re.search(r":\d*$", one) else (one, "", "")
        name = unquote(host).lower().removeprefix("[").removesuffix("]").removesuffix(".")
        found.append((name, port or USUAL_PORT))
    return tuple(found)


def user_in(address: SecretStr) -> str:
    return _who(_parts(address))[0]


def tenant_in(address: SecretStr, user: str) -> str:
    """What stands in the address behind the name that its user has in the database, as `.TENANT`
    does where a pooler asks for it; empty if nothing does."""
    named = user_in(address)
    return named.removeprefix(user) if named.startswith(f"{user}.") else ""


def password_in(address: SecretStr) -> str:
    return _who(_parts(address))[1]


def _who(parts: SplitResult) -> tuple[str, str]:
    """User and password; what is said as a parameter counts."""
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    said = dict(_parameters(parts))
    return said.get("user", unquote(user)), said.get("password", unquote(password))


def is_loopback(address: SecretStr) -> bool:
    """Whether it leads to the machine that uses it."""
    parts = _parts(address)
    looked_up = dict(_parameters(parts)).get("hostaddr", "").split(",")
    hosts = [host for host, _ in _hosts(parts)] + [one for one in looked_up if one]
    return any(map(_is_of_this_machine, hosts))


def _is_of_this_machine(host: str) -> bool:
    if host in LOOPBACK or host.endswith(".localhost") or host.startswith(("/", "@")):
        return True
    return bool(re.fullmatch(r"0|0\.0\.0\.0|::|0*(:0*)*:0*1|(::ffff:)?127\.[0-9.]+", host))


def doubts(address: SecretStr) -> list[str]:
    """What will not do for functions in AWS."""
    if is_loopback(address):
        return ["it leads to the machine that uses it (loopback), where functions find no Postgres"]
    found = dict(_parameters(_parts(address)))
    if found.get("sslmode") != "verify-full":
        return ["sslmode is not verify-full, so nobody checks whose Postgres it is"]
    if (root := found.get("sslrootcert")) is None:
        return [
            "no sslrootcert is named, so each function looks for one in a home that it does not "
            "have; sslrootcert=system takes those of the image"
        ]
    if root != "system":
        return ["sslrootcert is a file, which the image has to have; sslrootcert=system is there"]
    return []


def _with(address: SecretStr, who: str, more: Iterable[tuple[str, str]]) -> SecretStr:
    parts = _parts(address)
    kept = [one for one in _parameters(parts) if _belongs(*one)]
    netloc = f"{who}@{parts.netloc.rpartition('@')[2]}"
    query = "&".join(
        f"{quote(name, safe='')}={quote(value, safe='/')}" for name, value in (*kept, *more)
    )
    return SecretStr(urlunsplit(("postgresql", netloc, parts.path, query, "")))


def _belongs(name: str, value: str) -> bool:
    """Whether the parameter belongs to the place, and to nobody in particular."""
    match name:
        case "options":
            return _names_no_role(value)
        case "sslrootcert":
            return value == "system" or value.startswith(CERTIFICATES)
        case _:
            return name in OF_THE_PLACE


def _names_no_role(options: str) -> bool:
    """Only what is understood to the end is known to name none."""
    if "\\" in options:
        return False
    settings = re.sub(r"(^|\s)(?:-c\s*|--)(?=\S)", r"\1", options).split()
    return all(
        "=" in one and one.partition("=")[0].lower().replace("-", "_") in OPTIONS
        for one in settings
    )


def _parameters(parts: SplitResult) -> list[tuple[str, str]]:
    """As the driver reads them: a plus is a plus."""
    pairs = (one.partition("=") for one in parts.query.split("&") if one)
    return [(unquote(name), unquote(value)) for name, _, value in pairs]


def _parts(address: SecretStr) -> SplitResult:
    try:
        parts = urlsplit(address.get_secret_value().strip())
        if parts.scheme in SCHEMES and parts.netloc.rpartition("@")[2] and parts.path.strip("/"):
            named = {one[0] for one in _parameters(parts)} & {"host", "port", "dbname"}
            if not named:
                return parts
    except ValueError:  # it quotes a part of the address
        pass
    raise _unreadable()


def _unreadable() -> ConfigurationInvalid:
    return ConfigurationInvalid(
        "DATABASE_URL: write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full",
        code="database_url",
    )
