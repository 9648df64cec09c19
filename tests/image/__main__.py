"""`./run image test`: builds the image, then starts every function in what was built.

The deployed template, a simulated AWS, a simulated Neo and a real Postgres around them; within,
the image's own Python, libraries and Chromium, as another user, with a read-only root. Figures go
to standard output. With --full 30 runs with a login instead of 5. Exit code 0 only if all holds.
"""

import argparse
import os
import sys

import pytest

from dev_tools.image.__main__ import build_and_report
from dev_tools.image.unpacked import why_not_here
from tests.image.figures import RUNS
from tests.kit.paths import ROOT


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="./run image test", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("--full", action="store_true", help="30 runs with a login, not 5")
    options = parser.parse_args(arguments)
    if reason := why_not_here():
        parser.exit(1, f"image: its functions can't be started on this machine: {reason}\n")
    if not build_and_report():
        return 1
    os.environ[RUNS] = "30" if options.full else "5"
    # Another pattern of names: the other tests' command does not find these.
    own = ["-o", "python_files=trial_*.py", "-p", "no:cacheprovider", "-q"]
    return int(pytest.main([*own, str(ROOT / "tests" / "image")]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
