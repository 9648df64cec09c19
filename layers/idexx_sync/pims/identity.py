"""Whose data a source shows: what identifies a company, and whether it is the clinic's own. Pure.

Ids are small numbers that recur in every company, and names of rooms and types recur as well; so an
entry is the same only by id and name together, and several of them have to agree (rule R8).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from idexx_sync.core.fingerprints import Fingerprints

Facet = Literal["rooms", "types", "providers"]
FACETS: Final[tuple[Facet, ...]] = ("rooms", "types", "providers")
OTHER_COMPANY: Final = "other_company"
"""The code of the error that stops a run whose session shows another company."""

_FIRST_OF_CLINIC: Final = 1000
"""Types and providers from this id on were made by the clinic, those below it come with Neo."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What an answer shows of the company it comes from; what it does not say is empty."""

    rooms: Mapping[str, str] = field(default_factory=dict)
    """Id -> name, only those that have a name; likewise the other two."""
    types: Mapping[str, str] = field(default_factory=dict)
    providers: Mapping[str, str] = field(default_factory=dict, repr=False)
    branches: frozenset[str] = frozenset()
    company_id: str | None = field(default=None, repr=False)
    """As it was typed at the login; None where no login of this run is behind it."""
    is_whole: bool = True
    """False for a single record, from which only its branch can be told."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What is remembered of a company; persons' names and its id at login as fingerprints."""

    rooms: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    providers: Mapping[str, str] = field(default_factory=dict)
    branches: frozenset[str] = frozenset()
    company: str | None = None

    def as_stored(self) -> dict[str, Any]:
        stored: dict[str, Any] = {name: dict(getattr(self, name)) for name in FACETS}
        return {**stored, "branches": sorted(self.branches), "company": self.company}


@dataclass(frozen=True, slots=True)
class Compared:
    """One facet, where both sides say something of it."""

    facet: Facet
    shorter: int
    """Entries of the shorter list."""
    same: int
    """By id and name."""
    renamed: int
    """By id only."""

    @property
    def agrees(self) -> bool:
        return 2 * self.same >= self.shorter

    @property
    def ids_agree(self) -> bool:
        return 2 * (self.same + self.renamed) >= self.shorter

    def __str__(self) -> str:
        return f"of {self.shorter} {self.facet} {self.same} are the same"


@dataclass(frozen=True, slots=True)
class Likeness:
    """How far what is shown agrees with what is remembered."""

    is_same: bool
    facets: tuple[Compared, ...] = ()
    other_company_id: bool = False
    other_branch: bool = False

    def __str__(self) -> str:
        """What differs, in kinds and numbers."""
        said = ["the company id at the login is another one"] if self.other_company_id else []
        said += ["it is another branch"] if self.other_branch else []
        said += [str(compared) for compared in self.facets]
        return ", ".join(said) or "nothing of it is known"


def identity_from(stored: Any) -> Identity | None:
    """The identity of a stored document; what of it is something else counts as not there."""
    if not isinstance(stored, dict):
        return None
    branches, company = stored.get("branches"), stored.get("company")
    return Identity(
        **{name: _texts(stored.get(name)) for name in FACETS},
        branches=frozenset(_strings(branches if isinstance(branches, list) else [])),
        company=company if isinstance(company, str) else None,
    )


def compare(identity: Identity, shown: Shown, fingerprints: Fingerprints) -> Likeness:
    """Whether it may be the clinic's own company, by the measures of rule R8."""
    other_id = (
        identity.company is not None
        and shown.company_id is not None
        and fingerprints.is_of(identity.company, shown.company_id) is False
    )
    other_branch = bool(identity.branches and shown.branches) and not (
        identity.branches & shown.branches
    )
    found = [_compared(facet, identity, shown, fingerprints) for facet in FACETS]
    facets = tuple(compared for compared in found if compared is not None)
    is_same = not other_id and not other_branch
    if is_same and shown.is_whole:
        is_same = _agree(facets) if facets else not any(_entries(identity, f) for f in FACETS)
    return Likeness(is_same, facets, other_id, other_branch)


