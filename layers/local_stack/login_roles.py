"""The login roles of a deployment, one for each role of ours: here, and for tests."""

from collections.abc import Mapping
from typing import Final

from psycopg import Connection
from pydantic import SecretStr

from idexx_sync.core.deployments import PARTS, DatabasePart
from idexx_sync.database.addresses import address_as
from idexx_sync.database.login_role_store import login_role, make_login_role

STAGE: Final = "local"
Role = DatabasePart
ROLES: Final = PARTS


def make_login_roles(conn: Connection, passwords: Mapping[Role, str]) -> None:
    """Make them, or give them these passwords; what they are members of, migrations have made."""
    for role in ROLES:
        make_login_role(conn, STAGE, role, passwords[role])


def as_login_role(url: str, role: Role, password: str) -> str:
    """The address of a database, whoever's it was, as it is that role's."""
    return address_as(SecretStr(url), login_role(STAGE, role), password).get_secret_value()
