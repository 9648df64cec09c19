"""Whether the distribution's Chromium can be driven by this Playwright, by their versions.

`python browser_fits.py VERSION` runs while the image is built, where no browser can be started:
a build may be emulated. `./run image test` starts it in earnest.
"""

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

MOST_APART: Final = 12
"""Major versions, about a year: farther apart no pair has been tried."""


def expected_by_playwright() -> str:
    """The version of the headless shell that the installed Playwright was made for."""
    spec = find_spec("playwright")
    if spec is None or spec.origin is None:
        raise SystemExit("browser_fits: Playwright is not installed")
    listed = Path(spec.origin).parent / "driver" / "package" / "browsers.json"
    browsers = json.loads(listed.read_text())["browsers"]
    versions = [one["browserVersion"] for one in browsers if one["name"] == "chromium"]
    return str(versions[0])


def verdict(installed: str, expected: str) -> str:
    """One line that names both. Raises SystemExit, which says what to do, if they don't fit."""
    apart = int(installed.split(".")[0]) - int(expected.split(".")[0])
    told = f"Chromium {installed} is driven by a Playwright made for {expected}"
    if abs(apart) > MOST_APART:
        older = "Playwright (./run lock --upgrade)" if apart > 0 else "the base image (BASE_IMAGE)"
        raise SystemExit(
            f"browser_fits: {told}, {abs(apart)} major versions apart; at most {MOST_APART} are "
            f"known to work: raise {older}"
        )
    return told


if __name__ == "__main__":
    print(verdict(sys.argv[1], expected_by_playwright()))
