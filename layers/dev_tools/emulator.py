"""What `./run` puts into `.tools`, and where it is."""

import platform
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".tools"


class NotInstalled(Exception):
    """A tool is missing; the message says what installs it."""


@dataclass(frozen=True)
class Tools:
    """The programs that the simulated AWS needs."""

    ministack_python: Path
    """Of MiniStack's own environment."""
    emulator: Path | None
    """None: Lambda's runtime emulator does not exist for this machine."""


def installed_tools(folder: Path = FOLDER) -> Tools:
    python = folder / "ministack" / "bin" / "python"
    emulator = folder / "emulator" / "aws-lambda-rie"
    if not python.exists() or (emulator_name() and not emulator.exists()):
        raise NotInstalled(
            "the simulated AWS is not installed; any of ./run up, test and demo does"
        )
    return Tools(python, emulator if emulator_name() else None)


def emulator_name() -> str | None:
    """The emulator's file in the package that carries it; None: there is none for this machine."""
    machine = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
    name = machine.get(platform.machine().lower())
    return f"aws-lambda-rie-{name}" if sys.platform == "linux" and name else None


if __name__ == "__main__":
    print(emulator_name() or "")
