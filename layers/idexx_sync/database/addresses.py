"""Addresses of a database, as somebody else's; none of them is ever told."""

from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from pydantic import SecretStr

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.settings import LOOPBACK

SCHEMES: Final = ("postgresql", "postgres")
_WHOSE: Final = frozenset({"user", "password", "passfile"})
"""Parameters that say what the part before the host says, too."""


def address_as(address: SecretStr, user: str, password: str) -> SecretStr:
    """The address as that user's. Hosts, database and parameters, such as `sslmode`, stay.

    Raises ConfigurationInvalid for what is no URL.
    """
    parts = _parts(address)
    hosts = parts.netloc.rpartition("@")[2]
    query = [one for one in parse_qsl(parts.query) if one[0] not in _WHOSE]
    netloc = f"{quote(user)}:{quote(password, safe='')}@{hosts}"
    return SecretStr(urlunsplit(("postgresql", netloc, parts.path, urlencode(query, safe="/"), "")))


def same_place(one: SecretStr, other: SecretStr) -> bool:
    """Whether both lead to one database, whoever asks."""
    first, second = _parts(one), _parts(other)
    return (first.netloc.rpartition("@")[2], first.path) == (
        second.netloc.rpartition("@")[2],
        second.path,
    )


def user_in(address: SecretStr) -> str:
    return unquote(_parts(address).username or "")


def tenant_in(address: SecretStr, user: str) -> str:
    """What stands in the address behind the name that its user has in the database, as `.TENANT`
    does where a pooler asks for it; empty if nothing does."""
    named = user_in(address)
    return named.removeprefix(user) if named.startswith(f"{user}.") else ""


def password_in(address: SecretStr) -> str:
    return unquote(_parts(address).password or "")


def doubts(address: SecretStr) -> list[str]:
    """What will not do for functions in AWS."""
    parts = _parts(address)
    if (parts.hostname or "") in LOOPBACK:
        return ["it leads to the machine that uses it (loopback), where functions find no Postgres"]
    if dict(parse_qsl(parts.query)).get("sslmode") != "verify-full":
        return ["sslmode is not verify-full, so nobody checks whose Postgres it is"]
    return []


def _parts(address: SecretStr) -> SplitResult:
    try:
        parts = urlsplit(address.get_secret_value().strip())
        if parts.scheme in SCHEMES and parts.netloc.rpartition("@")[2] and parts.path.strip("/"):
            return parts
    except ValueError:  # it quotes a part of the address
        pass
    raise ConfigurationInvalid(
        "DATABASE_URL: write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full",
        code="database_url",
    )
