"""What the migration for identities learns from what was read before it."""

import json
from typing import Any

from psycopg import Connection

from idexx_sync.database.migrations import migrations_in
from tests.kit.clinic import add_clinic

UNDONE = """
    ALTER TABLE idexx_sync.clinic_settings
        DROP COLUMN identity, DROP COLUMN identity_version, DROP COLUMN identity_learned_at,
        DROP COLUMN identity_refused, DROP COLUMN identity_refused_since,
        DROP COLUMN identity_refused_at
"""
CONFIGURATIONS = {
    "known": {"rooms": [{"id": "3", "name": "A"}, {"id": "4", "name": ""}, 7, {"id": None}]},
    "nameless": {"rooms": [{"id": "3", "name": ""}]},
    "odd": [[], 7],
    "none": None,
}


def test_r08_rooms_that_were_read_before_are_what_a_company_is_known_by(
    conn: Connection[tuple[Any, ...]],
) -> None:
    clinics = {name: add_clinic(conn) for name in CONFIGURATIONS}
    (migration,) = [one for one in migrations_in() if one.name == "014_company_identity"]

    with conn.transaction(force_rollback=True):
        conn.execute(UNDONE)
        for name, configuration in CONFIGURATIONS.items():
            conn.execute(
                "UPDATE idexx_sync.clinic_settings SET neo_configuration = %s WHERE clinic_id = %s",
                (None if configuration is None else json.dumps(configuration), clinics[name]),
            )
        conn.execute(migration.sql)
        found = {
            clinic_id: (identity, version)
            for clinic_id, identity, version in conn.execute(
                "SELECT clinic_id, identity, identity_version FROM idexx_sync.clinic_settings"
            )
        }

    assert {name: found[clinic_id] for name, clinic_id in clinics.items()} == {
        "known": ({"rooms": {"3": "A"}}, 1),
        "nameless": (None, 0),
        "odd": (None, 0),
        "none": (None, 0),
    }
