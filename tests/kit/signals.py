"""A program's signals, tried in this process: who handled them before does so afterwards."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

POLITE: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""How a terminal, a service manager and a closed window end a program."""


class Left(Exception):
    """Instead of the end of this process; the one argument is the code it would have left with."""


def leave(code: int) -> NoReturn:
    """Takes the place of a program's own way to end its process."""
    raise Left(code)


@contextmanager
def handlers_restored() -> Iterator[None]:
    """Whatever handlers a program sets within the block are gone after it."""
    before = {number: signal.getsignal(number) for number in POLITE}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
