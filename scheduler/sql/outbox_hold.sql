-- PARAMS: $1 most integer
-- COLUMNS: held integer
-- Writes down until when a snooze or a digest holds rows back, for at most $1 rows whose time has come, so that the next looks
-- need not read them. Comes before outbox_unbundled.
SELECT ps_hold_rows($1::integer) AS held;
