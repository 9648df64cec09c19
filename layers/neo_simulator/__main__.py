"""`python -m neo_simulator`: a local IDEXX Neo in a process of its own."""

import argparse
import asyncio
import sys

from neo_simulator.server import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="neo_simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="of the Neo side; 0: any free one")
    parser.add_argument("--admin-port", type=int, default=0, help="0: any free one")
    parser.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="end when standard input ends, so that no parent leaves this process behind",
    )
    given = parser.parse_args()
    try:
        asyncio.run(
            serve(given.port, given.admin_port, until_stdin_closes=given.until_stdin_closes)
        )
    except OSError as error:  # such as a port that another program has
        sys.exit(f"neo_simulator: {error.strerror}; name another port, or none for a free one")


if __name__ == "__main__":
    main()
