-- PARAMS: $1 pattern text, $2 limit bigint
-- COLUMNS: url text, id text, at bigint, cycle bigint, title text, authors text, silent boolean, old boolean, modified text
-- The drafts whose ids match pattern. silent: found in a cycle that announces nothing. old: older than ALERT_MODIFIED_HOURS.
SELECT url, paper_id AS id, ps_ms(discovered_at) AS at, cycle, title, authors,
    coalesce((SELECT silent FROM cycles WHERE number = d.cycle), false) AS silent, outcome = 'hit_old' AS old,
    last_modified AS modified
FROM discovered d
WHERE paper_id ~ $1
ORDER BY discovered_at DESC LIMIT $2;
