"""Roles: what they are, and which of them lead to the rights of another one."""

from collections.abc import Iterator
from typing import Final

from idexx_sync.database.rights import MEMBER_OF, RIGHTS
from idexx_sync.database.rights_check.facts import OWNER, PLATFORM, Finding, Membership, Role, Who
from idexx_sync.database.rights_check.statements import left

ALL_DATA: Final = frozenset({"pg_read_all_data", "pg_write_all_data"})
SERVER: Final = frozenset(
    {"pg_read_server_files", "pg_write_server_files", "pg_execute_server_program"}
)
"""Members of these can make themselves whatever they like."""
ATTRIBUTES: Final = frozenset(
    {"SUPERUSER", "LOGIN", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS"}
)


def wrong_roles(who: Who) -> Iterator[Finding]:
    for name in RIGHTS:
        if name not in who.roles:
            yield name, f"there is no such role; run: CREATE ROLE {name} NOLOGIN"
    for name, role in sorted(who.roles.items()):
        if name not in who.administrators:
            for what in _too_strong(role, who):
                yield name, what
    # Whoever gives something away that it was given itself comes last: it must have taken it back.
    for edge in sorted(who.memberships, key=lambda e: (e.grantor in who.administrators, e)):
        if edge.member not in who.administrators and not edge.member.startswith("pg_"):
            if edge.gives_rights:
                yield from _wrong_membership(edge, who)
            yield from _making_members(edge, who)
    yield from _lacking(who)
    yield from _of_several(who)


def _too_strong(role: Role, who: Who) -> Iterator[str]:
    beyond = role.attributes - _fit(role.name, who)
    if beyond:
        mended = " ".join(f"NO{attribute}" for attribute in sorted(beyond))
        yield f"has attributes that it must not have; run: ALTER ROLE {role.name} {mended}"
    elif "BYPASSRLS" in role.attributes and role.holds_all_data:
        yield (
            "may read or write every row of every table, ours too; "
            f"run: ALTER ROLE {role.name} NOBYPASSRLS"
        )


def _fit(name: str, who: Who) -> frozenset[str]:
    if name in RIGHTS:
        return frozenset()
    if name == "service_role":
        return frozenset({"BYPASSRLS", "LOGIN"})
    return frozenset({"LOGIN"}) if name in PLATFORM or _serves(name, who) else ATTRIBUTES


def _serves(name: str, who: Who) -> bool:
    """Whether it is a login of a part of the service; whoever migrates may be more than ours."""
    return bool(who.logins.get(name, frozenset()) - {OWNER})


def _wrong_membership(edge: Membership, who: Who) -> Iterator[Finding]:
    role, member = edge.role, edge.member
    if member in RIGHTS:
        if role not in MEMBER_OF.get(member, ()):
            yield member, f"has the rights of {role}, too; {left(edge)}"
    elif role in RIGHTS:
        if not who.is_login(member):
            through = ", ".join(who.members_of(member))
            besides = f", and through it {through}" if through else ""
            yield role, f"{member} is a member of it{besides}; {left(edge)}"
    elif role in who.logins or role in who.administrators or role in SERVER:
        yield role, f"{member} is a member of it, and may all that it may; {left(edge)}"
    elif member in PLATFORM or member in who.logins:
        beyond = _beyond(edge, who)
        if beyond:
            yield member, f"has the rights of {beyond}, too; {left(edge)}"


def _making_members(edge: Membership, who: Who) -> Iterator[Finding]:
    """Whoever may make members of a role of ours, or of a login of the service, may be one."""
    if edge.may_be_handed_on and (edge.role in RIGHTS or edge.role in who.logins):
        mended = f"REVOKE ADMIN OPTION FOR {edge.role} FROM {edge.member} GRANTED BY {edge.grantor}"
        yield edge.role, f"{edge.member} may make itself and others members of it; run: {mended}"


def _beyond(edge: Membership, who: Who) -> str:
    """What the membership leads to that neither the platform's roles nor our logins must have."""
    reached = who.reached_from(edge.role)
    strong = {*RIGHTS, *who.logins, *who.administrators, *ALL_DATA, *SERVER}
    if edge.member in who.logins:
        strong |= {*PLATFORM}
    return ", ".join(sorted(reached & strong))


def _lacking(who: Who) -> Iterator[Finding]:
    held = {(edge.member, edge.role) for edge in who.memberships if edge.gives_rights}
    for member, roles in MEMBER_OF.items():
        for role in sorted(roles):
            if {member, role} <= who.roles.keys() and (member, role) not in held:
                yield member, f"lacks the rights of {role}; run: GRANT {role} TO {member}"


def _of_several(who: Who) -> Iterator[Finding]:
    """Whoever gets hold of such a login has what two parts of the service need."""
    for login, given in sorted(who.logins.items()):
        within = {part for one in given for part in MEMBER_OF.get(one, ())}
        first, *others = sorted(given - within) or sorted(given)
        for edge in who.memberships:
            if edge.member == login and edge.role in others:
                yield (
                    login,
                    f"has the rights of {first} and of {edge.role}, which are for a login role "
                    f"each; {left(edge)}",
                )
