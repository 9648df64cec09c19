"""What `idexx-sync bootstrap` says of an account's room, and that it loads nothing of AWS early."""

import subprocess
import sys

import pytest

from idexx_sync.cli.aws_refusals import CASES, error_of_aws
from idexx_sync.cli.bootstrap import needed_quota
from idexx_sync.core.account import AwsRefused, Concurrency


@pytest.mark.parametrize(
    ("quota", "unreserved", "reserves", "needed"),
    [
        (1000, 1000, 109, None),
        (209, 209, 109, None),
        (208, 208, 109, 209),
        (1000, 200, 109, 1009),
        (10, 10, 109, 209),
        (50, 50, 40, None),
        (10, 10, 0, None),
        (100, 100, 1, 101),
    ],
)
def test_how_much_the_quota_has_to_be(
    quota: int, unreserved: int, reserves: int, needed: int | None
) -> None:
    assert needed_quota(Concurrency(quota, unreserved), reserves) == needed


def test_no_code_of_aws_has_two_meanings() -> None:
    codes = [code for case in CASES for code in case[0]]

    assert len(codes) == len(set(codes))
    for case in CASES:
        for code in case[0]:
            error = error_of_aws(
                AwsRefused("secretsmanager:CreateSecret", code, "a/b"), "us-west-2"
            )
            assert (error.kind, error.exit_code) == case[1:3]
            assert f"AWS refused secretsmanager:CreateSecret for a/b in us-west-2 ({code})" in (
                error.message
            )


def test_the_command_line_starts_without_aws() -> None:
    asked = (
        "import sys, idexx_sync.cli.app; print(*({'boto3', 'botocore.client'} & {*sys.modules}))"
    )

    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []
