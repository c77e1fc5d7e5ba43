-- PARAMS: $1 pattern text
-- COLUMNS: url text, outcome text, cycle bigint, discovered_at bigint, last_modified text, updated_at bigint, gone_at bigint, title text, authors text
-- What was found of a paper.
SELECT url, outcome, cycle, ps_ms(discovered_at) AS discovered_at, last_modified,
    ps_ms(updated_at) AS updated_at, ps_ms(gone_at) AS gone_at, title, authors
FROM discovered
WHERE paper_id ~ $1
ORDER BY discovered_at DESC, url
LIMIT 20;