def updated(identity: Identity, shown: Shown, fingerprints: Fingerprints) -> Identity:
    """The same company as it shows itself now; what is not said stays as it was."""
    new = identity_of(shown, fingerprints)
    said = {name: getattr(new, name) for name in FACETS if getattr(new, name)}
    branches = identity.branches or new.branches
    return replace(identity, **said, branches=branches, company=new.company or identity.company)


def instead_of(identity: Identity, shown: Shown, fingerprints: Fingerprints) -> Identity:
    """What is remembered once a person has said that what is shown is right."""
    new = identity_of(shown, fingerprints)
    if shown.is_whole:
        return new
    return replace(identity, branches=identity.branches | new.branches)


def identity_of(shown: Shown, fingerprints: Fingerprints) -> Identity:
    """What to remember of it."""
    return Identity(
        rooms=dict(shown.rooms),
        types=dict(shown.types),
        providers={
            id_: fingerprints.of(_folded(name)) for id_, name in sorted(shown.providers.items())
        },
        branches=shown.branches,
        company=None if shown.company_id is None else fingerprints.of(shown.company_id),
    )


def _agree(facets: tuple[Compared, ...]) -> bool:
    """Whether those that can be compared vouch for the company.

    Columns of other ids are another branch's. Persons' names recur least, so they decide; without
    them every other facet has to agree.
    """
    by_name = {compared.facet: compared for compared in facets}
    rooms, providers = by_name.get("rooms"), by_name.get("providers")
    if rooms is not None and not rooms.ids_agree:
        return False
    if providers is None:
        return all(compared.agrees for compared in facets)
    others = [compared for compared in facets if compared.facet != "providers"]
    return providers.agrees and (not others or any(compared.agrees for compared in others))


def _compared(
    facet: Facet, identity: Identity, shown: Shown, fingerprints: Fingerprints
) -> Compared | None:
    """None where one of the sides says nothing that could be compared."""
    before, now = _entries(identity, facet), _entries(shown, facet)
    if facet == "providers" and now:
        untold = {id_ for id_, made in before.items() if fingerprints.is_of(made, "") is None}
        before = {id_: made for id_, made in before.items() if id_ not in untold}
        now = {id_: name for id_, name in now.items() if id_ not in untold}
        clinics = [{i: v for i, v in side.items() if _is_clinics(i)} for side in (before, now)]
        if all(clinics):
            before, now = clinics
    if not before or not now:
        return None
    both = before.keys() & now.keys()
    same = sum(_is_same(facet, before[id_], now[id_], fingerprints) for id_ in both)
    return Compared(facet, min(len(before), len(now)), same, len(both) - same)


def _entries(side: Identity | Shown, facet: Facet) -> Mapping[str, str]:
    """Those that may tell companies apart: every company has the types that come with Neo."""
    entries: Mapping[str, str] = getattr(side, facet)
    if facet != "types":
        return entries
    return {id_: name for id_, name in entries.items() if _is_clinics(id_)}


def _is_clinics(id_: str) -> bool:
    return not id_.isdecimal() or int(id_) >= _FIRST_OF_CLINIC


def _is_same(facet: Facet, before: str, now: str, fingerprints: Fingerprints) -> bool:
    if facet == "providers":
        return fingerprints.is_of(before, _folded(now)) is True
    return _folded(before) == _folded(now)


def _folded(name: str) -> str:
    """Without case and blanks: another way to write a name is no other name."""
    return "".join(name.casefold().split())


def _texts(stored: Any) -> dict[str, str]:
    items = stored.items() if isinstance(stored, dict) else ()
    return {str(key): value for key, value in items if isinstance(value, str)}


def _strings(stored: list[Any]) -> list[str]:
    return [item for item in stored if isinstance(item, str)]
