-- PARAMS: $1 incident text, $2 raised_at bigint, $3 notified_ago_ms bigint, $4 route integer, $5 instance text, $6 times integer, $7 confirmed boolean, $8 slack_ts text, $9 slack_channel text, $10 claim text
-- COLUMNS: none
-- A record that was kept in Redis or in a program while PostgreSQL took no writes. An all-clear that was given meanwhile is newer
-- and stays. Several programs may move one record; it arrives once. confirmed: it counts as delivered at the time of its alert, because the
-- interval to the next one counts from delivery; else the program that claimed it may have died before it sent anything, and the next
-- route is used. claim: its name there (NULL: unknown). slack_ts, slack_channel: of its first message ("": unknown).
INSERT INTO alarms AS a (incident, raised_at, told_at, route, told_by, times, confirmed_at, slack_ts, slack_channel, claim)
VALUES ($1, ps_time($2), now() - $3::bigint * interval '1 ms', $4, $5, $6,
    CASE WHEN $7::boolean THEN now() - $3::bigint * interval '1 ms' END, nullif($8, ''), nullif($9, ''), $10)
ON CONFLICT (incident) DO UPDATE
SET cleared_at = NULL, raised_at = CASE WHEN a.cleared_at IS NULL THEN a.raised_at ELSE excluded.raised_at END,
    told_at = greatest(a.told_at, excluded.told_at), times = excluded.times, route = excluded.route, claim = excluded.claim,
    confirmed_at = CASE WHEN a.cleared_at IS NULL AND a.claim IS NOT DISTINCT FROM excluded.claim
        THEN coalesce(a.confirmed_at, excluded.confirmed_at) ELSE excluded.confirmed_at END,
    slack_ts = CASE WHEN a.cleared_at IS NULL THEN coalesce(a.slack_ts,
        (SELECT o.slack_ts FROM outbox o WHERE o.dedupe_key = a.message_key), excluded.slack_ts) ELSE excluded.slack_ts END,
    slack_channel = CASE WHEN a.cleared_at IS NULL THEN coalesce(a.slack_channel,
        (SELECT o.slack_channel FROM outbox o WHERE o.dedupe_key = a.message_key), excluded.slack_channel) ELSE excluded.slack_channel END,
    message_key = NULL, seen_at = now()
WHERE a.cleared_at IS NULL OR a.cleared_at < excluded.raised_at;
