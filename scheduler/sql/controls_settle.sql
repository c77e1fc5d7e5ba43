-- PARAMS: $1 results jsonb
-- COLUMNS: cycle bigint, url text, outcome text
-- Answers of controls and rechecks. Answers those that were open.
UPDATE controls c
SET outcome = r.outcome, last_modified = r.last_modified, etag = r.etag,
    content_length = r.content_length, answered_at = ps_time(r.answered)
FROM jsonb_to_recordset($1::jsonb) AS r (cycle bigint, url text, outcome text, last_modified text,
    etag text, content_length bigint, answered bigint)
WHERE c.cycle = r.cycle AND c.url = r.url AND c.outcome IS NULL
RETURNING c.cycle, c.url, c.outcome;
