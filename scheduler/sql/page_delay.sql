-- PARAMS: none
-- COLUMNS: drafts bigint, median bigint, p90 bigint
-- From a draft's upload to its message, of the drafts of the last 30 days for which both times are known: their number, and the
-- times in ms, NULL for none.
SELECT count(*) AS drafts,
    (1000 * percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds))::bigint AS median,
    (1000 * percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds))::bigint AS p90
FROM (
    SELECT extract(epoch FROM o.sent_at - (o.data->>'modified')::timestamptz) AS seconds
    FROM discovered d
    JOIN outbox o ON o.dedupe_key = 'draft:' || d.url
    WHERE d.discovered_at > now() - interval '30 days' AND o.sent_at IS NOT NULL
      AND o.data->>'modified' IS NOT NULL) AS news;
