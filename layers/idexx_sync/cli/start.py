"""The console script `idexx-sync`: an interrupt is quiet even while the program is being loaded."""

import sys


def main() -> None:
    """Load the command line and run it."""
    try:
        from idexx_sync.cli import app  # takes a while

        app.main()
    except KeyboardInterrupt:
        print("idexx-sync: interrupted", file=sys.stderr)  # noqa: T201 nothing is loaded yet
        sys.exit(130)
