"""Lambda: apply this service's migrations, before the functions that need them change."""

from typing import Any

from idexx_sync.core.logs import logger, quiet_drivers
from idexx_sync.core.settings import DatabaseSettings, load
from idexx_sync.core.words import own_errors_only
from idexx_sync.database import migrations
from idexx_sync.database.connection import connect
from idexx_sync.database.schema import refuse_unfit
from idexx_sync.database.waits import unhurried


def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Names of the migrations applied, none if the database was up to date.

    Every error leaves the handler, so that the deployment that invokes it stops.
    """
    return own_errors_only(_migrate)


def _migrate() -> dict[str, Any]:
    quiet_drivers()
    with connect(load(DatabaseSettings).database_url, unhurried()) as conn:
        refuse_unfit(conn)
        applied = migrations.apply(conn)
    logger().info("migrations applied", migrations=applied)
    return {"applied": applied}
