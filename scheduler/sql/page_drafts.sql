-- PARAMS: $1 most bigint
-- COLUMNS: url text, paper_id text, tier text, outcome text, last_modified text, title text, authors text, discovered_at bigint, updated_at bigint, gone_at bigint
-- The latest drafts.
SELECT url, paper_id, tier, outcome, last_modified, title, authors,
    ps_ms(discovered_at) AS discovered_at, ps_ms(updated_at) AS updated_at, ps_ms(gone_at) AS gone_at
FROM discovered
ORDER BY discovered_at DESC
LIMIT $1;
