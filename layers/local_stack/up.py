"""`./run up`: the whole service on this machine until Ctrl-C, with what is needed to try it."""

import argparse
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Final

from idexx_sync.cli.app import leave_at_once
from idexx_sync.cli.exits import Exit
from idexx_sync.cli.streams import open_streams
from local_stack.by_hand import described
from local_stack.deploy import DeployFailed
from local_stack.home import HOME, AlreadyRuns, home
from local_stack.postgres import PostgresFailed
from local_stack.servant import DidNotStart
from local_stack.stack import Manner, NotReady, running_stack
from local_stack.stack_clinics import Worlds

PORT: Final = 8700
"""Of the API by default; the simulator's page, the database and the page of messages have the next
ones."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run up", description=__doc__)
    parser.add_argument("--reset", action="store_true", help="forget all data of earlier starts")
    parser.add_argument(
        "--folder", type=Path, default=HOME, metavar="PATH", help="where the data are kept"
    )
    parser.add_argument(
        "--port",
        type=int,
        default=PORT,
        metavar="N",
        help=f"of the API, {PORT} by default; another one is told if somebody else has it",
    )
    options = parser.parse_args(arguments)
    open_streams()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    started = time.monotonic()
    port: int = options.port
    manner = Manner(worlds=Worlds(one_waits=True), ports=(port, port + 1, port + 2, port + 3))
    try:
        with (
            home(options.folder, afresh=options.reset) as place,
            running_stack(place, manner, say=_say) as stack,
        ):
            place.tell(f"{stack.api_url} (process {os.getpid()})")
            _say(f"up after {time.monotonic() - started:.1f} s; logs: {place.logs}")
            if f":{port}/" not in stack.api_url:
                _say(f"port {port} is in use, so the API has the next one: {stack.api_url}")
            print(described(stack), flush=True)
            threading.Event().wait()
    except AlreadyRuns as running:
        print(f"up: it runs already: {running}", file=sys.stderr)
        return Exit.FAILED
    except (OSError, DidNotStart, PostgresFailed, DeployFailed, NotReady) as error:
        print(f"up: it could not start: {error}", file=sys.stderr)
        return Exit.FAILED
    except KeyboardInterrupt:
        print("up: everything is stopped; the data are kept", file=sys.stderr)
        leave_at_once(Exit.OK)
    return Exit.OK


def _say(words: str) -> None:
    print(f"up: {words}", file=sys.stderr, flush=True)


def _leave(_number: int, _frame: FrameType | None) -> None:
    """A polite end is an interrupt too: what runs is stopped on the way out."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
