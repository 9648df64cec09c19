"""The command line in this process, over a real database and a scripted PIMS."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TextIO

from pydantic import SecretStr
from rich.console import Console

from idexx_sync.cli.app import run
from idexx_sync.cli.context import Cli, OpenToLook
from idexx_sync.clinics.store import Clinic
from idexx_sync.core.settings import ClientSettings, KeySettings, Settings, StageSettings
from idexx_sync.database.business_time import Clock
from idexx_sync.database.connection import Conn, Database
from idexx_sync.database.waits import Patience, PatientConnection
from idexx_sync.jobs.contract import Progress
from idexx_sync.jobs.runner import Dependencies
from idexx_sync.pims.protocol import Pims
from tests.kit.bench import Bench
from tests.kit.database import as_role
from tests.kit.lending import Lending
from tests.kit.settings import make_key_settings, make_settings


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


class Terminal(io.StringIO):
    """Standard input that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


@dataclass(kw_only=True)
class LentCli(Cli):
    """Connects as a command does, but for what is kept."""

    lending: Lending

    @contextmanager
    def database(self, patience: Patience | None = None) -> Iterator[Conn]:
        dsn = self.load_database_settings().database_url.get_secret_value()
        database = self.lending.database_of_a_process(dsn)
        database.patience = patience or Patience()
        conn = database.connection()
        assert isinstance(conn, PatientConnection)
        conn.patience = database.patience
        try:
            yield conn
        finally:
            database.close()


@dataclass
class CommandLine:
    """Runs command lines for one clinic's bench."""

    bench: Bench
    settings: Settings = field(init=False)
    key_settings: KeySettings = field(init=False)
    client_settings: ClientSettings = field(
        default_factory=lambda: ClientSettings(api_url=None, api_key=None)
    )
    stage: str = "test"
    slept: list[float] = field(default_factory=list)
    while_waiting: Callable[[], object] = lambda: None
    """Called at each pause of a command that waits."""
    open_to_look: OpenToLook | None = None
    """None: the scripted PIMS."""
    lending: Lending | None = None
    """None: each command makes its own connection, as it does in a process of its own."""
    load_settings: Callable[[], Settings] | None = None
    """None: `settings`, as the clinic's workers have them."""

    def __post_init__(self) -> None:
        url = as_role(self.bench.url, "operator")
        self.settings = make_settings(url)
        self.key_settings = make_key_settings(url)

    def __call__(self, *words: object, stdin: str | TextIO = "", width: int = 200) -> Answer:
        out, err = io.StringIO(), io.StringIO()

        def console(file: io.StringIO) -> Console:
            return Console(file=file, width=width, highlight=False, markup=False, emoji=False)

        cli = self._cli(
            load_settings=self.load_settings or (lambda: self.settings),
            load_database_settings=lambda: self.settings,
            load_key_settings=lambda: self.key_settings,
            load_stage_settings=lambda: StageSettings(stage=self.stage),
            load_client_settings=lambda: self.client_settings,
            make_dependencies=self._tools,
            open_to_look=self.open_to_look or self._pims,
            elapsed=self.bench.elapsed,
            sleep=self._sleep,
            stdin=io.StringIO(stdin) if isinstance(stdin, str) else stdin,
            out=console(out),
            err=console(err),
        )
        code = run([str(word) for word in words], cli)
        return Answer(code, out.getvalue(), err.getvalue())

    def _cli(self, **world: Any) -> Cli:
        return Cli(**world) if self.lending is None else LentCli(**world, lending=self.lending)

    def _database(self, url: SecretStr) -> Database:
        if self.lending is None:
            return Database(url)
        return self.lending.database_of_a_process(url.get_secret_value())

    @contextmanager
    def _pims(
        self,
        settings: Settings,  # noqa: ARG002 what the real one needs
        conn: Conn,  # noqa: ARG002
        clinic: Clinic,  # noqa: ARG002
        clock: Clock,  # noqa: ARG002
        obstacle: str | None = None,  # noqa: ARG002
    ) -> Iterator[Pims]:
        yield self.bench.pims

    def over_api(self, url: str, key: str) -> "CommandLine":
        """The same clinic's command line, on a machine that knows only the API."""
        settings = ClientSettings(api_url=url, api_key=SecretStr(key))
        made = CommandLine(self.bench, settings, lending=self.lending)
        made.settings = make_settings("postgresql://no:body@127.0.0.1:1/nowhere")
        return made

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        assert len(self.slept) < 100, "it never ends"
        self.bench.later(seconds / 60)
        self.while_waiting()

    def _tools(self, settings: Settings, *, retried: bool, progress: Progress) -> Dependencies:
        return replace(
            self.bench.dependencies(),
            settings=settings,
            database=self._database(settings.database_url),
            retried=retried,
            progress=progress,
        )
