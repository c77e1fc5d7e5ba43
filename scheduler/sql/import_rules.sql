-- PARAMS: $1 rows jsonb
-- COLUMNS: none
-- Watched subgroups and the like from the Python service.
INSERT INTO watch_rule (user_id, kind, value, created_at)
SELECT user_id, kind, entry, ps_time(created_ms)
FROM jsonb_to_recordset($1::jsonb) AS r (user_id text, kind text, entry text, created_ms bigint)
WHERE kind IN ('subgroup', 'pattern')
ON CONFLICT DO NOTHING;
