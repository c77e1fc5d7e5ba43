-- PARAMS: $1 rows jsonb
-- COLUMNS: none
-- Watched numbers and authors from the Python service.
INSERT INTO watchlist (user_id, entry, created_at, name_key)
SELECT user_id, entry, ps_time(created_ms), name_key
FROM jsonb_to_recordset($1::jsonb) AS r (user_id text, kind text, entry text, name_key text, created_ms bigint)
WHERE kind IN ('number', 'paper', 'author')
ON CONFLICT (user_id, entry) DO NOTHING;
