"""A worker process of its own: `python -m tests.bench.worker_process CLINIC_ID RUNS`.

Imports the handler as Lambda does, runs it so many times, and says as its last line how long each
run took and how much memory the process ever had.
"""

import json
import sys
import time
from pathlib import Path

from functions.inbound_sync.handler import worker


def main() -> None:
    clinic_id, runs = sys.argv[1], int(sys.argv[2])
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        answer = worker({"v": 1, "clinic_id": clinic_id, "trigger": "api"}, None)
        seconds.append(time.perf_counter() - started)
        if answer["status"] != "succeeded":
            raise SystemExit(f"the run did not succeed: {answer}")
    said = {"seconds": seconds, "peak_mb": peak_mb(), "playwright": "playwright" in sys.modules}
    sys.stdout.write(json.dumps(said) + "\n")


def peak_mb() -> float:
    """The most this process had in memory; unlike getrusage's, without what its parent had."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system does not say how much memory a process had")


if __name__ == "__main__":
    main()
