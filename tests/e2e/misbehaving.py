"""A handler that does what the event tells it to, mostly wrong things."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    todo = event.get("do", "raise")
    if todo == "time out":  # and leave behind what has a group of its own, as a browser has
        command = [sys.executable, "-c", "import time; time.sleep(600)", event["mark"]]
        subprocess.Popen(command, start_new_session=True)
        time.sleep(60)
    if todo == "be killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if todo == "eat memory":
        eaten = []
        while True:
            eaten.append(b"x" * 20_000_000)
            time.sleep(0.02)
    if todo == "take turns":
        path = Path(event["path"])
        with path.open("a") as file:
            file.write(f"begin {event['number']}\n")
        time.sleep(0.5)
        with path.open("a") as file:
            file.write(f"end {event['number']}\n")
        return {}
    raise RuntimeError("as told")
