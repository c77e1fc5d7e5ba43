-- PARAMS: $1 user_id text
-- COLUMNS: kind text, value text, watched boolean, quiet boolean, snooze boolean, until_ms bigint
-- A person's watches by kind, then what is only muted or snoozed.
SELECT kind, value, watched, quiet, snooze, ps_ms(until) AS until_ms FROM watch_now
WHERE user_id = $1
ORDER BY NOT watched, array_position(ARRAY['number', 'paper', 'author', 'subgroup', 'pattern', 'all'], kind),
    CASE WHEN kind = 'number' THEN value::bigint END, value;
