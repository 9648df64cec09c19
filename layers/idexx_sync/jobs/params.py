"""What may be asked of each sync: one model for each, named in its row of the catalog. Pure.

Whoever reads parameters reads them here: orders, jobs, workers' events, bodies of the API and the
command line. A job's row holds those that differ from the sync's own, so equal orders have equal
parameters.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from idexx_sync.core.catalog import CATALOG, ParamsKind, SyncName
from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.vocabulary import Manner, Mode
from idexx_sync.pims.protocol import Window

MOST_DAYS: Final = 62
MOST_LOOKBACK_DAYS: Final = 90
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
"""Days outside of these are typing errors; calendars' arithmetic is safe within them."""

Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]


class Params(BaseModel):
    """What a caller may ask of a sync."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @classmethod
    def on_schedule(cls) -> Self:
        """What a clinic's schedule asks for."""
        return cls()

    @property
    def manner(self) -> Manner:
        """What a run with these parameters may write at most."""
        return "apply"

    def as_stored(self) -> dict[str, Any]:
        """The parameters as a job's row holds them: those that were asked for."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


class WindowParams(Params):
    """Clinic-local days, both ends included; without days the sync's own."""

    first_day: Day | None = Field(default=None, alias="from")
    last_day: Day | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _window_is_possible(self) -> Self:
        if self.first_day is None or self.last_day is None:
            return self
        days = (self.last_day - self.first_day).days + 1
        if days < 1:
            raise ValueError("to: must not be before from")
        if days > MOST_DAYS:
            raise ValueError(f"to: the window has {days} days, at most {MOST_DAYS} are allowed")
        return self

    def window(self, first_day: date, last_day: date) -> Window:
        """The days asked for, completed by the sync's own.

        Raises ConfigurationInvalid when the completed window is too long.
        """
        first = self.first_day or min(first_day, self.last_day or first_day)
        last = self.last_day or max(first, last_day)
        window = Window(first, last)
        if len(window.days) > MOST_DAYS:
            raise ConfigurationInvalid(
                f"from, to: the window {first} to {last} has {len(window.days)} days, at most "
                f"{MOST_DAYS} are allowed; name both ends",
                code="window",
            )
        return window


class ReconciliationParams(Params):
    """How far back is compared, and whether differences are put right."""

    lookback_days: int = Field(
        default=CATALOG["reconciliation"].default_window.days_back, ge=1, le=MOST_LOOKBACK_DAYS
    )
    """Clinic-local days before today, which is compared too."""
    mode: Mode = "report"

    @classmethod
    def on_schedule(cls) -> Self:
        """A night puts right what is safe; who asks by hand has to say so."""
        return cls(mode="fix")

    @property
    def manner(self) -> Manner:
        return "observe" if self.mode == "report" else "apply"


PARAMS: Final[Mapping[ParamsKind, type[Params]]] = {
    "window": WindowParams,
    "lookback": ReconciliationParams,
}


def params_model(sync: SyncName) -> type[Params]:
    """The model of what may be asked of the sync."""
    return PARAMS[CATALOG[sync].params]


def read_params(sync: SyncName, stored: Mapping[str, Any]) -> Params:
    """The parameters that a document says; pydantic's ValidationError names what it can't."""
    return params_model(sync).model_validate(stored)
