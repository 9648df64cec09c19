"""Views of others that show our rows with their owner's rights, past every policy."""

from collections.abc import Iterable, Iterator, Mapping

from idexx_sync.database.rights_check.facts import Finding, Grant, View, Who
from idexx_sync.database.rights_check.statements import taken_back


def wrong_views(
    views: Iterable[View], grants: Mapping[str, list[Grant]], who: Who
) -> Iterator[Finding]:
    for view in views:
        left_out = {view.owner, *who.administrators}
        given = [one for one in grants.get(view.name, ()) if one.role not in left_out]
        if not given:
            continue
        readers = ", ".join(sorted({one.role for one in given}))
        shows = f"shows {', '.join(view.over)} to {readers}"
        if not view.is_stored:
            yield (
                view.name,
                f"{shows} with the rights of {view.owner}; "
                f"run: ALTER VIEW {view.name} SET (security_invoker = true)",
            )
            continue
        for what in taken_back(given, f"TABLE {view.name}", view.owner):
            yield view.name, f"{shows}, as it was when it was last filled: {what}"
