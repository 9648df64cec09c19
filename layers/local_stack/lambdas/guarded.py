"""What the emulator runs in place of a handler: it takes events of the adapter only.

The emulator answers whoever reaches its port, a web page included, and can be told no secret. So
the adapter puts its own beside each event.
"""

import importlib
import os
from collections.abc import Callable
from typing import Any

from dev_tools.local_callers import is_secret

NAME = "local_stack.lambdas.guarded.handler"
HANDLER, SECRET = "LOCAL_STACK_HANDLER", "LOCAL_STACK_SECRET"
"""Variables that tell this module, and not the function, whom it stands for and what it asks."""


class Stranger(Exception):
    """The event does not come from the adapter."""


Handler = Callable[[Any, Any], Any]


def load(name: str) -> Handler:
    """The handler of this name."""
    module, _, attribute = name.rpartition(".")
    handler: Handler = getattr(importlib.import_module(module), attribute)
    return handler


def guarded(handler: Handler, secret: str) -> Handler:
    """The handler for who knows the secret."""

    def ask(event: Any, context: Any) -> Any:
        if not isinstance(event, dict) or not is_secret(event.get("secret"), secret):
            raise Stranger("not from the adapter")
        return handler(event["event"], context)

    return ask


if HANDLER in os.environ:
    handler = guarded(load(os.environ.pop(HANDLER)), os.environ.pop(SECRET))
