"""The licences of the image's packages, and which would not do."""

from email.message import Message
from importlib.metadata import PackageMetadata
from typing import cast

import pytest

from dev_tools.licences import AGREED, Licensed, debian_packages, licence_of, licensed
from tests.kit.paths import ROOT


def test_every_package_of_the_image_is_under_a_licence_that_we_know() -> None:
    found = list(licensed((ROOT / "requirements" / "base.txt").read_text()))

    assert len(found) > 30
    assert [one for one in found if not one.is_fine] == []
    assert set(AGREED) <= {(one.name, one.licence) for one in found}, "one is not needed any more"


@pytest.mark.parametrize(
    ("licence", "is_fine"),
    [
        ("MIT", True),
        ("MIT OR AFL-2.1", True),
        ("Apache-2.0 AND BSD-2-Clause", True),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-3.0-only", False),
        ("LGPL-3.0-only", False),
        ("unknown", False),
    ],
)
def test_what_binds_us_needs_somebody_to_agree(licence: str, is_fine: bool) -> None:
    assert Licensed("some-package", "1", licence).is_fine is is_fine


@pytest.mark.parametrize(
    ("told", "licence"),
    [
        ({"License-Expression": ["MIT"], "License": ["GPL"]}, "MIT"),
        ({"License": ["Apache License 2.0"]}, "Apache-2.0"),
        ({"License": ["The whole text of a licence,\nover lines"]}, "unknown"),
        ({"Classifier": ["License :: OSI Approved :: BSD License"]}, "BSD"),
        (
            {
                "License": ["Dual License"],
                "Classifier": [
                    "License :: OSI Approved :: BSD License",
                    "License :: OSI Approved :: GNU General Public License (GPL)",
                ],
            },
            "BSD AND unknown",
        ),
        ({}, "unknown"),
    ],
)
def test_metadata_of_every_age_are_understood(told: dict[str, list[str]], licence: str) -> None:
    found = Message()
    for name, values in told.items():
        for value in values:
            found[name] = value

    assert licence_of(cast("PackageMetadata", found)) == licence


def test_another_version_than_the_locked_one_tells_nothing() -> None:
    with pytest.raises(LookupError, match="httpx"):
        list(licensed("httpx==0.0.1 \\\n    --hash=sha256:0\n"))


def test_debians_packages_of_the_image_are_named() -> None:
    named = debian_packages((ROOT / "Dockerfile.lambda").read_text())

    assert named == [
        "ca-certificates",
        "chromium-headless-shell",
        "fontconfig",
        "fonts-liberation",
        "python3",
    ]
