"""The CDK application's template for this machine, synthesised once per state of its sources.

Synthesis takes seven seconds of a processor, so its result is kept; nothing in it is ever edited.
What only this machine knows, and what changes from start to start, the stage's settings name as
parameters, and CloudFormation looks them up when it deploys.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Final, get_args

from dev_tools.emulator import ROOT
from dev_tools.image.unpacked import Target
from idexx_sync.core.vocabulary import Reader
from local_stack.sinks import axiom, slack

KEPT: Final = ROOT / ".local" / "templates"
SOURCES: Final = ("infra", "layers/idexx_sync", "functions", "migrations")
FILES: Final = ("Dockerfile.lambda", ".dockerignore", "requirements/infra.txt")
NEO_HOSTS: Final = "/idexx-sync/local/neo-hosts"
CHROMIUM: Final = "/idexx-sync/local/chromium"
LEASE: Final = "/idexx-sync/local/lease-seconds"
HEARTBEAT: Final = "/idexx-sync/local/heartbeat-seconds"
SLACK: Final = "/idexx-sync/local/slack-url"
AXIOM: Final = "/idexx-sync/local/axiom-url"
ENVIRONMENT: Final = {
    "IDEXX_SYNC_CHROMIUM_PATH": CHROMIUM,
    "IDEXX_SYNC_LEASE_SECONDS": LEASE,
    "IDEXX_SYNC_HEARTBEAT_SECONDS": HEARTBEAT,
    "IDEXX_SYNC_SLACK_URL": SLACK,
    "IDEXX_SYNC_AXIOM_URL": AXIOM,
}
"""Variable of the functions -> the parameter that says its value."""
SINKS: Final = {
    "IDEXX_SYNC_SLACK_TOKEN": slack.TOKEN,
    "IDEXX_SYNC_AXIOM_TOKEN": axiom.TOKEN,
}
"""Variables by which they reach what stands for Slack and Axiom here."""


@dataclass(frozen=True, kw_only=True)
class StageSettings:
    """In what this machine's deployment differs from the stage LOCAL."""

    worker_timeout_s: int | None = None
    worker_memory_mb: int | None = None
    worker_concurrency: int | None = None
    requests_per_second: int = 1000
    logs_in_apart: bool = False


class SynthesisFailed(Exception):
    """The CDK application can't be synthesised; the message is what it said."""


def template(settings: StageSettings, kept: Path = KEPT) -> Path:
    """Path of the template. Raises SynthesisFailed."""
    told = json.dumps(asdict(settings), sort_keys=True)
    path = kept / f"{_digest(told)}.json"
    if not path.exists():
        kept.mkdir(parents=True, exist_ok=True)
        assembly = Path(mkdtemp(prefix="synthesis-", dir=kept))
        try:
            made = _synthesise_elsewhere(assembly, told)
            _targets_beside(path).write_text(json.dumps(_targets(made)))
            made.rename(path)
        finally:
            shutil.rmtree(assembly)
    return path


def image_targets(template: Path) -> dict[str, Target]:
    """Tag of an image that the template names -> the stage of the Dockerfile that it is."""
    found: dict[str, Target] = json.loads(_targets_beside(template).read_text())
    return found


def _targets_beside(template: Path) -> Path:
    return template.with_suffix(".targets")


def _targets(template: Path) -> dict[str, str]:
    """As the list says that lies beside a template and names what has to be built for it."""
    listed = template.with_name(template.name.replace(".template.", ".assets."))
    images = json.loads(listed.read_text())["dockerImages"]
    return {tag: image["source"]["dockerBuildTarget"] for tag, image in images.items()}


def _synthesise_elsewhere(assembly: Path, told: str) -> Path:
    """In a process of its own, with which CDK's Node and its memory are gone."""
    done = subprocess.run(
        [sys.executable, "-m", "local_stack.synthesis", assembly],
        input=told,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        start_new_session=True,
    )
    if done.returncode != 0:
        raise SynthesisFailed(done.stderr[-3000:])
    return Path(done.stdout.splitlines()[-1])


def _digest(told: str) -> str:
    """Of everything that the template depends on."""
    digest = hashlib.sha256(told.encode())
    for path in _sources():
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:24]


def _sources() -> Iterator[Path]:
    for folder in SOURCES:
        files = (path for path in (ROOT / folder).rglob("*") if path.is_file())
        yield from sorted(path for path in files if path.suffix != ".pyc")
    yield from (ROOT / name for name in FILES)
    yield Path(__file__)


def _synthesise(assembly: Path, told: Mapping[str, float | None]) -> Path:
    from infra.app import synthesise
    from infra.stages import LOCAL, Size, WorkerLimits

    settings = StageSettings(**told)  # type: ignore[arg-type]

    def limits(usual: WorkerLimits) -> WorkerLimits:
        def sized(size: Size) -> Size:
            return Size(
                memory_mb=settings.worker_memory_mb or size.memory_mb,
                timeout_s=settings.worker_timeout_s or size.timeout_s,
            )

        return replace(
            usual,
            size=sized(usual.size),
            size_without_browser=sized(usual.size_without_browser),
            reserved_concurrency=settings.worker_concurrency or usual.reserved_concurrency,
        )

    stage = replace(
        LOCAL,
        workers={sync: limits(usual) for sync, usual in LOCAL.workers.items()},
        requests_per_second=settings.requests_per_second,
        burst=settings.requests_per_second,
        neo_hosts=(_looked_up(NEO_HOSTS),),
        logs_in_apart=settings.logs_in_apart,
        slack_channels=dict(zip(get_args(Reader), slack.CHANNELS, strict=True)),
        environment={
            **SINKS,
            **{variable: _looked_up(name) for variable, name in ENVIRONMENT.items()},
        },
    )
    return synthesise(stage, assembly)


def _looked_up(parameter: str) -> str:
    return f"{{{{resolve:ssm:{parameter}}}}}"


if __name__ == "__main__":
    print(_synthesise(Path(sys.argv[1]), json.load(sys.stdin)))
