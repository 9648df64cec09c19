"""`./run mutants`: changes the code a little, and sees whether a test goes red."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from dev_tools.mutants.judged import judged_in, outdated
from dev_tools.mutants.mutant import Mutant
from dev_tools.mutants.order import Tried
from dev_tools.mutants.report import listed, table, too_many
from dev_tools.mutants.selection import PRODUCT, chosen, files_of, mutants_of, tests_of
from dev_tools.mutants.trial import tried

TWO_CLINICS = ["tests/integration/two_clinics"]
"""The tests that have to notice a statement that forgets whose row it is."""
ROOT = Path(__file__).resolve().parents[3]


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    try:
        paths = asked.path or ([PRODUCT] if asked.clinic else [])
        files = files_of(ROOT, paths)
    except FileNotFoundError as error:
        print(f"there is no {error}", file=sys.stderr)
        return 2
    everything = list(mutants_of(ROOT, files))
    judged = judged_in()
    old = outdated(judged, everything)
    for entry in old:
        print(f"judged.toml names what is not there: {entry.file} {entry.function}: {entry.change}")
    mutants = chosen(
        ROOT, [m for m in everything if _is_wanted(m, asked)], asked.sample, asked.seed
    )
    print(f"{len(mutants)} of {len(everything)} mutants in {len(files)} files", flush=True)
    begun = monotonic()
    usual = TWO_CLINICS if asked.clinic else tests_of(ROOT, files, sql_only=asked.sql)
    tests = asked.tests or usual
    results = list(tried(ROOT, ROOT / ".local" / "mutants", mutants, tests))
    names = {entry.name for entry in judged}
    failed = _told(results, names, is_clinic=asked.clinic)
    print(f"{monotonic() - begun:.0f} s")
    return 1 if failed or old else 0


def _is_wanted(mutant: Mutant, asked: argparse.Namespace) -> bool:
    if asked.clinic:
        return mutant.is_clinic
    return mutant.is_sql or not asked.sql


def _told(results: list[Tried], judged: set[tuple[str, str, str]], *, is_clinic: bool) -> bool:
    """Prints what came of it; True if it is not good enough."""
    print(*table(results, judged), sep="\n")
    bad = 0
    for outcome in ("survived", "not covered", "cut", "invalid"):
        lines = listed(results, judged, outcome)
        bad += len(lines)
        if lines:
            print(f"\n{outcome}:", *lines, sep="\n")
    if is_clinic:
        print(f"\n{bad} statements forget whose row it is, and no test goes red" if bad else "")
        return bool(bad)
    too = too_many(results, judged)
    for group in too:
        print(f"\ntoo many: {group}")
    return bool(too)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./run mutants",
        description="Changes the code a little, once at a time, and runs the tests that run the "
        "changed line: where all stay green, something is unguarded.",
    )
    parser.add_argument(
        "path", nargs="*", help="files or folders; else the packages that decide what is written"
    )
    parser.add_argument("--sample", type=int, metavar="N", help="only so many, chosen by chance")
    parser.add_argument("--seed", type=int, default=1, help="of the chance (1)")
    parser.add_argument("--sql", action="store_true", help="only changes to SQL")
    parser.add_argument(
        "--clinic",
        action="store_true",
        help="only SQL that forgets whose row it is: every such change must be caught",
    )
    parser.add_argument("--tests", nargs="+", metavar="PATH", help="other tests than the usual")
    return parser


if __name__ == "__main__":
    sys.exit(main())
