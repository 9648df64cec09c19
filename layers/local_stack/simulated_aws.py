"""A simulated AWS and what runs its functions, for the time of a block.

MiniStack answers for AWS; every invocation goes from it to the adapter (`local_stack.lambdas`).
Both end with us. They share a secret of this start, which is also the access key that the
simulated AWS asks for: to it and to the adapter nobody else on this machine can speak.
"""

import json
import ssl
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from subprocess import Popen
from tempfile import mkdtemp
from time import monotonic, sleep
from typing import Any, Final

import httpx

from dev_tools.emulator import ROOT, Tools
from dev_tools.image.unpacked import Target
from dev_tools.local_callers import new_secret
from dev_tools.ports import free_port
from local_stack.servant import START_LIMIT_S, DidNotStart, first_line, serving

REGION = "us-east-1"
PORT_TRIES = 3
MINISTACK = Path(__file__).with_name("corrected_ministack.py")
OUR_FUNCTIONS: Final = ("functions",)
FIRST_RETRY_S = 60.0
"""As on AWS: a failed asynchronous invocation is repeated after one minute, then after two."""


@dataclass(frozen=True, slots=True)
class Images:
    """The unpacked images in which functions run, in place of this checkout."""

    folder: Path
    targets: Mapping[str, Target]
    """By their tags in the template."""

    def told(self) -> dict[str, str]:
        """As the adapter takes it."""
        return {
            "LOCAL_STACK_IMAGES": json.dumps(dict(self.targets)),
            "LOCAL_STACK_IMAGE_FOLDER": str(self.folder),
        }


@dataclass(frozen=True)
class SimulatedAws:
    """Where the simulated AWS answers."""

    url: str
    adapter_url: str
    pids: tuple[int, int]
    """Of MiniStack and of the adapter."""
    logs: Path
    secret: str = field(repr=False)
    """Of this start: the access key, and what the adapter asks for."""

    def client(self, service: str) -> Any:
        """A client of boto3 that nothing of this machine's settings leads to the real AWS."""
        from botocore.config import Config

        once = Config(retries={"total_max_attempts": 1})
        return _session().client(
            service,
            endpoint_url=self.url,
            config=once,
            aws_access_key_id=self.secret,
            aws_secret_access_key=self.secret,
        )

    def slots(self) -> dict[str, list[int]]:
        """Function -> process ids of its execution environments."""
        with _plain_http() as http:
            known = {"Authorization": f"Bearer {self.secret}"}
            found: dict[str, list[int]] = http.get(self.adapter_url, headers=known).json()
        return found


@cache
def _session() -> Any:
    """One for all clients: what AWS's services are like is read once."""
    import boto3

    return boto3.session.Session(region_name=REGION)


@contextmanager
def running_aws(
    tools: Tools,
    logs: Path,
    *,
    first_retry_s: float = FIRST_RETRY_S,
    packages: Sequence[str] = OUR_FUNCTIONS,
    images: Images | None = None,
    wanted_port: int = 0,
) -> Iterator[SimulatedAws]:
    """An empty AWS that is ready, and runs handlers below these packages. Raises DidNotStart.

    It has the wanted port, or the next free one; 0: any.
    """
    logs.mkdir(parents=True, exist_ok=True)
    secret = new_secret()
    with _adapter(tools, logs, secret, packages, images) as (adapter, adapter_url):
        for tries_left in reversed(range(PORT_TRIES)):
            port, folder = free_port(wanted_port), mkdtemp(prefix="idexx-sync-aws-")
            settings = {
                "LOCAL_STACK_ADAPTER": adapter_url,
                "LOCAL_STACK_SECRET": secret,
                "PYTHONPATH": str(ROOT / "layers"),
                "GATEWAY_PORT": str(port),
                "BIND_HOST": "127.0.0.1",
                "MINISTACK_HOST": "127.0.0.1",
                "IOT_MTLS_ENABLED": "0",
                "SFTP_ENABLED": "0",
                "LAMBDA_ASYNC_RETRY_BASE_SECONDS": str(first_retry_s),
                "LAMBDA_ACCOUNT_CONCURRENCY": "1000",
                "LOG_LEVEL": "WARNING",
                "TMPDIR": folder,
                "LOCAL_STACK_FOLDER": folder,
            }
            log = logs / "ministack.log"
            with serving([tools.ministack_python, "-P", MINISTACK], log, settings) as process:
                url = f"http://127.0.0.1:{port}"
                if _answers(url, process):
                    yield SimulatedAws(url, adapter_url, (process.pid, adapter), logs, secret)
                    return
            if not tries_left:
                raise DidNotStart(f"the simulated AWS did not start; see {log}")


@contextmanager
def _adapter(
    tools: Tools, logs: Path, secret: str, packages: Sequence[str], images: Images | None
) -> Iterator[tuple[int, str]]:
    command: list[str | Path] = [sys.executable, "-m", "local_stack.lambdas", logs]
    command += [tools.emulator] if tools.emulator else []
    log = logs / "adapter.log"
    settings = {
        "PYTHONPATH": str(ROOT / "layers"),
        "LOCAL_STACK_SECRET": secret,
        "LOCAL_STACK_PACKAGES": " ".join(packages),
        **({} if images is None else images.told()),
    }
    with serving(command, log, settings) as process:
        yield process.pid, first_line(process, log)["url"]


def _answers(url: str, process: Popen[bytes]) -> bool:
    """False when it ended instead, or when another program has its port."""
    give_up = monotonic() + START_LIMIT_S
    with _plain_http() as http:
        while process.poll() is None and monotonic() < give_up:
            try:
                if http.get(f"{url}/_ministack/ready").is_success:
                    return process.poll() is None
            except httpx.TransportError:
                pass
            sleep(0.02)
    return False


def _plain_http() -> httpx.Client:
    """A client for this machine: reading certificates, at each look, would slow the start."""
    return httpx.Client(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False)
