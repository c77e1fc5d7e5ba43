-- PARAMS: $1 most bigint, $2 share bigint
-- COLUMNS: message_id text, kind text, channel text, message_text text, thread_ts text, created_at bigint, trace text, update_ts text, update_channel text, update_text text, much boolean, response_url text, traceparent text
-- Messages to push to the list, urgent ones first. One channel takes one message a second: unchecked, its messages would fill the
-- list for an hour, and everybody else's would wait meanwhile. So the first message of a channel comes before the second of any
-- other, and one above its channel's share of the list is marked (much): the last tenth of the list is not for it.
WITH listed AS (
    SELECT channel, count(*) AS count FROM outbox
    WHERE message_text IS NOT NULL AND queued_at IS NOT NULL AND sent_at IS NULL AND dead_at IS NULL
    GROUP BY channel),
turns AS (
    SELECT id, channel, kind IN ('ops_alert', 'ops_recovery') AS urgent,
        row_number() OVER (PARTITION BY channel ORDER BY kind IN ('ops_alert', 'ops_recovery') DESC, id) AS turn
    FROM outbox
    WHERE message_text IS NOT NULL AND queued_at IS NULL AND sent_at IS NULL AND dead_at IS NULL),
next AS (
    SELECT t.id, t.urgent, t.turn, t.channel ~ '^[DUW][A-Z0-9]+$' AS direct,
        NOT t.urgent AND t.turn + coalesce(l.count, 0) > $2::bigint AS much
    FROM turns t
    LEFT JOIN listed l ON l.channel = t.channel
    ORDER BY t.urgent DESC, much, t.turn, direct DESC, t.id
    LIMIT $1)
SELECT message_id, kind, o.channel, message_text, thread_ts, ps_ms(created_at) AS created_at, trace,
    update_ts, update_channel, update_text, much, response_url, traceparent
FROM next
JOIN outbox o ON o.id = next.id
ORDER BY next.urgent DESC, much, next.turn, direct DESC, o.id;
