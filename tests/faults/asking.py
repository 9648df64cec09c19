"""The API of a rig's database, as an operator calls it."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from idexx_sync.api.handler import ApiDependencies, api_handler
from idexx_sync.api.status import status_operations
from idexx_sync.core.vocabulary import SCOPES
from idexx_sync.database.connection import Database
from idexx_sync.keys.authorizer import AuthorizerDependencies, authorizer
from idexx_sync.keys.format import read_peppers
from idexx_sync.keys.store import create_key
from tests.faults.clinic import FaultClinic
from tests.kit.api import Invocations
from tests.kit.database import as_role
from tests.kit.gateway import Gateway
from tests.kit.settings import PEPPER


@contextmanager
def calling(clinic: FaultClinic) -> Iterator[Gateway]:
    """With an operator's key, for the time of the block."""
    url, peppers = clinic.rig.url, read_peppers(PEPPER)
    theirs, ours = (Database(SecretStr(as_role(url, role))) for role in ("authorizer", "api"))
    made = create_key(
        clinic.conn,
        peppers,
        clinic_id=None,
        scopes=SCOPES,
        name="a test",
        stage="test",
        now=clinic.now,
    )
    dependencies = ApiDependencies(ours, Invocations())
    handler = api_handler("status", status_operations(), lambda: dependencies)
    doorkeeper = authorizer(lambda: AuthorizerDependencies(theirs, peppers))
    key = made.text.get_secret_value()
    try:
        yield Gateway({"status": handler}, doorkeeper, lambda: clinic.now, key)
    finally:
        ours.close()
        theirs.close()
