-- PARAMS: $1 incident text, $2 outbox boolean, $3 unseen_ms bigint
-- COLUMNS: times integer, raised_at bigint, thread_ts text, delivered boolean
-- Ends the record of an incident that no program has seen for unseen_ms; no row: another program did. outbox: an outbox row
-- carries the all-clear. delivered: people got the alert.
WITH old AS (
    SELECT *, confirmed_at IS NOT NULL
        OR EXISTS (SELECT FROM outbox o WHERE o.dedupe_key = message_key AND o.sent_at IS NOT NULL) AS delivered
    FROM alarms WHERE incident = $1 FOR UPDATE)
UPDATE alarms a
SET cleared_at = now(),
    slack_ts = coalesce(a.slack_ts, (SELECT o.slack_ts FROM outbox o WHERE o.dedupe_key = a.message_key)),
    message_key = CASE WHEN $2::boolean THEN 'alarm:' || a.incident || ':over:' || ps_ms(now()) END
FROM old
WHERE a.incident = $1 AND a.cleared_at IS NULL AND a.seen_at < now() - $3::bigint * interval '1 ms'
RETURNING a.times, ps_ms(a.raised_at) AS raised_at, coalesce(a.slack_ts, '') AS thread_ts, old.delivered;
