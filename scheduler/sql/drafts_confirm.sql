-- PARAMS: $1 results jsonb
-- COLUMNS: none
-- The drafts among the controls that the site still has.
UPDATE discovered d
SET confirmed_at = now()
FROM jsonb_to_recordset($1::jsonb) AS r (url text, outcome text)
WHERE d.url = r.url AND r.outcome LIKE 'hit%';
