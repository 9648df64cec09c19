"""What an execution environment of the stack is, seen from outside by /proc."""

import os
from pathlib import Path

import psutil

from local_stack.stack import LocalStack


def python_of(stack: LocalStack, function: str) -> int:
    """The process id of the function's Python; it has one execution environment."""
    (slot,) = stack.aws.slots()[f"idexx-sync-local-{function}"]
    found = [
        one.pid
        for one in [psutil.Process(slot), *psutil.Process(slot).children(recursive=True)]
        if "awslambdaric" in one.cmdline() and Path(one.exe()).name.startswith("python")
    ]
    assert len(found) == 1, found
    return found[0]


def family_of(stack: LocalStack, function: str) -> list[str]:
    """Names of all processes of the function's execution environments, those that only wait to be
    buried included."""
    return sorted(
        one.name()
        for slot in stack.aws.slots()[f"idexx-sync-local-{function}"]
        for one in [psutil.Process(slot), *psutil.Process(slot).children(recursive=True)]
    )


def status_of(pid: int) -> dict[str, list[str]]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.split() for name, _, value in (line.partition(":") for line in lines)}


def mounts_of(pid: int) -> dict[str, set[str]]:
    """Where something is mounted -> its options."""
    lines = Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
    return {line.split()[4]: set(line.split()[5].split(",")) for line in lines}


def written_in_tmp(pid: int) -> int:
    """Bytes below the process's /tmp."""
    root = f"/proc/{pid}/root/tmp"
    return sum(
        Path(folder, name).lstat().st_blocks * 512
        for folder, _, names in os.walk(root)
        for name in names
    )
