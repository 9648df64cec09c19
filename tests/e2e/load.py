"""How fast the stack is: seconds until it is up, a warm request, 200 requests a second.

`python -m tests.e2e.load [SECONDS]`; figures go to standard output.
"""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import httpx
from rich.console import Console

from local_stack.home import home
from local_stack.lambdas.families import memory_mb
from local_stack.stack import LocalStack, running_stack
from tests.kit.plain_http import NO_TLS
from tests.kit.processes import below

RATE = 200
WARM = 50
SINGLE = 300
PATH = "/api/sync/jobs?limit=5"


@dataclass
class Load:
    """What happened to the requests."""

    took_s: list[float]
    wrong: list[str]


@contextmanager
def a_stack() -> Iterator[LocalStack]:
    with TemporaryDirectory(prefix="idexx-sync-load-") as folder:
        Path(folder).chmod(0o755)
        with home(Path(folder)) as place, running_stack(place) as stack:
            yield stack


def one_by_one(stack: LocalStack, *, warm: int = WARM, single: int = SINGLE) -> list[float]:
    """Seconds of each request but the first `warm` ones, one after the other."""
    headers = {"X-API-Key": stack.clinics.operator_key}
    took = []
    with httpx.Client(verify=NO_TLS, headers=headers, trust_env=False) as http:
        for number in range(warm + single):
            began = time.perf_counter()
            assert http.get(stack.api_url + PATH).status_code == 200
            if number >= warm:
                took.append(time.perf_counter() - began)
    return took


async def at_rate(stack: LocalStack, seconds: float) -> Load:
    """Requests that begin when their time has come, whether or not earlier ones are answered."""
    load = Load([], [])
    headers = {"X-API-Key": stack.clinics.operator_key}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as http:

        async def ask() -> None:
            began = time.perf_counter()
            try:
                async with http.get(stack.api_url + PATH) as answer:
                    text = await answer.text()
                    if answer.status != 200:
                        load.wrong.append(f"{answer.status} {text[:200]}")
            except aiohttp.ClientError as error:
                load.wrong.append(repr(error))
            load.took_s.append(time.perf_counter() - began)

        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(int(RATE * seconds)):
                await asyncio.sleep(max(0, began + number / RATE - time.perf_counter()))
                group.create_task(ask())
    return load


def processes_of(stack: LocalStack) -> int:
    return sum(len(below(pid)) for pid in stack.aws.pids)


def main(seconds: float) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    began = time.monotonic()
    with a_stack() as stack:
        console.print(f"up after {time.monotonic() - began:.1f} s, load {os.getloadavg()[0]:.1f}")
        took = [one * 1000 for one in one_by_one(stack)]
        console.print(f"GET: median {statistics.median(took):.1f} ms, 95 % {_high(took):.1f} ms")
        asyncio.run(at_rate(stack, 5))
        before, memory = processes_of(stack), memory_mb(stack.aws.pids[0], of_interest_mb=1e9)
        load = asyncio.run(at_rate(stack, seconds))
        after = processes_of(stack)
        took = [one * 1000 for one in load.took_s]
        console.print(
            f"{RATE}/s for {seconds:.0f} s: {len(took)} requests, {len(load.wrong)} wrong, "
            f"median {statistics.median(took):.1f} ms, 95 % {_high(took):.1f} ms, "
            f"processes {before} -> {after}, MiniStack {memory:.0f} -> "
            f"{memory_mb(stack.aws.pids[0], of_interest_mb=1e9):.0f} MB, "
            f"load {os.getloadavg()[0]:.1f}"
        )
        for line in load.wrong[:5]:
            console.print(line)


def _high(took: list[float]) -> float:
    return statistics.quantiles(took, n=20)[-1]


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 20)
