"""A plugin of pytest that tries mutants: one warm process, and a child of it for each of them.

Everything is imported, all fixtures of the session have begun. A child lets the changed code take
effect, runs the tests that run the changed line, and ends at the first that fails.
"""

import importlib.machinery
import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from time import monotonic
from types import CodeType
from typing import Any, Final

import psycopg
import pytest
from _pytest.runner import runtestprotocol

from dev_tools.mutants.coverage_map import CoverageMap, Ran, module_of, of
from dev_tools.mutants.covering import is_made_at_import, likeliest_first, places_of
from dev_tools.mutants.forks import Said, in_child
from dev_tools.mutants.lines import LineRecorder
from dev_tools.mutants.mutant import Mutant, changed
from dev_tools.mutants.order import Answer, Outcome, read_order
from dev_tools.mutants.source import Source
from dev_tools.mutants.swapping import forget_results, living_functions, swap, swap_texts
from dev_tools.mutants.users import Users, users_in

FOLDERS: Final = ("layers/idexx_sync", "functions")
LEFT_OUT: Final = ("chromium", "browser")
"""Fixtures with such a name keep threads and pipes to others, which no child may use."""
SURVIVED: Final[dict[str, Any]] = {"outcome": "survived"}
_SPARE_S: Final = 15.0
_MOST_TOLD: Final = 4000
"""Characters of why a test fails."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mutants")
    group.addoption("--mutants", type=Path, help="folder with an order of mutants")
    group.addoption("--mutant", type=Path, help="a changed module's path and text, as JSON")


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(_Hooks)


class _Hooks:
    def pytest_child_begins(self, session: pytest.Session) -> None:
        """In a child: whatever it has from its parent and must not share is let go."""

    def pytest_child_ended(self, session: pytest.Session, in_order: bool) -> None:
        """In the parent: what a child may have left is put in order."""


def pytest_configure(config: pytest.Config) -> None:
    root = config.rootpath
    if config.getoption("--mutant"):
        _import_instead(json.loads(config.getoption("--mutant").read_text()), root)
    if config.getoption("--mutants"):
        recorder = LineRecorder(root, FOLDERS)
        recorder.start()
        config.pluginmanager.register(Trial(root, config.getoption("--mutants"), recorder))


def _import_instead(what: dict[str, str], root: Path) -> None:
    """Whoever imports the module gets the changed one."""
    changed_path = str(root / what["path"])
    loader: Any = importlib.machinery.SourceFileLoader
    original = loader.get_code

    def get_code(self: importlib.machinery.SourceFileLoader, name: str) -> CodeType | None:
        is_it = self.path == changed_path
        found: CodeType | None = (
            compile(what["text"], self.path, "exec") if is_it else original(self, name)
        )
        return found

    loader.get_code = get_code


class _WholeSession:
    """Stands for a next test: all ends that belongs to a test or its module, nothing of the
    session."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session

    def listchain(self) -> list[pytest.Session]:
        return [self._session]


def _rest(session: pytest.Session) -> Any:
    return _WholeSession(session)


