"""A run that must log in, and all that is said when it can't."""

import traceback
from typing import Any

import pytest

from tests.kit.neo import WEEK, Clinic


def log_in(clinic: Clinic, **limits: Any) -> None:
    """A run that finds no session."""
    with clinic.opened(limits=limits) as neo:
        neo.schedule(WEEK)
        assert neo.logged_in


def everything_said(error: BaseException, caplog: pytest.LogCaptureFixture) -> str:
    """All that an error and the logs could tell, hidden causes included."""
    seen: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in seen:
        seen.append(following)
        following = following.__cause__ or following.__context__
    told = [part for one in seen for part in (repr(one), str(one), repr(vars(one)))]
    told += [line for one in seen for line in traceback.format_exception(one)]
    return "\n".join([*told, caplog.text])
