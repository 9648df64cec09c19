"""Lists over the API: all of them, or an error, however many pages they lie on."""

from typing import Any, cast

import pytest

from idexx_sync.cli.api_backend import ApiBackend
from idexx_sync.cli.api_client import ApiClient
from idexx_sync.cli.context import Cli
from idexx_sync.cli.errors import CommandError
from idexx_sync.operations.clinic_models import ClinicList
from idexx_sync.operations.wanted import WantedClinics


class Pages:
    """An API whose pages follow each other by their cursors."""

    def __init__(self, after: dict[str | None, str | None]) -> None:
        self._after = after
        self.asked: list[str | None] = []

    def ask(self, _operation: str, page: type[ClinicList], query: Any, **_more: Any) -> ClinicList:
        self.asked.append(query["cursor"])
        return page(clinics=(), next_cursor=self._after[query["cursor"]])


def listed(pages: Pages) -> object:
    return ApiBackend(Cli(), cast("ApiClient", pages)).clinics(WantedClinics())


def test_a_list_that_leads_in_a_circle_is_an_error_and_not_its_end() -> None:
    pages = Pages({None: "a", "a": "b", "b": "a"})

    with pytest.raises(CommandError, match="leads in a circle") as error:
        listed(pages)

    assert (error.value.kind, pages.asked) == ("api_answer", [None, "a", "b"])


def test_a_list_is_asked_for_to_its_end() -> None:
    pages = Pages({None: "a", "a": "b", "b": None})

    assert listed(pages) == []
    assert pages.asked == [None, "a", "b"]
