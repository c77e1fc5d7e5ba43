-- PARAMS: $1 pattern text, $2 limit bigint
-- COLUMNS: id text, author text, subgroup text, seen_at bigint, silent boolean
-- The papers whose ids match pattern. silent: already in the index before the first cycle that announced anything.
SELECT id, author, subgroup, ps_ms(first_seen_at) AS seen_at,
    EXISTS (SELECT FROM cycles c WHERE c.silent AND p.first_seen_at <= coalesce(c.finished_at, now())) AS silent
FROM papers p
WHERE id ~ $1
ORDER BY first_seen_at DESC, p.id DESC LIMIT $2;
