"""`./run image build`: the image of Dockerfile.lambda, built and unpacked below .local/image.

Standard output has what was built, its size beside its goal, and the ten heaviest parts. Exit
code 1 if it can't be built or is too large, 2 if used wrongly.
"""

import argparse
import os
import sys
import time

from dev_tools.emulator import ROOT
from dev_tools.image.base import base_image
from dev_tools.image.builder import NotBuilt, find_builder
from dev_tools.image.sizes import GOALS_MB, MEBIBYTE, largest, whole
from dev_tools.image.unpacked import FOLDER, TARGETS, Target, Unpacked
from infra.release import commit_of


def build(targets: tuple[Target, ...]) -> list[Unpacked]:
    """Raises NotBuilt."""
    builder = find_builder()
    print("image: looking for the base, or making it", file=sys.stderr)
    arguments = {
        "BASE_IMAGE": base_image(builder),
        "COMMIT": commit_of(),
        "PACKAGES_OF": os.environ.get("PACKAGES_OF") or "unknown",
    }
    found = []
    for target in targets:
        print(f"image: building {target} with {builder.name}", file=sys.stderr)
        started = time.monotonic()
        builder.build(target, ROOT, arguments)
        found.append(builder.unpack(target, FOLDER))
        print(f"image: {target} took {time.monotonic() - started:.0f} s", file=sys.stderr)
    return found


def report(image: Unpacked) -> bool:
    """Whether it is as small as it must be."""
    size, goal = whole(image.root) / MEBIBYTE, GOALS_MB[image.target]
    is_small = size <= goal
    print(
        f"{image.target}  {size:.0f} MB unpacked, at most {goal}: "
        f"{'ok' if is_small else 'TOO LARGE'}  (commit {image.commit})"
    )
    for path, weight in largest(image.root):
        print(f"  {weight / MEBIBYTE:6.0f} MB  {path}")
    return is_small


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="./run image build",
        description="Builds the image that Lambda runs.",
        allow_abbrev=False,
    )
    parser.add_argument("--target", choices=TARGETS, help="only this one")
    chosen: Target | None = parser.parse_args(arguments).target
    return 0 if build_and_report((chosen,) if chosen else TARGETS) else 1


def build_and_report(targets: tuple[Target, ...] = TARGETS) -> bool:
    """Whether they are there and as small as they must be."""
    try:
        built = build(targets)
    except NotBuilt as reason:
        print(f"image: {reason}", file=sys.stderr)
        return False
    are_small = [report(one) for one in built]
    return all(are_small)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
