"""An engineer's terminal: command lines of the runbook are typed, and what it then shows.

The real commands over a real database and a simulated Neo. Business time stands until a test moves
it. Ids are shown as names, by what they are of and in the order in which they are seen; what
belongs to the machine of the test is shown as if it were ODIS's.
"""

import io
import re
import shlex
from collections import Counter
from typing import Any, ClassVar, Final
from uuid import UUID

import pytest
import typer.main
from psycopg.conninfo import conninfo_to_dict
from rich.console import Console

from idexx_sync.cli.app import app, run
from idexx_sync.cli.progress import PHASES
from idexx_sync.core.settings import ClientSettings, Settings, StageSettings
from idexx_sync.database.connection import Conn
from idexx_sync.jobs import wiring
from idexx_sync.jobs.contract import Progress
from idexx_sync.jobs.runner import Dependencies
from idexx_sync.syncs.cases.sync import CaseSync
from idexx_sync.syncs.hold_store import hold_by_id
from neo_simulator.client import Simulator
from tests.integration.cli.test_operators_morning import Morning
from tests.kit.business_time import set_business_time
from tests.kit.clinic import add_user
from tests.kit.command_line import LentCli, Terminal
from tests.kit.database import as_role, query, update
from tests.kit.lending import Lending
from tests.kit.plain_login import PlainLogin
from tests.kit.settings import (
    FINGERPRINT_KEY,
    LOCAL_KEY,
    PEPPER,
    make_key_settings,
    make_settings,
)
from tests.kit.transcripts import PROMPT
from tests.kit.transcripts import UUID as AN_ID

COMMAND: Final = typer.main.get_command(app)
"""Made once: that takes longer than most commands do."""
WIDTH: Final = 110
NAME: Final = "Example Animal Hospital West"
BAR: Final = re.compile(rf"({'|'.join(PHASES.values())}) +━")
ITS_BEGINNING: Final = re.compile(r"(?<![\w-])[0-9a-f]{8}(?![\w-])")
OF_TABLES: Final = {
    "JOB": "idexx_sync.jobs",
    "HOLD": "idexx_sync.holds",
    "ALERT": "idexx_sync.alerts",
    "LETTER": "idexx_sync.dead_letters",
}


