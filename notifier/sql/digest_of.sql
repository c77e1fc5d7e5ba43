-- PARAMS: $1 user_id text
-- COLUMNS: minute integer, zone text
-- A person's daily digest; no row: none.
SELECT minute, coalesce(zone, 'UTC') AS zone FROM digest WHERE user_id = $1;
