"""Whether a derived field may be changed, or is a person's edit that stays (rule R15). Pure."""

from collections.abc import Callable, Collection
from typing import Any, Final

from idexx_sync.syncs.cases.mapping import UNKNOWN_NAME
from idexx_sync.syncs.cases.model import HeldCase
from idexx_sync.syncs.cases.phones import normal_phone
from idexx_sync.syncs.cases.vocabulary import case_type, entity_case_type, species

EMPTY: Final[tuple[Any, ...]] = (None, "", [], {}, "unknown", UNKNOWN_NAME)
"""Values that say nothing, so that any other may take their place."""


def may_change(
    case: HeldCase,
    name: str,
    current: Any,
    remembered: Collection[str],
    mark_of: Callable[[Any], str],
) -> bool:
    """Whether the field is empty or still says what was derived from the source before.

    `remembered` are fingerprints of what we derived last. Without any the case was somebody
    else's, and what an earlier service stored of the source is taken for the source.
    """
    if current in EMPTY:
        return True
    if remembered:
        return mark_of(current) in remembered
    return current in _derived_before(case, name)


def _derived_before(case: HeldCase, name: str) -> tuple[Any, ...]:
    """What the stored source derives to, under our maps or an earlier service's."""

    def said(leaf: str) -> Any:
        return case.value(f"metadata.pimsAppointment.{leaf}")

    path = name.split(".", 1)[1].removeprefix("entities.")
    if path in ("owner_phone", "patient.owner.phone"):
        phone = said("client.phone")
        return (phone, normal_phone(phone)) if isinstance(phone, str) else ()
    if path in ("species", "patient.species"):
        word = said("patient.species")
        return (word, species(word)) if isinstance(word, str) else ()
    if name == "case.type":
        word = said("type")
        return (case_type(word), "checkup") if isinstance(word, str) else ("checkup",)
    if path == "caseType":
        word = said("type")
        known = (entity_case_type(word), case_type(word)) if isinstance(word, str) else ()
        return (*known, "checkup")
    if path == "clinical.clinicalNotes":
        kept = ("notes", "dischargeSummary")
        return tuple(case.value(f"metadata.pimsConsultation.{name}") for name in kept)
    if path in _PRODUCTS:
        text = case.value(f"metadata.pimsConsultation.{_PRODUCTS[path]}")
        return (text.split("; "),) if isinstance(text, str) else ()
    leaf = _SOURCES.get(path)
    return () if leaf is None else (said(leaf),)


_PRODUCTS: Final = {
    "clinical.productsServicesProvided": "productsServices",
    "clinical.productsServicesDeclined": "declinedProductsServices",
}
_SOURCES: Final = {
    "name": "patient.name",
    "patient.name": "patient.name",
    "breed": "patient.breed",
    "patient.breed": "patient.breed",
    "owner_name": "client.name",
    "patient.owner.name": "client.name",
    "owner_email": "client.email",
    "patient.owner.email": "client.email",
    "clinical.visitReason": "reason",
}
"""Derived field -> where the source's own word for it lies in `pimsAppointment`."""
