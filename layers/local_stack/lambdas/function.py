"""What is known of a function, and the environment it runs in."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from dev_tools.image.unpacked import Unpacked

WITHOUT_RESERVATION: Final = 10
"""Most execution environments of a function for which the template reserves none."""
_HANDLER: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,140}")
_REGION: Final = "us-east-1"


class NotRunnable(Exception):
    """The function can't be run here; the message says why."""


@dataclass(frozen=True, slots=True)
class Machine:
    """With what functions are run."""

    python: Path
    root: Path
    """Where `functions` lies."""
    emulator: Path | None
    """None: it does not exist for this machine; a plain process calls the handler."""
    logs: Path
    """A folder; one file per function."""
    secret: str = field(repr=False)
    """Of this start: by it the simulated AWS knows the functions, and they know the adapter."""
    packages: tuple[str, ...] = ("functions",)
    """Below which a handler lies."""
    images: Mapping[str, Unpacked] = field(default_factory=dict)
    """Tag of an image -> its file system, in which its functions run. None: they run as they are
    in this checkout, with its Python."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function as it was deployed; equal ones share their execution environments."""

    name: str
    handler: str
    timeout_s: int
    memory_mb: int
    most: int
    """Most invocations at a time."""
    environment: tuple[tuple[str, str], ...]
    aws_url: str
    image: str
    """Its tag."""

    @classmethod
    def of(cls, told: dict[str, Any], machine: Machine) -> Self:
        """As the simulated AWS tells it. Raises NotRunnable."""
        name, handler = told["name"], told["handler"]
        if _NAME.fullmatch(name) is None:  # its log has that name
            raise NotRunnable(f"{name!r} is no function's name")
        if not _is_known(handler, machine):
            raise NotRunnable(f"{name}: {handler!r} is none of our handlers")
        return cls(
            name=name,
            handler=handler,
            timeout_s=told["timeout_s"],
            memory_mb=told["memory_mb"],
            most=told["concurrency"] or WITHOUT_RESERVATION,
            environment=tuple(sorted(told["environment"].items())),
            aws_url=told["aws_url"],
            image=told["image"],
        )


def _is_known(handler: str, machine: Machine) -> bool:
    if _HANDLER.fullmatch(handler) is None:
        return False
    module, _, _ = handler.rpartition(".")
    known = any(f"{module}.".startswith(f"{package}.") for package in machine.packages)
    return known and machine.root.joinpath(*module.split(".")).with_suffix(".py").is_file()


def environment_of(function: Function, machine: Machine) -> dict[str, str]:
    """The image's variables, the template's, and what Lambda adds.

    Without an image of this machine nothing but PATH. The credentials are those that the simulated
    AWS asks for.
    """
    image, secret = machine.images.get(function.image), machine.secret
    return {
        **({"PATH": os.environ.get("PATH", os.defpath)} if image is None else image.environment),
        **dict(function.environment),
        "AWS_ENDPOINT_URL": function.aws_url,
        "AWS_ACCESS_KEY_ID": secret,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": _REGION,
        "AWS_DEFAULT_REGION": _REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout_s),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
    }
