"""What came of the mutants, as a table and a list."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from dev_tools.mutants.order import Outcome, Tried

MOST_SURVIVE: Final = 0.08
"""Of those tried in one of the packages that decide."""
THAT_DECIDE: Final = ("syncs", "jobs", "keys", "pims/access")
NOT_PROVEN: Final[frozenset[Outcome]] = frozenset({"not covered", "cut", "invalid"})
"""Of what came out so nobody knows whether a test tells it."""
_PRODUCT: Final = "layers/idexx_sync/"

Name = tuple[str, str, str]


def package_of(path: str) -> str:
    """How the table calls the part of the product to which a file belongs."""
    inner = path.removeprefix(_PRODUCT)
    if inner.startswith("pims/access"):
        return "pims/access"
    return "/".join(inner.split("/")[:-1]) or inner


def group_of(path: str) -> str:
    """The part whose survivors are counted together."""
    package = package_of(path)
    return package if package in THAT_DECIDE else package.split("/")[0]


def table(tried: Iterable[Tried], judged: Collection[Name]) -> list[str]:
    """One line for each package, and one for all."""
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for one in tried:
        kind = "judged" if _is_judged(one, judged) else one.outcome
        for row in (package_of(one.mutant.path), "all"):
            rows[row][kind] += 1
    lines = [f"{'':24}{'mutants':>8}{'caught':>8}{'timed out':>11}{'survived':>10}{'':>9}"]
    lines[0] += f"{'judged':>8}{'not covered':>13}{'cut':>5}"
    for package in sorted(rows, key=lambda name: (name == "all", name)):
        of = rows[package]
        ran = of.total() - sum(of[kind] for kind in NOT_PROVEN)
        share = f"{100 * of['survived'] / ran:.1f} %" if ran else "-"
        lines.append(
            f"{package:24}{of.total() - of['invalid']:>8}{of['caught']:>8}"
            f"{of['timed out']:>11}{of['survived']:>10}{share:>9}"
            f"{of['judged']:>8}{of['not covered']:>13}{of['cut']:>5}"
        )
    return lines


def listed(tried: Iterable[Tried], judged: Collection[Name], *outcomes: str) -> list[str]:
    """Those with one of the outcomes that nobody has judged, one a line."""
    return [
        f"  {one.mutant.path}:{one.mutant.line} {one.mutant.function or '(module)'}: "
        f"{one.mutant.change}" + (f"  [{one.tests} tests]" if one.tests else "")
        for one in sorted(tried, key=lambda t: (t.mutant.path, t.mutant.line))
        if one.outcome in outcomes and not _is_judged(one, judged)
    ]


def too_many(tried: Sequence[Tried], judged: Collection[Name]) -> list[str]:
    """The parts that decide of which too many survive."""
    found = []
    for group in THAT_DECIDE:
        ran = [
            one.outcome == "survived" and not _is_judged(one, judged)
            for one in tried
            if group_of(one.mutant.path) == group and one.outcome not in NOT_PROVEN
        ]
        if ran and sum(ran) > MOST_SURVIVE * len(ran):
            found.append(f"{group}: {sum(ran)} of {len(ran)} survived")
    return found


def _is_judged(one: Tried, judged: Collection[Name]) -> bool:
    return one.outcome == "survived" and one.mutant.name in judged
