"""A wall clock that is wrong, for all of the service in this process that could ask for it."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, tzinfo
from typing import Any
from unittest.mock import patch

_REAL_TIME = time.time


@contextmanager
def wrong_clock(ahead_s: Callable[[], float]) -> Iterator[None]:
    """Within the block the wall clock is so many seconds ahead, or behind; monotonic time is right.

    `datetime` is replaced in the service's own modules, because Python's own can't be changed.
    """

    def seconds() -> float:
        return _REAL_TIME() + ahead_s()

    class Kind(type(datetime)):  # type: ignore[misc]
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, datetime)

    class Wrong(datetime, metaclass=Kind):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.fromtimestamp(seconds(), tz)

        @classmethod
        def utcnow(cls) -> Any:
            return datetime.fromtimestamp(seconds(), UTC).replace(tzinfo=None)

    with ExitStack() as patches:
        patches.enter_context(patch.object(time, "time", seconds))
        for name, module in list(sys.modules.items()):
            if name.startswith("idexx_sync.") and getattr(module, "datetime", None) is datetime:
                patches.enter_context(patch.object(module, "datetime", Wrong))
        yield