class OnCall(Morning):
    """One clinic, and a terminal at which somebody looks after it.

    A microsecond passes with each look at the time, so that stamps tell what came first.
    """

    variant: ClassVar[int | None] = 0

    def __init__(
        self,
        conn: Conn,
        url: str,
        simulator: Simulator,
        lending: Lending,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        super().__init__(conn, url, simulator)
        set_business_time(conn, self.now, ticks=True)
        self.local_key, self.fingerprint_key, self.pepper = LOCAL_KEY, FINGERPRINT_KEY, PEPPER
        self.answers: list[str] = []
        """What is typed next where a command asks."""
        self._url, self._lending = url, lending
        self._names = {str(self.clinic_id): "CLINIC_ID"}
        self._numbers: Counter[str] = Counter()
        update(conn, "public.clinics", {"name": NAME}, id=self.clinic_id)
        user = add_user(conn, self.clinic_id)
        self._names[str(user)] = "USER_ID"
        self.setting(acting_user_id=user)
        monkeypatch.setenv("LOGNAME", "kim")
        monkeypatch.setattr("typer.main.get_command", lambda _app: COMMAND)
        self._monkeypatch = monkeypatch

    def later(self, minutes: float = 15) -> None:
        super().later(minutes)
        set_business_time(self.conn, self.now, ticks=True)

    def type_in(self, line: str) -> list[str]:
        """The command line and what is shown below it, as lines."""
        screen = io.StringIO()
        words = shlex.split(self._meant(line), comments=True)
        self._monkeypatch.setattr("typer.prompt", self._prompting(screen))
        code = run(words[1:], self._cli(screen, as_who=words[1]))
        assert not self.answers, "not all that was to be typed was asked for"
        shown = self._shown(screen.getvalue()).splitlines()
        ended = [f"exit code {code}"] if code else []
        return [f"{PROMPT}{line}", *(one.rstrip() for one in shown if not BAR.match(one)), *ended]

    def name_hold(self, number: str) -> None:
        """Lets the only open hold and its version be shown and typed so."""
        ((id_,),) = self.conn.execute("SELECT id FROM idexx_sync.holds WHERE status = 'open'")
        hold = hold_by_id(self.conn, id_)
        assert hold is not None
        self._names |= {str(id_): f"HOLD-{number}", hold.version: f"VERSION-{number}"}

    def types_credentials(self) -> None:
        """Next, those with which Neo lets the clinic's user in."""
        self.answers += [self.neo.company_id, self.neo.username, self.neo.password]

    def cases(self) -> None:
        assert self.run(CaseSync()).status == "succeeded"

    def quietly(self, *words: str) -> None:
        """A command whose answer nobody looks at."""
        assert run(words, self._cli(io.StringIO(), as_who=words[0])) == 0

    def _cli(self, screen: io.StringIO, as_who: str) -> LentCli:
        """Migrations are the work of whoever owns the database."""
        url = self._url if as_who == "migrate" else as_role(self._url, "operator")
        keys = {"local_key": self.local_key, "fingerprint_key": self.fingerprint_key}
        settings = make_settings(
            url, neo_hosts=(self.neo.base_url,), neo_requests_per_second=100_000, **keys
        )
        console = Console(file=screen, width=WIDTH, markup=False, highlight=False, emoji=False)
        return LentCli(
            lending=self._lending,
            load_settings=lambda: settings,
            load_database_settings=lambda: settings,
            load_key_settings=lambda: make_key_settings(url, pepper=self.pepper),
            load_stage_settings=lambda: StageSettings(stage="staging"),
            load_client_settings=lambda: ClientSettings(api_url=None, api_key=None),
            make_dependencies=self._without_browser,
            stdin=Terminal(),
            out=console,
            err=console,
        )

    def _without_browser(
        self, settings: Settings, *, retried: bool, progress: Progress
    ) -> Dependencies:
        login = PlainLogin(self.neo.base_url)
        return wiring.make_dependencies(settings, retried=retried, progress=progress, login=login)

    def _prompting(self, screen: io.StringIO) -> Any:
        """What `typer.prompt` does with a terminal."""

        def prompt(text: str, *, err: bool, hide_input: bool = False) -> str:
            assert err
            typed = self.answers.pop(0)
            shown = "" if hide_input else text.upper().replace(" ", "_")  # not the test's own
            screen.write(f"{text}: {shown}\n")
            return typed

        return prompt

    # -- names instead of ids ----------------------------------------------------------------

    def _elsewhere(self) -> dict[str, str]:
        """What belongs to the test's machine -> what stands for it."""
        url = conninfo_to_dict(as_role(self._url, "operator"))
        return {
            self.neo.base_url: "https://us.idexxneo.com",
            str(url["dbname"]): "odis",
            str(url["host"]): "db.example.com",
            str(url["user"]): "kim",
        }

    def _meant(self, line: str) -> str:
        for value, name in {**self._names, **self._elsewhere()}.items():
            line = re.sub(rf"\b{re.escape(name)}\b", value, line)
        return line

    def _shown(self, text: str) -> str:
        text = ITS_BEGINNING.sub(lambda found: self._whole(found[0]), text)
        text = AN_ID.sub(lambda found: self._named(found[0]), text)
        for value, name in {**self._names, **self._elsewhere()}.items():
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", name, text)
        return re.sub(r"\b[0-9a-f]{64}\b", "HASH", text)

    def _whole(self, beginning: str) -> str:
        """The id of ours that begins so, where there is one."""
        for table in OF_TABLES.values():
            found = query(self.conn, f"SELECT id FROM {table} WHERE id::text ^@ %s", (beginning,))
            if found:
                return str(found[0]["id"])
        return beginning

    def _named(self, id_: str) -> str:
        if id_ not in self._names:
            kind = self._kind(UUID(id_))
            self._numbers[kind] += 1
            self._names[id_] = f"{kind}-{self._numbers[kind]}"
        return self._names[id_]

    def _kind(self, id_: UUID) -> str:
        for kind, table in OF_TABLES.items():
            if query(self.conn, f"SELECT 1 FROM {table} WHERE id = %s", (id_,)):
                return kind
        return "ID"
