"""Finds a headless Chromium that starts on this machine, for `./run`.

In this order: the path that is set, Playwright's own, the distribution's headless shell, its
Chromium. A browser counts only if it starts: a downloaded one may lack shared libraries.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

VARIABLE = "IDEXX_SYNC_CHROMIUM_PATH"
EXECUTABLES = ("chrome-headless-shell", "headless_shell", "chrome", "Chromium")
NONE_FOUND = 3


def playwright_package() -> Path | None:
    """The folder of Playwright's driver, found without importing it (that takes 0.3 s)."""
    spec = find_spec("playwright")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "driver" / "package"


def playwright_cache(environ: Mapping[str, str], package: Path) -> Path:
    """Where Playwright keeps downloaded browsers."""
    configured = environ.get("PLAYWRIGHT_BROWSERS_PATH", "")
    if configured == "0":
        return package / ".local-browsers"
    if configured:
        return Path(configured)
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "ms-playwright"
    return Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "ms-playwright"


def playwright_browsers(environ: Mapping[str, str], package: Path | None) -> Iterator[Path]:
    """The executables of the very builds that this Playwright would use."""
    if package is None or not (package / "browsers.json").is_file():
        return
    browsers = json.loads((package / "browsers.json").read_text())["browsers"]
    revisions = {browser["name"]: browser["revision"] for browser in browsers}
    cache = playwright_cache(environ, package)
    for name in ("chromium-headless-shell", "chromium"):
        folder = cache / f"{name.replace('-', '_')}-{revisions.get(name)}"
        for executable in EXECUTABLES:
            yield from sorted(folder.glob(f"**/{executable}"))


def starts(executable: Path) -> bool:
    """Whether the program and the libraries it needs are all here."""
    try:
        answer = subprocess.run(
            [executable, "--version"], capture_output=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def find_chromium(environ: Mapping[str, str], package: Path | None) -> Path | None:
    """The first browser that starts; a path that was set is taken or refused, never replaced."""
    if configured := environ.get(VARIABLE):
        path = Path(configured)
        if not starts(path):
            reason = "cannot be started" if path.exists() else "does not exist"
            raise ValueError(f"{VARIABLE} is set to {path}, which {reason}")
        return path
    search_path = environ.get("PATH", "")
    installed = (shutil.which(n, path=search_path) for n in ("chromium-headless-shell", "chromium"))
    candidates = [*playwright_browsers(environ, package), *(Path(p) for p in installed if p)]
    return next(filter(starts, candidates), None)


def main() -> int:
    try:
        found = find_chromium(os.environ, playwright_package())
    except ValueError as error:
        print(f"run: {error}", file=sys.stderr)
        return 1
    if found is None:
        return NONE_FOUND
    print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
