"""Which small changes are made to SQL."""

import pytest

from dev_tools.mutants.mutant import changed
from dev_tools.mutants.source import Source
from dev_tools.mutants.sql_sites import sql_mutants


def variants(sql: str, *, prefix: str = "", only_clinic: bool = False) -> set[str]:
    begin, end = f'Q = {prefix}"""', '"""\n'
    text = begin + sql + end
    return {
        changed(text, mutant.edits)[len(begin) : -len(end)]
        for mutant in sql_mutants(Source("store.py", text))
        if mutant.is_clinic or not only_clinic
    }


CLINIC = "clinic_id = %s"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (f"DELETE FROM t WHERE {CLINIC}", {f"DELETE FROM t WHERE ({CLINIC} OR true)"}),
        (
            f"SELECT a FROM t WHERE {CLINIC} AND a = 1 ORDER BY a",
            {f"SELECT a FROM t WHERE ({CLINIC} OR true) AND a = 1 ORDER BY a"},
        ),
        (
            "SELECT a FROM t JOIN u USING (clinic_id, b)",
            {"SELECT a FROM t JOIN u USING (b)"},
        ),
        ("SELECT a FROM t JOIN u USING (clinic_id)", {"SELECT a FROM t JOIN u ON true"}),
        (
            "SELECT a FROM t WHERE b AND NOT EXISTS "
            "(SELECT FROM u WHERE u.clinic_id = t.clinic_id)",
            {
                "SELECT a FROM t WHERE b AND NOT EXISTS "
                "(SELECT FROM u WHERE (u.clinic_id = t.clinic_id OR true))"
            },
        ),
        (
            "UPDATE t SET a = 1 WHERE a = 2 AND (clinic_id = %s OR clinic_id IS NULL)",
            {"UPDATE t SET a = 1 WHERE a = 2 AND ((clinic_id = %s OR clinic_id IS NULL) OR true)"},
        ),
        ("SELECT clinic_id FROM t WHERE a = 1", set()),
        (
            "DELETE FROM t WHERE clinic_id IS DISTINCT FROM %s",
            {"DELETE FROM t WHERE (clinic_id IS DISTINCT FROM %s OR true)"},
        ),
        (
            "(%(clinic_id)s IS NULL OR clinic_id = %(clinic_id)s)",
            {"((%(clinic_id)s IS NULL OR clinic_id = %(clinic_id)s) OR true)"},
        ),
        ("INSERT INTO t (clinic_id) VALUES (%s) ON CONFLICT (clinic_id) DO NOTHING", set()),
    ],
)
def test_a_statement_forgets_whose_row_it_is(sql: str, expected: set[str]) -> None:
    assert variants(sql, only_clinic=True) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT a FROM t WHERE a >= %s", "SELECT a FROM t WHERE a > %s"),
        ("SELECT a FROM t WHERE a OR b", "SELECT a FROM t WHERE a OR (b AND false)"),
        (
            "SELECT a FROM t WHERE a BETWEEN 1 AND 2 AND b",
            "SELECT a FROM t WHERE (a BETWEEN 1 AND 2 OR true) AND b",
        ),
        ("SELECT a FROM t LIMIT %s", "SELECT a FROM t LIMIT 1000 + %s"),
        ("SELECT a FROM t FOR NO KEY UPDATE NOWAIT", "SELECT a FROM t FOR NO KEY UPDATE "),
        ("SELECT a FROM t FOR UPDATE OF t", "SELECT a FROM t "),
        ("SELECT a FROM t ORDER BY a DESC, b", "SELECT a FROM t ORDER BY a ASC, b"),
        ("SELECT a FROM t ORDER BY a NULLS LAST", "SELECT a FROM t ORDER BY a DESC NULLS LAST"),
        (
            "SELECT coalesce(a, %s) FROM t",
            "SELECT (CASE WHEN true THEN a ELSE coalesce( %s) END) FROM t",
        ),
        ("SELECT a FROM t WHERE a IN ('x', 'y')", "SELECT a FROM t WHERE a IN ('y')"),
        (
            "UPDATE s.t SET a = %s, b = 2 WHERE c",
            "UPDATE s.t SET a = CASE WHEN true THEN t.a ELSE %s END, b = 2 WHERE c",
        ),
        (
            "INSERT INTO t AS k (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = EXCLUDED.a",
            "INSERT INTO t AS k (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET "
            "a = CASE WHEN true THEN k.a ELSE EXCLUDED.a END",
        ),
        (
            "SELECT CASE WHEN a AND b THEN 1 END FROM t",
            "SELECT CASE WHEN a AND (b OR true) THEN 1 END FROM t",
        ),
    ],
)
def test_a_statement_is_changed(sql: str, expected: str) -> None:
    assert expected in variants(sql)


def test_what_is_put_in_stays_whole() -> None:
    found = variants("SELECT a FROM t WHERE {_A} AND b = '{{x AND y}}'", prefix="f")
    assert found == {
        "SELECT a FROM t WHERE ({_A} OR true) AND b = '{{x AND y}}'",
        "SELECT a FROM t WHERE {_A} AND (b = '{{x AND y}}' OR true)",
    }


def test_a_literal_in_pieces_is_one_statement() -> None:
    text = 'Q = (\n    "UPDATE t SET a = 1 "\n    "WHERE clinic_id = %s AND b"\n)\n'
    found = {
        changed(text, mutant.edits)
        for mutant in sql_mutants(Source("store.py", text))
        if mutant.is_clinic
    }
    assert found == {text.replace("clinic_id = %s", "(clinic_id = %s OR true)")}


def test_what_is_no_statement_stays() -> None:
    assert variants("Choose where to go, and set out from there.") == set()
    assert list(sql_mutants(Source("a.py", '"""UPDATE t SET a = 1 WHERE b"""\n'))) == []
