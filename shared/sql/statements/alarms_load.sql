-- PARAMS: none
-- COLUMNS: incident text, raised boolean, confirmed boolean, notified_ago_ms bigint, seen_ago_ms bigint, route integer, times integer, slack_ts text, slack_channel text, raised_at bigint
-- The alarm records. An alarm that went through the outbox is confirmed once its row was sent or given up; Slack's name of its
-- message is in that row until the alarm is cleared. notified_ago_ms: since it was claimed or, later, delivered. Ages instead of times, because the clocks of two machines differ.
SELECT a.incident, a.cleared_at IS NULL AS raised,
    a.confirmed_at IS NOT NULL OR coalesce(o.sent_at, o.dead_at) IS NOT NULL AS confirmed,
    (extract(epoch FROM now() - greatest(a.told_at, a.confirmed_at, o.sent_at)) * 1000)::bigint AS notified_ago_ms,
    (extract(epoch FROM now() - a.seen_at) * 1000)::bigint AS seen_ago_ms,
    a.route, a.times, coalesce(a.slack_ts, o.slack_ts) AS slack_ts, coalesce(a.slack_channel, o.slack_channel) AS slack_channel,
    ps_ms(a.raised_at) AS raised_at
FROM alarms a LEFT JOIN outbox o ON o.dedupe_key = a.message_key;
