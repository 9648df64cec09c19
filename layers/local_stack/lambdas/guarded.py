"""What the emulator runs in place of a handler: it takes events of the adapter only.

The emulator answers whoever reaches its port, a web page included, and can be told no secret. So
the adapter puts its own beside each event.
"""

import os
from typing import Any

from dev_tools.local_callers import is_secret
from local_stack.lambdas.plain import load

NAME = "local_stack.lambdas.guarded.handler"
HANDLER, SECRET = "LOCAL_STACK_HANDLER", "LOCAL_STACK_SECRET"
"""Variables that tell this module, and not the function, whom it stands for and what it asks."""


class Stranger(Exception):
    """The event does not come from the adapter."""


def guarded(handler: Any, secret: str) -> Any:
    """The handler for who knows the secret."""

    def ask(event: Any, context: Any) -> Any:
        if not isinstance(event, dict) or not is_secret(event.get("secret"), secret):
            raise Stranger("not from the adapter")
        return handler(event["event"], context)

    return ask


if HANDLER in os.environ:
    handler = guarded(load(os.environ.pop(HANDLER)), os.environ.pop(SECRET))
