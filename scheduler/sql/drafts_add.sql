-- PARAMS: $1 drafts jsonb
-- COLUMNS: url text, last_modified text
-- Stores hits of probes that are in the ledger of a cycle that is believed. Answers those that were new.
INSERT INTO discovered (url, paper_id, tier, outcome, last_modified, cycle, front_text, title, authors,
    etag, content_length, answered_at)
SELECT r.url, r.paper_id, r.tier, r.outcome, r.last_modified, r.cycle, r.front_text, r.title, r.authors,
    r.etag, r.content_length, ps_time(r.answered)
FROM jsonb_to_recordset($1::jsonb) AS r (task text, url text, paper_id text, tier text, outcome text,
    last_modified text, cycle bigint, front_text text, title text, authors text, etag text,
    content_length bigint, answered bigint)
WHERE EXISTS (SELECT 1 FROM probes p JOIN cycles c ON c.number = p.cycle WHERE p.task = r.task
    AND p.url = r.url AND NOT c.disbelieved)
ON CONFLICT (url) DO NOTHING
RETURNING url, last_modified;
