"""`./run faults`: every fault that the real world is known to produce, at every point."""

import sys

from tests.faults.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
