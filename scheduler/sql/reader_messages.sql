-- PARAMS: $1 ids jsonb
-- COLUMNS: id text, people bigint, channels bigint, waiting bigint, first_sent_at bigint, last_sent_at bigint
-- The messages about documents. People and channels only as counts: the page is for everybody, and names neither.
SELECT data->>'id' AS id,
    count(DISTINCT channel) FILTER (WHERE kind = 'watchlist' AND sent_at IS NOT NULL) AS people,
    count(DISTINCT channel) FILTER (WHERE kind <> 'watchlist' AND sent_at IS NOT NULL) AS channels,
    count(*) FILTER (WHERE sent_at IS NULL AND dead_at IS NULL) AS waiting,
    ps_ms(min(sent_at)) AS first_sent_at, ps_ms(max(sent_at)) AS last_sent_at
FROM outbox WHERE data->>'id' = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb)))
GROUP BY 1
ORDER BY max(sent_at) DESC NULLS LAST, 1 LIMIT 20;
