-- PARAMS: $1 drafts jsonb
-- COLUMNS: none
-- Drafts from the Python service. What is stored already stays.
INSERT INTO discovered (url, paper_id, tier, outcome, last_modified, cycle, discovered_at, confirmed_at)
SELECT url, paper_id, 'cold', CASE WHEN last_modified IS NULL THEN 'hit_no_lm' ELSE 'hit_old' END, last_modified,
    0, ps_time(discovered_ms), ps_time(discovered_ms)
FROM jsonb_to_recordset($1::jsonb) AS r (url text, paper_id text, last_modified text, discovered_ms bigint)
ON CONFLICT (url) DO NOTHING;