class Trial:
    """All that one order of mutants takes."""

    def __init__(self, root: Path, folder: Path, recorder: LineRecorder) -> None:
        self._root, self._folder, self._recorder = root, folder, recorder
        self._sound: set[str] = set()
        """Tests that pass in a child."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        at_import = self._recorder.taken()
        items = [item for item in session.items if not _is_left_out(item)]
        known = CoverageMap.kept(self._folder / "coverage.json", self._root)
        known.at_import = at_import if not known.at_import else known.at_import
        fresh = [item for item in items if module_of(item.nodeid) not in known.modules]
        warm = {id(item) for item in _first_of_each_fixture(items)}
        waiting = Counter(module_of(item.nodeid) for item in fresh)
        for item in items:
            module = module_of(item.nodeid)
            is_new = module in waiting
            if is_new or id(item) in warm:
                self._record(session, item, known, keep=is_new)
            if is_new:
                waiting[module] -= 1
            if is_new and not waiting[module]:  # what was learned outlives an end before its time
                known.modules[module] = of(self._root, module)
                known.keep(self._folder / "coverage.json")
        self._recorder.stop()
        self._try_all(session, {item.nodeid: item for item in items}, known)
        return True

    def _record(
        self, session: pytest.Session, item: pytest.Item, known: CoverageMap, *, keep: bool
    ) -> None:
        begun = monotonic()
        reports = runtestprotocol(item, log=False, nextitem=_rest(session))
        lines = self._recorder.taken()
        if keep:
            passed = all(report.passed for report in reports)
            known.tests[item.nodeid] = Ran(round(monotonic() - begun, 3), passed, lines)
            for report in reports:
                if report.failed:
                    why = report.longreprtext[-_MOST_TOLD:]
                    print(f"fails by itself: {item.nodeid}\n{why}", flush=True)

    def _try_all(
        self, session: pytest.Session, items: dict[str, pytest.Item], known: CoverageMap
    ) -> None:
        mutants = read_order(self._folder / "order.json")
        sources = {
            str(path.relative_to(self._root)): Source(
                str(path.relative_to(self._root)), path.read_text()
            )
            for folder in FOLDERS
            for path in (self._root / folder).rglob("*.py")
        }
        known.tests = {test: ran for test, ran in known.tests.items() if test in items}
        choice = _Choice(known, sources, users_in(sources))
        functions = living_functions(self._root / "layers")
        with (self._folder / "answers.jsonl").open("w") as answers:
            for number, mutant in enumerate(mutants):
                answer = self._try(session, number, mutant, choice, items, functions)
                answers.write(json.dumps(asdict(answer)) + "\n")
                answers.flush()

    def _try(
        self,
        session: pytest.Session,
        number: int,
        mutant: Mutant,
        choice: "_Choice",
        items: dict[str, pytest.Item],
        functions: Any,
    ) -> Answer:
        tests, rest = choice.tests(mutant)
        if not tests:
            return Answer(number, "not covered", [])
        at_import = choice.at_import(mutant)
        if at_import and not mutant.is_sql:
            return Answer(number, "fresh", tests, rest=rest)
        text = changed(choice.sources[mutant.path].text, mutant.edits)

        def work(some: Sequence[str]) -> dict[str, Any]:
            file, layers = self._root / mutant.path, self._root / "layers"
            if not (swap_texts(layers, file, text) if at_import else swap(functions, file, text)):
                return {"outcome": "fresh"}
            return _run(session, [items[test] for test in some], is_sql=mutant.is_sql)

        said = self._in_child(session, partial(work, tests), choice, tests)
        if rest and said.answer == SURVIVED:
            said = self._in_child(session, partial(work, rest), choice, rest)
            if said.timed_out:
                return Answer(number, "cut", tests, rest=rest)
        if said.answer is None:
            told: Outcome = "timed out" if said.timed_out else "caught"
            return Answer(number, told, tests, "died", rest)
        by = said.answer.get("by", "")
        if by and not self._is_sound(session, by, choice, items):
            return self._try(session, number, mutant, choice, items, functions)
        choice.caught[mutant.path, mutant.function][by] += 1
        return Answer(number, said.answer["outcome"], tests, by, rest)

    def _is_sound(
        self,
        session: pytest.Session,
        test: str,
        choice: "_Choice",
        items: dict[str, pytest.Item],
    ) -> bool:
        """Whether the test passes in a child that nothing has changed; else it is left out."""
        if test not in self._sound:

            def work() -> dict[str, Any]:
                return _run(session, [items[test]], is_sql=False)

            said = self._in_child(session, work, choice, [test])
            if said.answer != SURVIVED:
                print(f"fails in a child by itself: {test}\n{said.answer}", flush=True)
                del choice.known.tests[test]
                return False
            self._sound.add(test)
        return True

    def _in_child(
        self,
        session: pytest.Session,
        work: Callable[[], dict[str, Any]],
        choice: "_Choice",
        tests: Sequence[str],
    ) -> Said:
        seconds = sum(choice.known.tests[test].seconds for test in tests)
        said = in_child(work, 3 * seconds + _SPARE_S)
        session.config.hook.pytest_child_ended(session=session, in_order=said.answer is not None)
        return said


class _Choice:
    """Which tests show which mutant."""

    def __init__(self, known: CoverageMap, sources: dict[str, Source], users: Users) -> None:
        self.known, self.sources, self._users = known, sources, users
        self.caught: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)

    def at_import(self, mutant: Mutant) -> bool:
        return is_made_at_import(mutant, self.known)

    def tests(self, mutant: Mutant) -> tuple[list[str], list[str]]:
        """Those to run at first, and the rest."""
        source = self.sources[mutant.path]
        places = places_of(mutant, source, self._users, at_import=self.at_import(mutant))
        found = self.known.running(places)
        caught = self.caught[mutant.path, mutant.function]
        return likeliest_first(found, mutant, self.known, caught)


def _run(session: pytest.Session, items: Sequence[pytest.Item], *, is_sql: bool) -> dict[str, Any]:
    """In the child: the tests in turn, up to the first that fails."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    forget_results()
    session.config.hook.pytest_child_begins(session=session)
    with _refused_statements() as refused:
        for item in items:
            reports = runtestprotocol(item, log=False, nextitem=_rest(session))
            failed = [report.longreprtext for report in reports if report.failed]
            if failed:
                outcome = "invalid" if is_sql and refused else "caught"
                return {"outcome": outcome, "by": item.nodeid, "why": failed[0][-_MOST_TOLD:]}
    return SURVIVED


@contextmanager
def _refused_statements() -> Iterator[list[str]]:
    """The codes of errors that say that a statement is none, or names what is not there."""
    codes: list[str] = []
    original: Callable[..., None] = psycopg.Error.__init__

    def noted(self: psycopg.Error, *args: Any, **named: Any) -> None:
        original(self, *args, **named)
        if (self.sqlstate or "").startswith("42"):
            codes.append(self.sqlstate or "")

    psycopg.Error.__init__ = noted  # type: ignore[method-assign]
    try:
        yield codes
    finally:
        psycopg.Error.__init__ = original  # type: ignore[method-assign]


def _is_left_out(item: pytest.Item) -> bool:
    names: Sequence[str] = getattr(item, "fixturenames", ())
    return any(word in name for name in names for word in LEFT_OUT)


def _first_of_each_fixture(items: Sequence[pytest.Item]) -> Iterator[pytest.Item]:
    """Tests that together begin every fixture of the session."""
    seen: set[str] = set()
    for item in items:
        info = getattr(item, "_fixtureinfo", None)
        defined = {} if info is None else info.name2fixturedefs
        shared = {
            f"{found[-1].baseid}:{name}"
            for name, found in defined.items()
            if found[-1].scope == "session"
        }
        if not shared <= seen:
            seen |= shared
            yield item
