-- PARAMS: $1 incident text, $2 route integer, $3 instance text, $4 outbox boolean, $5 repeat_ms bigint, $6 cause text, $7 present_ms bigint, $8 claim text
-- COLUMNS: times integer, raised_at bigint, thread_ts text
-- Claims the alert for an incident, or its repeat repeat_ms after its delivery; no row: another program reported it. outbox: an outbox row
-- carries the message, under a new key for each message. Repeats go below the first message in Slack.
-- present_ms: for how long this program has seen the incident. A program that has not noticed the all-clear yet must not raise the
-- incident again, so what it saw must have begun after that.
-- claim: the name of this claim. If the record has it, the claim was stored and its answer was lost: nothing changes, and the program gets
-- the same answer. Without this, the program would report the incident by another route too.
INSERT INTO alarms AS a (incident, route, told_by, cause, message_key, claim)
VALUES ($1, $2, $3, $6, CASE WHEN $4::boolean THEN 'alarm:' || $1 || ':' || ps_ms(now()) END, $8)
ON CONFLICT (incident) DO UPDATE
SET (slack_ts, slack_channel, raised_at, times, told_at, seen_at, confirmed_at, route, told_by, cause, message_key, claim, cleared_at) = (
    SELECT a.slack_ts, a.slack_channel, a.raised_at, a.times, a.told_at, now(), a.confirmed_at, a.route, a.told_by, a.cause, a.message_key,
        a.claim, a.cleared_at
    WHERE a.claim = $8 AND a.cleared_at IS NULL
    UNION ALL
    SELECT CASE WHEN a.cleared_at IS NULL THEN
            coalesce(a.slack_ts, (SELECT o.slack_ts FROM outbox o WHERE o.dedupe_key = a.message_key)) END,
        CASE WHEN a.cleared_at IS NULL THEN
            coalesce(a.slack_channel, (SELECT o.slack_channel FROM outbox o WHERE o.dedupe_key = a.message_key)) END,
        CASE WHEN a.cleared_at IS NULL THEN a.raised_at ELSE now() END,
        CASE WHEN a.cleared_at IS NULL THEN a.times + 1 ELSE 1 END,
        now(), now(), NULL, excluded.route, excluded.told_by, excluded.cause, excluded.message_key, excluded.claim, NULL
    WHERE (a.claim = $8 AND a.cleared_at IS NULL) IS NOT TRUE)
WHERE (a.claim = $8 AND a.cleared_at IS NULL)
  OR (greatest(a.told_at, a.confirmed_at) <= now() - $5::bigint * interval '1 ms'
      AND (a.cleared_at IS NULL OR a.cleared_at < now() - $7::bigint * interval '1 ms'))
RETURNING a.times, ps_ms(a.raised_at) AS raised_at, coalesce(a.slack_ts, '') AS thread_ts;
