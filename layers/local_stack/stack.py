"""The whole service on this machine: Postgres, a simulated Neo, a simulated AWS, two clinics.

The very template that goes to AWS, deployed by CloudFormation; its functions under Lambda's own
runtime emulator. It ends with the block, or with this process, and leaves nothing behind.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg import Connection

from dev_tools.chromium import find_chromium, playwright_package
from dev_tools.emulator import installed_tools
from dev_tools.image.unpacked import Unpacked
from dev_tools.ports import free_port
from idexx_sync.core.settings import Settings
from local_stack.deploy import Deployed, deploy, invoke
from local_stack.home import PASSWORDS, Home
from local_stack.login_roles import STAGE, Role, as_login_role, make_login_roles
from local_stack.postgres import Postgres, running_postgres
from local_stack.simulated_aws import (
    FIRST_RETRY_S,
    OUR_FUNCTIONS,
    Images,
    SimulatedAws,
    running_aws,
)
from local_stack.sinks.server import Sinks, running_sinks
from local_stack.stack_clinics import Clinics, Worlds, bring_clinics, open_neos, secrets_of
from local_stack.synthesis import (
    AXIOM,
    CHROMIUM,
    HEARTBEAT,
    LEASE,
    NEO_HOSTS,
    SLACK,
    StageSettings,
    image_targets,
    template,
)
from neo_simulator.client import Company, Simulator
from neo_simulator.process import running_simulator

ODIS_TABLES = Path(__file__).with_name("odis.sql")
DATABASE = "idexx_sync"
READY_WITHIN_S = 20


class NotReady(Exception):
    """The stack is up but does not answer as it should; the message says what it answers."""


@dataclass(frozen=True)
class LocalStack:
    """A running stack."""

    api_url: str
    clinics: Clinics
    aws: SimulatedAws
    simulator: Simulator
    sinks: Sinks
    deployed: Deployed
    database_url: str = field(repr=False)
    """Its owner's address, for whoever looks on; the functions have others."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Variables with which the command line works on it, as an operator's does."""


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a stack is to run."""

    stage: StageSettings = field(default_factory=StageSettings)
    worlds: Worlds = field(default_factory=Worlds)
    lease_s: float = Settings.model_fields["lease_seconds"].default
    heartbeat_s: float = Settings.model_fields["heartbeat_seconds"].default
    first_retry_s: float = FIRST_RETRY_S
    """Seconds to Lambda's first retry; the second one waits twice as long."""
    durable: bool = True
    """Whether the database is to outlive a crash of the machine."""
    packages: Sequence[str] = OUR_FUNCTIONS
    """Below which handlers may lie."""
    images: Path | None = None
    """Where the unpacked images lie in which the functions are to run; None: as they are here."""
    ports: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Wanted for the API, the simulator's page, the database and the page of messages; of each the
    next free one counts. 0: any."""


@contextmanager
def running_stack(
    home: Home, manner: Manner | None = None, say: Callable[[str], None] = lambda _words: None
) -> Iterator[LocalStack]:
    """The service, ready; what the folder holds from last time is still there."""
    manner = manner or Manner()
    tools, chromium = installed_tools(), _chromium()
    kept = home.kept()
    with ExitStack() as opened:
        say("starting Postgres, the simulated Neo and the simulated AWS")
        wanted = manner.ports[3]
        sinks = opened.enter_context(running_sinks(free_port(wanted) if wanted else 0))
        pool = opened.enter_context(ThreadPoolExecutor(4))
        postgres = _entered(
            opened, pool, _database(home, durable=manner.durable, port=manner.ports[2])
        )
        neo = _entered(opened, pool, _neos(kept, manner.worlds, manner.ports[1]))
        template_ready = pool.submit(template, manner.stage)
        images = _images(manner.images, template_ready)
        aws_ready = _entered(
            opened,
            pool,
            running_aws(
                tools,
                home.logs,
                first_retry_s=manner.first_retry_s,
                packages=manner.packages,
                images=images,
                wanted_port=manner.ports[0],
            ),
        )
        database_url, conn = postgres.result()
        simulator, neos = neo.result()
        aws = aws_ready.result()
        path = template_ready.result()
        say("deploying")
        origins = ",".join([simulator.url, *(company.base_url for company in neos)])
        deployed = deploy(
            aws,
            path,
            secrets=secrets_of(kept, _addresses(conn, kept, database_url)),
            parameters={
                NEO_HOSTS: origins,
                CHROMIUM: str(chromium if images is None else _chromium_of(images)),
                LEASE: str(manner.lease_s),
                HEARTBEAT: str(manner.heartbeat_s),
                SLACK: sinks.slack_url,
                AXIOM: sinks.url,
            },
        )
        invoke(aws, deployed.outputs["MigrateFunction"], {})
        make_login_roles(conn, _passwords(kept))
        say("bringing the clinics on board")
        operators = _addresses(conn, kept, database_url)["operator"]
        clinics = bring_clinics(conn, kept, neos, origins, operators)
        home.keep(kept)
        url = deployed.api_url(aws)
        say("waiting until it answers")
        _wait_until_ready(url, clinics)
        environment = {
            "DATABASE_URL": operators,
            "IDEXX_SYNC_STAGE": STAGE,
            "IDEXX_SYNC_LOCAL_KEY": kept["local_key"],
            "IDEXX_SYNC_FINGERPRINT_KEY": kept["fingerprint_key"],
            "IDEXX_SYNC_PEPPER": kept["pepper"],
            "IDEXX_SYNC_NEO_HOSTS": origins,
            "IDEXX_SYNC_CHROMIUM_PATH": str(chromium),
        }
        yield LocalStack(url, clinics, aws, simulator, sinks, deployed, database_url, environment)


def _entered[T](
    opened: ExitStack, pool: ThreadPoolExecutor, context: AbstractContextManager[T]
) -> Future[T]:
    """Enter it beside the others; it is left in its turn, even if we are interrupted before."""
    entering = pool.submit(context.__enter__)
    opened.callback(_leave, entering, context)
    return entering


def _leave(entering: Future[Any], context: AbstractContextManager[Any]) -> None:
    if entering.exception() is None:  # waits for it
        context.__exit__(None, None, None)


@contextmanager
def _database(home: Home, *, durable: bool, port: int) -> Iterator[tuple[str, Connection[Any]]]:
    """The service's database with ODIS's tables in it."""
    with running_postgres(home.postgres, durable=durable, port=port) as postgres:
        url = postgres.dsn(DATABASE)
        if not _exists(postgres):
            postgres.create_database(DATABASE)
        with psycopg.connect(url, autocommit=True) as conn:
            if conn.execute("SELECT to_regclass('public.clinics')").fetchone() == (None,):
                with conn.transaction():
                    conn.execute(ODIS_TABLES.read_bytes())
            yield url, conn


def _passwords(kept: dict[str, Any]) -> dict[Role, str]:
    return {name: kept[key] for name, key in PASSWORDS.items()}


def _addresses(conn: Connection[Any], kept: dict[str, Any], owners_url: str) -> dict[Role, str]:
    """Whose address of the database is which.

    The first migrations are the work of whoever owns ODIS's tables: until they have made our roles
    that is the address of `migrate`.
    """
    found = {name: as_login_role(owners_url, name, word) for name, word in _passwords(kept).items()}
    owner = conn.execute(
        "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'idexx_sync'"
    ).fetchone()
    return found if owner == ("idexx_sync_migrate",) else {**found, "migrate": owners_url}


def _exists(postgres: Postgres) -> bool:
    with psycopg.connect(postgres.dsn(), autocommit=True) as conn:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        return conn.execute(query, (DATABASE,)).fetchone() is not None


@contextmanager
def _neos(
    kept: dict[str, Any], worlds: Worlds, port: int
) -> Iterator[tuple[Simulator, list[Company]]]:
    with running_simulator(admin_port=free_port(port) if port else 0) as simulator:
        yield simulator, open_neos(simulator, kept, worlds)


def _images(folder: Path | None, template_ready: Future[Path]) -> Images | None:
    return None if folder is None else Images(folder, image_targets(template_ready.result()))


def _chromium_of(images: Images) -> str:
    return Unpacked.kept(images.folder, "browser").environment["IDEXX_SYNC_CHROMIUM_PATH"]


def _chromium() -> Path:
    found = find_chromium(os.environ, playwright_package())
    if found is None:
        raise RuntimeError("no headless Chromium on this machine; ./run up installs one")
    return found


def _wait_until_ready(url: str, clinics: Clinics) -> None:
    """Ready without a key and with one: then the functions that answer are warm, too."""
    give_up = time.monotonic() + READY_WITHIN_S
    with httpx.Client(base_url=url, timeout=READY_WITHIN_S, trust_env=False) as http:
        while True:
            answers = [
                http.get("/ready"),
                http.get("/ready/details", headers={"X-API-Key": clinics.operator_key}),
            ]
            if all(answer.status_code == 200 for answer in answers):
                return
            if time.monotonic() > give_up:
                raise NotReady("; ".join(f"{one.status_code}: {one.text}" for one in answers))
            time.sleep(0.2)
