#!/usr/bin/env python3
"""On a real PostgreSQL: what a program of the version before reads and writes is still there, as it was, after each
migration since. (tests/lint/migrations.py looks at their text; tests/skew/run.sh runs the programs.)"""
import re
import unittest
from pathlib import Path

from rig import RigCase

SQL = Path(__file__).resolve().parents[2] / "shared/sql"
BASELINE = "0006"
# A function that does the same in another way; tests/lint/migrations.py wants the reason too.
COMPATIBLE = re.compile(r"^-- compatible: \S.*\nCREATE OR REPLACE FUNCTION (\w+)", re.M)

COLUMNS = """SELECT table_name || '.' || column_name AS name, data_type AS type, is_nullable = 'YES' AS optional,
    column_default IS NOT NULL OR is_identity = 'YES' AS filled FROM information_schema.columns WHERE table_schema = 'public'"""
FUNCTIONS = """SELECT p.oid::regprocedure::text || ' ' || pg_get_function_result(p.oid) AS name, md5(prosrc) AS body
    FROM pg_proc p WHERE pronamespace = 'public'::regnamespace"""
RULES = """SELECT conrelid::regclass || ': ' || pg_get_constraintdef(oid) AS rule FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace UNION ALL
    SELECT tablename || ': ' || regexp_replace(indexdef, ' INDEX \\S+', '') FROM pg_indexes
    WHERE schemaname = 'public' AND indexdef LIKE 'CREATE UNIQUE%'"""


class Migrations(RigCase):
    def state(self, postgres):
        return ({row["name"]: row for row in postgres.query(COLUMNS)},
                {row["name"]: row["body"] for row in postgres.query(FUNCTIONS)},
                {row["rule"] for row in postgres.query(RULES)})

    def test_they_only_add(self):
        postgres = self.make_fleet().postgres
        postgres.start()
        paths = sorted(SQL.glob("*.sql"))
        self.assertGreater(len(paths), 6)
        before = None
        for path in paths:
            text = path.read_text(encoding="utf-8")
            postgres.execute(text)
            after = self.state(postgres)
            if before is not None:
                self.compare(path.name, before, after, set(COMPATIBLE.findall(text)))
            if path.name[:4] >= BASELINE:
                before = after

    def compare(self, migration, before, after, compatible):
        tables = {name.partition(".")[0] for name in before[0]}
        for name, column in before[0].items():
            now = after[0].get(name)
            self.assertIsNotNone(now, f"{migration}: {name} is gone")
            self.assertEqual(now["type"], column["type"], f"{migration}: {name}")
            if column["optional"]:
                self.assertTrue(now["optional"], f"{migration}: {name} must be filled now")
            if column["filled"]:
                self.assertTrue(now["filled"], f"{migration}: {name} has lost its default")
        for name, column in after[0].items():
            if name not in before[0] and name.partition(".")[0] in tables:
                self.assertTrue(column["optional"] or column["filled"],
                                f"{migration}: {name} is filled by no older program")
        for name, body in before[1].items():
            if name.partition("(")[0] in compatible:
                self.assertIn(name, after[1], f"{migration}: {name} has other arguments or another result")
            else:
                self.assertEqual(after[1].get(name), body, f"{migration}: {name} is another")
        fresh = {rule for rule in after[2] - before[2] if rule.partition(":")[0] in tables}
        self.assertEqual(fresh, set(), f"{migration}: new rules for rows of a table that was there")


if __name__ == "__main__":
    unittest.main()
