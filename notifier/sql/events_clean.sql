-- PARAMS: $1 days integer
-- COLUMNS: none
-- Events that were answered this many days ago. Until then they make a repeated event a duplicate.
DELETE FROM heard WHERE answered_at < now() - make_interval(days => $1);
