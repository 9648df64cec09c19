"""Lambda: log in to a clinic's Neo for a worker that has no browser, and do nothing else.

It knows no secret but those of the one order that it works on, and its role may write its log.
"""

from typing import Any

from idexx_sync.core.words import own_errors_only
from idexx_sync.pims.neo.login.on_order import log_in_on_order


def handler(event: object, context: Any) -> dict[str, Any]:
    """How the login ended, or that it broke off, and whether anything may have left us.

    Raises ConfigurationInvalid for an event that is no order, in none of its words.
    """
    return own_errors_only(lambda: log_in_on_order(event, context))
