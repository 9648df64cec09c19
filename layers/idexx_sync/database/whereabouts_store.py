"""Which database a process works on, and as whom; never a secret."""

from dataclasses import dataclass

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from idexx_sync.database.connection import Conn


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """A database and a role."""

    host: str
    name: str
    role: str


def named_by(database_url: SecretStr) -> Whereabouts | None:
    """What an address names, without asking anybody; None for what is no address."""
    try:
        found = conninfo_to_dict(database_url.get_secret_value())
    except ProgrammingError:
        return None
    host, name, role = (str(found.get(part) or "?") for part in ("host", "dbname", "user"))
    return Whereabouts(host, name, role)


def whereabouts(conn: Conn) -> Whereabouts:
    """What the database itself says of the connection."""
    row = conn.execute("SELECT current_database(), current_user").fetchone()
    assert row is not None
    name, role = row
    return Whereabouts(conn.info.host, name, role)
