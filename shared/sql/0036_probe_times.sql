-- When the adaptive planner's candidates were asked for last: a row for each name that the site answered for. One
-- statement per cycle writes it, from the ledger. Half-filled pages let PostgreSQL update rows in place.
CREATE TABLE probe_times (
    number   integer NOT NULL,
    revision integer NOT NULL,
    prefix   text NOT NULL,
    ext      text NOT NULL,
    asked_at timestamptz NOT NULL,
    PRIMARY KEY (number, revision, prefix, ext)
) WITH (fillfactor = 60);
