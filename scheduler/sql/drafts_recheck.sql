-- PARAMS: $1 drafts jsonb
-- COLUMNS: url text, what integer
-- Stores what the site said about drafts that were found before: [{url, what, event, last_modified, etag, ...}, ...].
UPDATE discovered d
SET checked_at = now(), last_modified = r.last_modified, etag = r.etag, content_length = r.content_length,
    answered_at = ps_time(r.answered), updated_at = CASE WHEN r.event = 'updated' THEN now()
    ELSE d.updated_at END, gone_at = CASE WHEN r.event = 'gone' THEN now() WHEN r.event IN ('updated',
    'back') THEN NULL ELSE d.gone_at END
FROM jsonb_to_recordset($1::jsonb) AS r (url text, what integer, event text, last_modified text,
    etag text, content_length bigint, answered bigint)
WHERE d.url = r.url
RETURNING d.url, r.what;
