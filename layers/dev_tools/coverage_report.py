"""Prints the coverage of the product after `./run test`, and fails below the floor.

Branches are there only where they were measured, by `./run test --branches`.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from coverage import Coverage

FLOOR = 85.0
"""Per cent of all that was measured; the plan asks for 70."""


def totals(coverage: Coverage) -> dict[str, float]:
    with TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        coverage.json_report(outfile=str(report))
        figures: dict[str, float] = json.loads(report.read_text())["totals"]
    return figures


def summary(figures: dict[str, float]) -> str:
    """Lines, and branches if there are any: `lines 91.0 % (182 of 200), branches …`."""

    def share(covered: str, of: str) -> str:
        part, whole = figures[covered], figures[of]
        return f"{100 * part / whole if whole else 100:.1f} % ({part:.0f} of {whole:.0f})"

    lines = f"lines {share('covered_lines', 'num_statements')}"
    if "num_branches" not in figures:
        return lines
    return f"{lines}, branches {share('covered_branches', 'num_branches')}"


def main() -> int:
    coverage = Coverage()
    coverage.load()
    together = coverage.report(file=sys.stdout)
    enough = together >= FLOOR
    print(f"Coverage of the product: {summary(totals(coverage))}.")
    print(f"Together {together:.1f} %; the floor is {FLOOR:.0f} %: {'ok' if enough else 'FAILED'}.")
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
