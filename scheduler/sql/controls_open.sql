-- PARAMS: $1 cycle bigint, $2 controls jsonb
-- COLUMNS: none
-- The controls of a cycle and the drafts that are probed again in it: [{url, kind}, ...].
INSERT INTO controls (cycle, url, kind)
SELECT $1::bigint, url, kind
FROM jsonb_to_recordset($2::jsonb) AS r (url text, kind text)
ON CONFLICT DO NOTHING;
