"""A delaying proxy in a process of its own, so that its work is not counted as the measured one's.

`python -m tests.bench.delays` reads a URL and a delay in seconds from its first line of input and
says the URL that leads through it.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.kit.proxy import counting_proxy


@contextmanager
def delayed(url: str, round_trip_s: float) -> Iterator[str]:
    """A URL of the same server whose round trips take so much longer; no delay needs no proxy."""
    if not round_trip_s:
        yield url
        return
    with subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([url, round_trip_s]) + "\n")
        process.stdin.flush()
        yield process.stdout.readline().strip()
        process.stdin.close()


def main() -> None:
    url, round_trip_s = json.loads(sys.stdin.readline())
    with counting_proxy(url, round_trip_s) as (_, through):
        sys.stdout.write(f"{through}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
