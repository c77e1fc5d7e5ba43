-- PARAMS: $1 seconds bigint, $2 bucket bigint
-- COLUMNS: history text
-- The finished cycles of the last `seconds` for the charts of the page: one JSON object with the columns of "day"
-- (scheduler/page/README.md). The cycles that began within the same `bucket` seconds are one element: their sums, the longest cycle
-- and the worst status. Without any cycle the sums have one column of zeros, beside an empty "at".
WITH c AS (
    SELECT floor(extract(epoch FROM started_at) / $2::bigint)::bigint * $2::bigint AS at, number, status,
        extract(epoch FROM finished_at - started_at)::float8 AS seconds, coalesce(summary, '{}') AS s, coalesce(failures, '{}') AS f
    FROM cycles WHERE status <> 'running' AND started_at > now() - make_interval(secs => $1::bigint)),
b AS (
    SELECT at, count(*) AS cycles, min(number) AS number, max(seconds) AS seconds,
        CASE WHEN bool_or(status = 'failed') THEN 'failed' WHEN bool_or(status = 'success') THEN 'success' ELSE 'empty' END AS status
    FROM c GROUP BY at),
o AS (
    SELECT name, json_agg(total ORDER BY at) AS totals FROM (
        SELECT n.name, c.at, coalesce(sum((c.s->>n.key)::bigint), 0) AS total
        FROM (VALUES ('hit_recent', 'hit_recent'), ('hit_old', 'hit_old'), ('hit_no_lm', 'hit_no_lm'), ('miss', 'miss'),
            ('suspect', 'suspect'), ('deferred', 'deferred'), ('error', 'errors')) AS n (name, key) LEFT JOIN c ON true
        GROUP BY 1, 2) AS sums
    GROUP BY name),
f AS (
    SELECT name, json_agg(total ORDER BY at) AS totals FROM (
        SELECT n.name, c.at, coalesce(sum((c.f->>n.name)::bigint), 0) AS total
        FROM (VALUES ('RATE_LIMIT'), ('TIMEOUT'), ('NETWORK'), ('CONFIGURATION'), ('UNKNOWN')) AS n (name) LEFT JOIN c ON true
        GROUP BY 1, 2) AS sums
    GROUP BY name)
SELECT json_build_object('cycles', coalesce(sum(cycles), 0), 'merged', 1, 'bucket', $2::bigint,
    'number', coalesce(json_agg(number ORDER BY at), '[]'), 'at', coalesce(json_agg(at ORDER BY at), '[]'),
    'seconds', coalesce(json_agg(seconds ORDER BY at), '[]'), 'status', coalesce(json_agg(status ORDER BY at), '[]'),
    'counts', coalesce(json_agg(cycles ORDER BY at), '[]'), 'outcomes', (SELECT json_object_agg(name, totals) FROM o),
    'failures', (SELECT json_object_agg(name, totals) FROM f))::text AS history
FROM b;
