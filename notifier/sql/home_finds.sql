-- PARAMS: $1 user_id text, $2 limit bigint
-- COLUMNS: id text, url text, title text, by text, reason text, at bigint
-- A person's newest matches, for the App Home.
SELECT coalesce(data->>'id', '') AS id, coalesce(data->>'url', '') AS url, coalesce(data->>'title', '') AS title,
    coalesce(data->>'by', '') AS by, coalesce(data->>'reason', '') AS reason, ps_ms(coalesce(sent_at, created_at)) AS at
FROM outbox
WHERE channel = $1 AND kind = 'watchlist' AND data ? 'id' AND dead_reason IS NULL
ORDER BY outbox.id DESC LIMIT $2;
