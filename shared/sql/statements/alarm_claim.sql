-- PARAMS: $1 incident text, $2 route integer, $3 instance text, $4 outbox boolean, $5 repeat_ms bigint, $6 cause text, $7 present_ms bigint
-- COLUMNS: times integer, raised_at bigint, thread_ts text
-- Claims the alert for an incident, or its repeat repeat_ms after its delivery; no row: another program reported it. outbox: an outbox row
-- carries the message, under a new key for each message. Repeats go below the first message in Slack.
-- present_ms: for how long this program has seen the incident. A program that has not noticed the all-clear yet must not raise the
-- incident again, so what it saw must have begun after that.
INSERT INTO alarms AS a (incident, route, told_by, cause, message_key)
VALUES ($1, $2, $3, $6, CASE WHEN $4::boolean THEN 'alarm:' || $1 || ':' || ps_ms(now()) END)
ON CONFLICT (incident) DO UPDATE
SET slack_ts = CASE WHEN a.cleared_at IS NULL THEN
        coalesce(a.slack_ts, (SELECT o.slack_ts FROM outbox o WHERE o.dedupe_key = a.message_key)) END,
    slack_channel = CASE WHEN a.cleared_at IS NULL THEN
        coalesce(a.slack_channel, (SELECT o.slack_channel FROM outbox o WHERE o.dedupe_key = a.message_key)) END,
    raised_at = CASE WHEN a.cleared_at IS NULL THEN a.raised_at ELSE now() END,
    times = CASE WHEN a.cleared_at IS NULL THEN a.times + 1 ELSE 1 END,
    told_at = now(), seen_at = now(), cleared_at = NULL, confirmed_at = NULL,
    route = excluded.route, told_by = excluded.told_by, cause = excluded.cause, message_key = excluded.message_key
WHERE greatest(a.told_at, a.confirmed_at) <= now() - $5::bigint * interval '1 ms'
  AND (a.cleared_at IS NULL OR a.cleared_at < now() - $7::bigint * interval '1 ms')
RETURNING a.times, ps_ms(a.raised_at) AS raised_at, coalesce(a.slack_ts, '') AS thread_ts;
