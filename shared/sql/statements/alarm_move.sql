-- PARAMS: $1 incident text, $2 raised_at bigint, $3 notified_ago_ms bigint, $4 route integer, $5 instance text, $6 times integer
-- COLUMNS: none
-- A record that was kept in Redis or in a program while PostgreSQL took no writes. An all-clear that was given meanwhile is newer
-- and stays. Several programs may move one record; it arrives once. It counts as delivered at the time of its alert, because the interval
-- to the next one counts from delivery.
INSERT INTO alarms AS a (incident, raised_at, told_at, route, told_by, times, confirmed_at)
VALUES ($1, ps_time($2), now() - $3::bigint * interval '1 ms', $4, $5, $6, now() - $3::bigint * interval '1 ms')
ON CONFLICT (incident) DO UPDATE
SET cleared_at = NULL, raised_at = CASE WHEN a.cleared_at IS NULL THEN a.raised_at ELSE excluded.raised_at END,
    told_at = greatest(a.told_at, excluded.told_at), times = excluded.times,
    confirmed_at = coalesce(a.confirmed_at, excluded.confirmed_at), message_key = NULL, slack_ts = NULL, slack_channel = NULL,
    seen_at = now()
WHERE a.cleared_at IS NULL OR a.cleared_at < excluded.raised_at;
