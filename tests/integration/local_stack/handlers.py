"""Handlers for the tests of slots."""

import os
import subprocess
import sys
import time
from typing import Any

CALLS: list[Any] = []


def tell(event: Any, context: Any) -> dict[str, Any]:
    CALLS.append(event)
    return {
        "event": event,
        "pid": os.getpid(),
        "calls": len(CALLS),
        "left_ms": context.get_remaining_time_in_millis(),
        "environment": dict(os.environ),
    }


def wait(event: Any, _context: Any) -> dict[str, Any]:
    time.sleep(event)
    return {"pid": os.getpid()}


def refuse(event: Any, _context: Any) -> None:
    CALLS.append(event)
    raise ValueError(f"call {len(CALLS)}")


def leave(_event: Any, _context: Any) -> None:
    os._exit(3)


def hang_with_a_child(event: str, _context: Any) -> None:
    """The child has a group of its own, as a browser has."""
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)", event], start_new_session=True
    )
    child.wait()


def eat(_event: Any, _context: Any) -> None:
    eaten = []
    while True:
        eaten.append(b"x" * 20_000_000)
        time.sleep(0.02)
