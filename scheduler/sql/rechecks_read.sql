-- PARAMS: $1 cycle bigint
-- COLUMNS: url text, paper_id text, tier text, front_text text, title text, authors text, gone boolean, last_modified text, etag text, content_length bigint, answered_at bigint, now_outcome text, now_last_modified text, now_etag text, now_content_length bigint, now_answered_at bigint
-- The drafts that the cycle probed again and got an answer for, by paper: what was stored before, and what the site said now.
SELECT d.url, d.paper_id, d.tier, d.front_text, d.title, d.authors, d.gone_at IS NOT NULL AS gone,
    d.last_modified, d.etag, d.content_length, ps_ms(d.answered_at) AS answered_at,
    c.outcome AS now_outcome, c.last_modified AS now_last_modified, c.etag AS now_etag,
    c.content_length AS now_content_length, ps_ms(c.answered_at) AS now_answered_at
FROM controls c
  JOIN discovered d USING (url)
WHERE c.cycle = $1 AND c.outcome IS NOT NULL
ORDER BY d.paper_id, d.url;
