"""Which sources are being deployed."""

import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
UNKNOWN: Final = "unknown"
_DESCRIBE: Final = ("git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def commit_of(folder: Path = ROOT) -> str:
    """The commit of a checkout, with `-dirty` if its files differ; `unknown` of anything else."""
    try:
        said = subprocess.run(_DESCRIBE, cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN
    return said.stdout.strip()
