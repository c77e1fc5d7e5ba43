-- PARAMS: $1 names text
-- COLUMNS: none
-- This program still sees these incidents ("{a,b}"), so nobody gives the all-clear for them.
SELECT ps_alarms_seen($1::text::text[]);
