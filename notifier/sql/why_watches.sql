-- PARAMS: $1 user_id text, $2 limit bigint
-- COLUMNS: kind text, value text, since bigint
-- A person's watches, with their ages: a watch matches nothing that was found before it.
SELECT CASE WHEN entry = '*' THEN 'all' WHEN entry ~ '^[0-9]+$' THEN 'number' WHEN entry ~ '^[A-Z]+[0-9]+$' THEN 'paper'
    ELSE 'author' END AS kind, entry AS value, ps_ms(created_at) AS since
FROM watchlist WHERE user_id = $1
UNION ALL
SELECT kind, value, ps_ms(created_at) FROM watch_rule WHERE user_id = $1 AND kind = 'subgroup'
LIMIT $2;
