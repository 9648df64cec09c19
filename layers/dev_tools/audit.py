"""Known vulnerabilities of all that the lock files pin, as public databases know them.

`python -m dev_tools.audit PIP_AUDIT`. Exit codes: 0 every package was looked up and nothing is
known of it; 1 something is known, whatever else could not be asked; 3 not audited: nothing is
known, and of at least one package nobody could be asked.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

DATABASES: Final = ("osv", "pypi")
"""As pip-audit calls them; the second one is asked where the first can't be reached."""
LOCKS: Final = ("dev", "ministack", "emulator", "uv", "audit")
"""Of `requirements/`; dev.txt holds the others whole, the image's base.txt among them."""
FOUND, NOT_AUDITED = 1, 3
_SPEAKS_WITHIN_S: Final = 10
_LONGEST_S: Final = 600

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Audit:
    """What a database said of one lock file."""

    known: tuple[str, ...]
    """Vulnerabilities, a line each."""
    clear: int
    """Packages that were looked up and have none."""
    unknown: tuple[str, ...]
    """Packages that could not be looked up."""


def read(answer: Answer) -> Audit:
    """What pip-audit's JSON says. A package that it skipped was not looked up, whatever its own
    summary says: it calls that no known vulnerability."""
    known, unknown, clear = [], [], 0
    for package in answer["dependencies"]:
        name, found = package["name"], package.get("vulns")
        if found is None:
            unknown.append(name)
        elif not found:
            clear += 1
        else:
            known += [f"{name} {package['version']}: {_described(one)}" for one in found]
    return Audit(tuple(known), clear, tuple(unknown))


def _described(vulnerability: Mapping[str, Any]) -> str:
    ids = ", ".join([vulnerability["id"], *vulnerability.get("aliases", ())])
    fixed = ", ".join(vulnerability.get("fix_versions", ())) or "no version yet"
    return f"{ids}; corrected in {fixed}"


def audit(
    locks: Sequence[Path], ask: Callable[[str, Path], Answer | None], say: Callable[[str], None]
) -> int:
    """Looks each lock file up in the first database that answers, and gives the exit code.

    `ask` gives a database's answer about a lock file, None where there is none. What is known of a
    lock file is said before the next one is looked up, so that no failure can hide it.
    """
    found = {lock.name: _looked_up(lock, ask, say) for lock in locks}
    if left := ", ".join(name for name, result in found.items() if result is None):
        say(
            "NOT AUDITED: no vulnerability database can be reached from here, so nothing is known "
            f"of what is pinned by {left}; try again where one can be"
        )
    if any(result is not None and result.known for result in found.values()):
        return FOUND
    return NOT_AUDITED if any(one is None or one.unknown for one in found.values()) else 0


def _looked_up(
    lock: Path, ask: Callable[[str, Path], Answer | None], say: Callable[[str], None]
) -> Audit | None:
    for database in DATABASES:
        if (answer := ask(database, lock)) is not None:
            result = read(answer)
            if result.clear or result.known:
                _tell(database, lock.name, result, say)
                return result
        say(f"{database}: no usable answer about {lock.name}")
    return None


def _tell(database: str, lock: str, result: Audit, say: Callable[[str], None]) -> None:
    say(f"{lock}: {result.clear} packages without known vulnerabilities ({database})")
    for line in result.known:
        say(f"  VULNERABLE {line}")
    for name in result.unknown:
        say(f"  NOT AUDITED {name}: the database does not know it")


def asking(pip_audit: str) -> Callable[[str, Path], Answer | None]:
    """Asks by pip-audit, which needs no pip where every package has hashes."""

    def ask(database: str, lock: Path) -> Answer | None:
        command = [pip_audit, "--vulnerability-service", database, "--requirement", str(lock)]
        command += ["--require-hashes", "--disable-pip", "--format", "json"]
        command += ["--progress-spinner", "off", "--timeout", str(_SPEAKS_WITHIN_S)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=_LONGEST_S
            )
            answer: Answer = json.loads(done.stdout)
        except (subprocess.TimeoutExpired, ValueError):
            return None
        return answer

    return ask


if __name__ == "__main__":
    wanted = [Path("requirements", f"{name}.txt") for name in LOCKS]
    sys.exit(audit(wanted, asking(sys.argv[1]), lambda words: print(words, flush=True)))
