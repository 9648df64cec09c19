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
from local_stack.home import HOME, AlreadyRuns, home
from local_stack.stack import LocalStack, running_stack

EXAMPLES: Final = """\
What you can paste into another terminal, as the clinic {name}:

  # does it work? (no key needed)
  curl -s {url}/ready

  # copy its calendar now, and wait for the result
  curl -s -X POST {url}/api/sync/inbound \\
    -H 'X-API-Key: {key}' \\
    -H 'Content-Type: application/json' -H 'Prefer: wait=20' -d '{{}}'

  # make its visits cases, with their clinical record
  curl -s -X POST {url}/api/sync/cases \\
    -H 'X-API-Key: {key}' \\
    -H 'Content-Type: application/json' -H 'Prefer: wait=20' -d '{{}}'

  # how current are its data?
  curl -s {url}/api/clinics/{id}/status \\
    -H 'X-API-Key: {key}'
"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run up", description=__doc__)
    parser.add_argument("--reset", action="store_true", help="forget all data of earlier starts")
    parser.add_argument(
        "--folder", type=Path, default=HOME, metavar="PATH", help="where the data are kept"
    )
    options = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    started = time.monotonic()
    try:
        with (
            home(options.folder, afresh=options.reset) as place,
            running_stack(place, say=_say) as stack,
        ):
            place.tell(f"{stack.api_url} (process {os.getpid()})")
            _say(f"up after {time.monotonic() - started:.1f} s; logs: {place.logs}")
            print(described(stack), flush=True)
            threading.Event().wait()
    except AlreadyRuns as running:
        print(f"up: it runs already: {running}", file=sys.stderr)
        return Exit.FAILED
    except KeyboardInterrupt:
        print("up: everything is stopped; the data are kept", file=sys.stderr)
        leave_at_once(Exit.OK)
    return Exit.OK


def described(stack: LocalStack) -> str:
    """Addresses, keys, and four requests."""
    clinic = stack.clinics.members[0]
    facts = {
        "API": stack.api_url,
        "operator key": stack.clinics.operator_key,
        "clinic key": clinic.key,
        "simulated Neo": stack.simulator.admin_url,
    }
    lines = [f"{name + ':':<15}{value}" for name, value in facts.items()]
    examples = EXAMPLES.format(name=clinic.name, url=stack.api_url, key=clinic.key, id=clinic.id)
    return "\n".join([*lines, "", examples])


def _say(words: str) -> None:
    print(f"up: {words}", file=sys.stderr, flush=True)


def _leave(_number: int, _frame: FrameType | None) -> None:
    """A polite end is an interrupt too: what runs is stopped on the way out."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
