-- PARAMS: $1 user_id text, $2 pattern text, $3 limit bigint
-- COLUMNS: id text, by text, reason text, updated boolean, at bigint, sent_at bigint, dead_reason text
-- The messages to a person about ids that match pattern. Rows of the first version have by_author instead of by.
SELECT data->>'id' AS id,
    coalesce(data->>'by', CASE WHEN data->>'by_author' = 'true' THEN 'author' ELSE 'number' END) AS by,
    coalesce(data->>'reason', '') AS reason, data->>'updated' = 'true' AS updated, ps_ms(created_at) AS at,
    ps_ms(sent_at) AS sent_at, dead_reason
FROM outbox
WHERE channel = $1 AND kind = 'watchlist' AND data->>'id' ~ $2
ORDER BY outbox.id DESC LIMIT $3;
