"""Who calls, as the authorizer says, and for which clinic the caller may act."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from idexx_sync.api.problems import UNAUTHORIZED_DETAIL, FieldError, Problem, invalid
from idexx_sync.core.errors import NotFound
from idexx_sync.core.vocabulary import Scope

CLINIC_NEEDED: Final = "an operator's key acts for every clinic: name the one that is meant"


@dataclass(frozen=True, slots=True)
class Caller:
    """A key that the authorizer has let in."""

    key_id: UUID
    clinic_id: UUID | None
    """None: an operator's key."""
    scopes: frozenset[str]

    def require(self, scope: Scope) -> None:
        if scope not in self.scopes:
            raise Problem("scope_missing", f"This needs a key with the scope {scope}.")

    @property
    def is_operator(self) -> bool:
        return self.clinic_id is None

    def may_see(self, clinic_id: UUID | None) -> bool:
        """Whether something of this clinic is the caller's to see; None: what is nobody's."""
        return self.clinic_id is None or self.clinic_id == clinic_id

    def only_own(self, wanted: UUID | None) -> UUID | None:
        """The clinic to look at; None: all of them. Another's clinic does not exist."""
        if self.clinic_id is None:
            return wanted
        if wanted is not None and wanted != self.clinic_id:
            raise NotFound("clinic", wanted)
        return self.clinic_id

    def one_clinic(self, wanted: UUID | None) -> UUID:
        """The clinic to act for; an operator has to name it in the body."""
        found = self.only_own(wanted)
        if found is None:
            raise invalid(FieldError(detail=CLINIC_NEEDED, pointer="/clinic_id"))
        return found

    @property
    def name(self) -> str:
        """For what is recorded as this caller's decision."""
        return f"key {self.key_id}"


def caller_from(context: Mapping[str, Any] | None) -> Caller:
    """The caller of an event; 401 where no authorizer stood before the function."""
    try:
        facts = dict(context or {})
        clinic = str(facts["clinic_id"])
        if not clinic and facts["operator"] != "true":
            raise ValueError("a key of no clinic that is not an operator's")
        return Caller(
            key_id=UUID(facts["key_id"]),
            clinic_id=UUID(clinic) if clinic else None,
            scopes=frozenset(str(facts["scopes"]).split()),
        )
    except (KeyError, ValueError):
        raise Problem("unauthorized", UNAUTHORIZED_DETAIL) from None
