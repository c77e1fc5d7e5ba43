-- PARAMS: $1 url text, $2 most bigint
-- COLUMNS: url text, title text, authors text, outcome text, last_modified text, found_ms bigint, changed_ms bigint, gone_ms bigint
-- The drafts whose URL follows that one: the next slice for the library.
SELECT url, coalesce(title, '') AS title, coalesce(authors, '') AS authors, outcome, coalesce(last_modified, '') AS last_modified,
  ps_ms(discovered_at) AS found_ms, ps_ms(updated_at) AS changed_ms, ps_ms(gone_at) AS gone_ms
FROM discovered
WHERE url > $1::text
ORDER BY url
LIMIT $2::bigint;
