"""What every command works with: settings, database, and where its answer goes."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any, Protocol, TextIO

import typer
from rich.console import Console

from idexx_sync.cli.tables import Shown, is_whole, line
from idexx_sync.clinics.store import Clinic
from idexx_sync.core.account import client_of
from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.fingerprints import read_fingerprint_keys
from idexx_sync.core.invoking import LambdaFunctions
from idexx_sync.core.settings import (
    ClientSettings,
    DatabaseSettings,
    KeySettings,
    MirrorFunctionSettings,
    Settings,
    StageSettings,
    load_client_settings,
    load_database_settings,
    load_key_settings,
    load_mirror_function,
    load_settings,
    load_stage_settings,
)
from idexx_sync.core.vocabulary import Manner
from idexx_sync.database.business_time import Clock
from idexx_sync.database.connection import Conn, connect
from idexx_sync.database.waits import Patience
from idexx_sync.jobs.contract import Progress
from idexx_sync.jobs.runner import Dependencies
from idexx_sync.jobs.wiring import make_dependencies, open_to_look
from idexx_sync.operations.imprints import require_fingerprint_key
from idexx_sync.pims.protocol import Pims

WIDTH_OF_A_FILE = 200
"""Columns where nobody's terminal sets the width, so that ids stay in one piece."""


class MakeDependencies(Protocol):
    def __call__(
        self, settings: Settings, *, retried: bool, progress: Progress
    ) -> Dependencies: ...


class OpenToLook(Protocol):
    def __call__(
        self,
        settings: Settings,
        conn: Conn,
        clinic: Clinic,
        clock: Clock,
        obstacle: str | None = None,
    ) -> AbstractContextManager[Pims]: ...


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDTH_OF_A_FILE
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


@dataclass
class Cli:
    """The world outside of the commands; results go to `out`, all else to `err`."""

    load_settings: Callable[[], Settings] = load_settings
    load_database_settings: Callable[[], DatabaseSettings] = load_database_settings
    load_key_settings: Callable[[], KeySettings] = load_key_settings
    load_stage_settings: Callable[[], StageSettings] = load_stage_settings
    load_client_settings: Callable[[], ClientSettings] = load_client_settings
    load_mirror_function: Callable[[], MirrorFunctionSettings] = load_mirror_function
    aws_client: Callable[[str], Any] = client_of
    """Makes a client of AWS for a service."""
    functions: LambdaFunctions = field(default_factory=LambdaFunctions)
    make_dependencies: MakeDependencies = make_dependencies
    open_to_look: OpenToLook = open_to_look
    elapsed: Callable[[], float] = monotonic
    sleep: Callable[[float], None] = sleep
    stdin: TextIO = field(default_factory=lambda: sys.stdin)
    out: Console = field(default_factory=lambda: _console(stderr=False))
    err: Console = field(default_factory=lambda: _console(stderr=True))

    @contextmanager
    def database(self, patience: Patience | None = None) -> Iterator[Conn]:
        """An autocommit connection for the time of the block."""
        with connect(self.load_database_settings().database_url, patience) as conn:
            yield conn

    @contextmanager
    def dependencies(self, progress: Progress, manner: Manner) -> Iterator[Dependencies]:
        """What a run needs that nobody repeats if it fails; its connection is closed afterwards."""
        settings = self.load_settings()
        dependencies = self.make_dependencies(settings, retried=False, progress=progress)
        try:
            conn = dependencies.database.connection()
            keys = read_fingerprint_keys(settings.fingerprint_key)
            require_fingerprint_key(conn, keys, keeps=manner != "preview")
            yield dependencies
        finally:
            dependencies.database.close()

    def require_able_to_run(self, conn: Conn) -> None:
        """ConfigurationInvalid where no run could be made here; asked before a person's decision
        is written that orders one."""
        keys = read_fingerprint_keys(self.load_settings().fingerprint_key)
        require_fingerprint_key(conn, keys)

    def has_api(self) -> bool:
        """Whether commands that can ask the API do so."""
        try:
            return self.load_client_settings().api_url is not None
        except ConfigurationInvalid:
            return False

    def answer(self, data: dict[str, Any], shown: Sequence[Shown], *, as_json: bool) -> None:
        """The command's one result: an object, or what a person reads."""
        if as_json:
            self.write_json(data)
            return
        for part in shown:
            self._print(part)

    def _print(self, part: Shown) -> None:
        """A list fills its columns with blanks; in a file or a pipe no line ends with any."""
        if self.out.is_terminal:
            self.out.print(part, soft_wrap=is_whole(part))
            return
        with self.out.capture() as printed:
            self.out.print(part, soft_wrap=is_whole(part))
        lines = printed.get().split("\n")
        self.out.file.write("\n".join(one.rstrip(" ") for one in lines))
        self.out.file.flush()

    def write_json(self, data: dict[str, Any]) -> None:
        """One object in ASCII: what is no printable character is escaped as JSON does it."""
        self.out.file.write(json.dumps(data, indent=2, default=str) + "\n")
        self.out.file.flush()

    def write_whole(self, text: str) -> None:
        """One line in one piece, to be copied: a key, a statement."""
        self.out.print(line(text), soft_wrap=True)

    def ask(self, question: str, about: Sequence[Shown] = ()) -> str:
        """What is typed in answer to a question, which is asked beside the result."""
        for part in about:
            self.err.print(part, soft_wrap=is_whole(part))
        self.err.print(line(question), end=" ", soft_wrap=True)
        answer = ""
        try:
            answer = self.stdin.readline()
        finally:
            if not answer.endswith("\n"):  # Ctrl-C, Ctrl-D: what is said next begins its own line
                self.err.print()
        return answer.strip()

    def say(self, *texts: str) -> None:
        """Plain lines beside the result."""
        for text in texts:
            self.err.print(line(text), soft_wrap=True)


def cli_of(ctx: typer.Context) -> Cli:
    found = ctx.find_object(Cli)
    assert found is not None
    return found
