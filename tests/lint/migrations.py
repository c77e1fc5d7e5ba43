"""Migrations after the baseline only add: a program of the version before goes on working on the newer tables, so that a rolling
upgrade runs both. A statement that breaks a rule in letter and keeps it in spirit has a comment before it: -- compatible: why.
No argument; prints what breaks a rule."""
import hashlib
import re
import sys
from pathlib import Path

SQL = Path(__file__).resolve().parents[2] / "shared/sql"
BASELINE = {  # released: never changed again
    "0001_tables.sql": "691d28651b2d27cda8dd8574ff31958229941a39e45fc864812efc207a21f4aa", "0002_redis_run.sql": "a84dcd2292cf9ea20e757b85a4190cd0d3d94307eef2bcc6909c294cbc760549", "0003_controls.sql": "f7eaa228622b5a4cf6371a29e625b5397dacb3f04b04f5684ae99c535481ec78",
    "0004_hot_done.sql": "da78cbce26b95060512adbf786d6fd5786524e6ba7f844fa3514d3bb4a8d7c6f", "0005_draft_changes.sql": "93508ed43152ebc747688841d7d07d8a5f9657fe41b535f786f3db3f7c97200c", "0006_index_version.sql": "bc2a70fda0d98f35e90dd4852df3f5480bb2d15a74bad84e11aa4042fc00af63",
}
RULES = (
    (r"\bDROP\s+(?!NOT\s+NULL\b|DEFAULT\b)", "nothing is dropped"),
    (r"\bRENAME\b", "nothing is renamed"),
    (r"\bALTER\s+(COLUMN\s+)?\S+\s+(SET\s+DATA\s+)?TYPE\b", "no type is changed"),
    (r"\bSET\s+NOT\s+NULL\b", "a column that may be NULL stays so"),
    (r"\bADD\s+COLUMN\b(?![^,;]*\bDEFAULT\b)[^,;]*\b(NOT\s+NULL|PRIMARY\s+KEY)\b", "a column that must be filled needs a default"),
    (r"\bADD\s+(CONSTRAINT|CHECK|UNIQUE|PRIMARY|FOREIGN)\b", "no new rule for rows of a table that is there"),
    (r"\b(TRUNCATE|DELETE\s+FROM)\b", "nothing is deleted"),
)
COMPATIBLE = re.compile(r"--\s*compatible:\s*\S+")


def statements(text):
    """(statement without comments and function bodies, whether it is said to be compatible)"""
    text = re.sub(r"\$\$.*?\$\$", "''", text, flags=re.S)
    for part in text.split(";"):
        said = bool(COMPATIBLE.search(part))
        yield re.sub(r"--[^\n]*", "", part).strip(), said


def made_before(text):
    return set(re.findall(r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:TABLE|FUNCTION|VIEW)\s+(\w+)", text, re.I))


def faults_of(name, text, known):
    """known: tables, functions and views that earlier migrations made."""
    own = made_before(text) - known
    for statement, said in statements(text):
        if said:
            continue
        short = " ".join(statement.split())[:100]
        for pattern, rule in RULES:
            if re.search(pattern, statement, re.I):
                yield f"{name}: {rule}: {short}"
        unique = re.match(r"CREATE\s+UNIQUE\s+INDEX\b.*?\bON\s+(\w+)", statement, re.I | re.S)
        if unique and unique[1] not in own:
            yield f"{name}: no new rule for rows of a table that is there: {short}"
        again = re.match(r"CREATE\s+OR\s+REPLACE\s+(?:FUNCTION|VIEW)\s+(\w+)", statement, re.I)
        if again and again[1] not in own:
            yield f"{name}: {again[1]} is what the version before calls: {short}"


def check():
    known = set()
    for path in sorted(SQL.glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        if path.name in BASELINE:
            if hashlib.sha256(text.encode()).hexdigest() != BASELINE[path.name]:
                yield f"{path.name}: was released, and is not what it was"
        elif path.name[:4] <= max(BASELINE)[:4]:
            yield f"{path.name}: comes before the baseline"
        else:
            yield from faults_of(path.name, text, known)
        known |= made_before(text)


def self_test():
    """Planted wrongs must be found, planted rights must not."""
    known = {"cycles", "ps_fence"}
    wrong = ("DROP TABLE cycles", "ALTER TABLE cycles DROP COLUMN error", "ALTER TABLE cycles RENAME COLUMN error TO fault",
             "ALTER TABLE cycles ALTER COLUMN number TYPE integer", "ALTER TABLE cycles ALTER error SET DATA TYPE varchar",
             "ALTER TABLE cycles ALTER COLUMN error SET NOT NULL", "ALTER TABLE cycles ADD COLUMN more text NOT NULL",
             "ALTER TABLE cycles ADD CONSTRAINT one CHECK (planned > 0)", "TRUNCATE cycles", "delete from cycles",
             "CREATE UNIQUE INDEX one ON cycles (epoch)", "CREATE OR REPLACE FUNCTION ps_fence(mine bigint) RETURNS void",
             "-- compatible\nDROP TABLE cycles")
    right = ("CREATE TABLE more (number bigint NOT NULL UNIQUE)", "ALTER TABLE cycles ADD COLUMN more text",
             "ALTER TABLE cycles ADD COLUMN more text NOT NULL DEFAULT ''", "CREATE INDEX more ON cycles (epoch)",
             "ALTER TABLE cycles ALTER COLUMN error DROP NOT NULL", "-- DROP TABLE cycles\nSELECT 1",
             "CREATE FUNCTION f() RETURNS void AS $$ BEGIN DELETE FROM cycles; END $$", "UPDATE cycles SET error = ''",
             "-- compatible: widened\nALTER TABLE cycles DROP CONSTRAINT one",
             "CREATE TABLE fresh (a int); CREATE UNIQUE INDEX b ON fresh (a)")
    for text in wrong:
        if not list(faults_of("x", text, known)):
            yield f"migrations.py: does not see: {text}"
    for text in right:
        yield from (f"migrations.py: wrongly refuses: {fault}" for fault in faults_of("x", text, known))


def main():
    faults = [*self_test(), *check()]
    print("\n".join(f"migrations: {fault}" for fault in faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
