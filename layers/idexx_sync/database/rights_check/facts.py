"""What Postgres says of rights, as values. Names are as a statement has to write them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from idexx_sync.database.rights import RIGHTS

Finding = tuple[str, str]
"""Where, and what is wrong there with what mends it."""

OUTSIDERS: Final = ("PUBLIC", "anon", "authenticated")
"""Whoever holds the web application's public key is one of them."""
PLATFORM: Final = (*OUTSIDERS, "service_role", "authenticator")
OWNER: Final = "idexx_sync_migrate"
SCHEMA: Final = "idexx_sync"
KEYS, AUDITS = "public.clinic_api_keys", "public.case_sync_audits"


class Grant(NamedTuple):
    place: str
    """Relation, routine, schema or database."""
    column: str | None
    """None: the whole of it."""
    role: str
    verb: str
    grantor: str
    may_be_handed_on: bool


class Membership(NamedTuple):
    role: str
    member: str
    grantor: str
    may_be_handed_on: bool
    gives_rights: bool
    """Else it only lets the member make members, as the one who has made a role may."""


@dataclass(frozen=True, slots=True)
class Role:
    name: str
    attributes: frozenset[str]
    """SUPERUSER, LOGIN, CREATEROLE, CREATEDB, REPLICATION, BYPASSRLS."""
    holds_all_data: bool
    """Has the rights of Postgres's own role that reads, or of the one that writes, every table."""


@dataclass(frozen=True, slots=True)
class Relation:
    name: str
    kind: str
    """As in `pg_class.relkind`."""
    owner: str
    follows_a_table: bool
    """A sequence of a column: whose the table is, it is."""
    has_row_security: bool
    columns: frozenset[str]
    """Those of the system included."""
    shown_to: frozenset[str]
    """Roles that a policy shows every row."""

    @property
    def is_ours(self) -> bool:
        """ODIS may have a table of its own by the name of our audits: that has no job."""
        if self.name == AUDITS:
            return "job_id" in self.columns
        return self.name == KEYS or self.name.startswith(f"{SCHEMA}.")

    @property
    def what(self) -> str:
        return f"{'SEQUENCE' if self.kind == 'S' else 'TABLE'} {self.name}"


class Policy(NamedTuple):
    relation: str
    name: str
    roles: tuple[str, ...]
    verb: str
    """As in `pg_policy.polcmd`."""
    is_permissive: bool
    shows: str
    """Its expression, names of the schema `public` bare."""


class Routine(NamedTuple):
    signature: str
    name: str
    owner: str
    kind: str
    is_ours: bool
    is_led: bool
    """Has its owner's rights, and looks names up wherever its caller says."""


class View(NamedTuple):
    name: str
    is_stored: bool
    owner: str
    over: tuple[str, ...]
    """Our relations whose rows it shows with its owner's rights."""


class Place(NamedTuple):
    name: str
    owner: str
    kind: str
    """SCHEMA or DATABASE."""


class Default(NamedTuple):
    of: str
    """Role whose new objects get it."""
    schema: str | None
    kind: str
    """TABLES, FUNCTIONS …"""
    role: str
    verb: str


@dataclass(frozen=True, slots=True)
class Who:
    """The cluster's roles; `administrators` may do anything, and are left out of all findings."""

    roles: Mapping[str, Role]
    memberships: tuple[Membership, ...]
    administrators: frozenset[str]
    logins: Mapping[str, frozenset[str]] = field(init=False)
    """Login role -> the roles of ours that it was given."""

    def __post_init__(self) -> None:
        given: dict[str, frozenset[str]] = {}
        for edge in self.memberships:
            if edge.gives_rights and edge.role in RIGHTS and self.is_login(edge.member):
                given[edge.member] = given.get(edge.member, frozenset()) | {edge.role}
        object.__setattr__(self, "logins", given)

    def is_login(self, name: str) -> bool:
        """Whether it may be given a role of ours."""
        others = {*PLATFORM, *RIGHTS, *self.administrators}
        return name not in others and "LOGIN" in self.roles[name].attributes

    def reached_from(self, role: str) -> frozenset[str]:
        """The role, and all that it is a member of by whatever way."""
        found, waiting = {role}, [role]
        while waiting:
            member = waiting.pop()
            new = {edge.role for edge in self.memberships if edge.member == member} - found
            found |= new
            waiting += new
        return frozenset(found)

    def members_of(self, role: str) -> list[str]:
        """All who reach the role, administrators left out."""
        known = {edge.member for edge in self.memberships} - {role} - self.administrators
        return sorted(member for member in known if role in self.reached_from(member))
