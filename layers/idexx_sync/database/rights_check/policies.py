"""Policies of what is ours, against those that migrations have made."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from idexx_sync.database.rights_check.facts import AUDITS, KEYS, Finding, Policy, Relation, Who
from idexx_sync.database.rights_check.relations import used

READERS: Final = frozenset({"user_has_clinic_access(clinic_id)", "is_super_admin()"})
"""By what a policy shows audits to users: members their clinic's, super admins all."""
NARROWS: Final = "may hide rows from our own roles"


def wrong_policies(
    policies: Iterable[Policy], relations: Mapping[str, Relation], who: Who
) -> Iterator[Finding]:
    users: dict[str, set[str]] = {}
    for relation, role, verbs in used(relations):
        if verbs.keys() != {"REFERENCES"}:
            users.setdefault(relation.name, set()).add(role)
    for policy in policies:
        if relations[policy.relation].is_ours:
            may_see = users.get(policy.relation, set()) | who.administrators
            strangers = {*policy.roles} - may_see
            if not policy.is_permissive or (strangers and not _is_for_readers(policy, strangers)):
                named = ", ".join(sorted(strangers))
                does = f"shows rows to {named}" if policy.is_permissive else NARROWS
                yield (
                    policy.relation,
                    f"the policy {policy.name} {does} and must not; "
                    f"run: DROP POLICY {policy.name} ON {policy.relation}",
                )


def _is_for_readers(policy: Policy, strangers: set[str]) -> bool:
    if strangers == {"service_role"}:
        return policy.relation in (KEYS, AUDITS)
    reads = policy.relation == AUDITS and policy.verb == "r" and policy.shows in READERS
    return reads and strangers == {"authenticated"}
