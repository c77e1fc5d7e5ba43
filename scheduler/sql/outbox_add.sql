-- PARAMS: $1 rows jsonb, $2 cycle bigint
-- COLUMNS: kind text, paper text, user_id text, trace text, draft_url text, draft_seen text, draft_modified text, date text
-- Adds facts for recipients: rows is [{dedupe_key, kind, channel, data, task, traceparent}, ...]. A dedupe key that exists adds nothing, so a
-- fact is announced once however often it is found. A row with a task is added only if that task is a probe of a cycle that is
-- neither silent (it began before any poll succeeded, so everything is new to it) nor disbelieved (its controls failed). The row waits
-- for the end of that cycle. A row without a task waits for the end of cycle $2, or for nothing if $2 is 0. The row of a transition gets
-- the time at which its draft was found, from the table discovered. Answers the rows that were added. A row of a webhook has the kind
-- "webhook" there, because the log reports the row of the channel.
INSERT INTO outbox (dedupe_key, kind, channel, data, cycle, trace, traceparent)
SELECT r.dedupe_key, r.kind, r.channel,
    CASE WHEN d.url IS NULL THEN r.data
         ELSE r.data || jsonb_build_object(
             'draft_seen', to_char(d.discovered_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
             'draft_modified', d.last_modified) END,
    CASE WHEN r.task IS NULL THEN nullif($2::bigint, 0) WHEN c.status = 'running' THEN c.number END,
    coalesce(r.task, 'poll:' || nullif($2::bigint, 0)), r.traceparent
FROM jsonb_to_recordset($1::jsonb) AS r (dedupe_key text, kind text, channel text, data jsonb, task text, traceparent text)
LEFT JOIN probes p ON p.task = r.task
LEFT JOIN cycles c ON c.number = p.cycle
LEFT JOIN discovered d ON d.url = r.data->>'draft_url'
WHERE r.task IS NULL OR NOT (c.silent OR c.disbelieved)
ON CONFLICT (dedupe_key) DO NOTHING
RETURNING CASE WHEN channel LIKE 'webhook:%' THEN 'webhook' ELSE kind END AS kind,
    data->>'id' AS paper, CASE WHEN kind = 'watchlist' THEN channel END AS user_id, trace,
    data->>'draft_url' AS draft_url, data->>'draft_seen' AS draft_seen, data->>'draft_modified' AS draft_modified,
    data->>'date' AS date;
