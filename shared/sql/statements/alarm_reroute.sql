-- PARAMS: $1 incident text, $2 route integer, $3 instance text, $4 confirm_ms bigint, $5 claim text
-- COLUMNS: times integer, raised_at bigint, thread_ts text
-- Claims an alert whose delivery nobody confirmed for confirm_ms, to send it by the next route, which has no outbox row; no row:
-- another program did. claim: as in alarm_claim.sql, which repeats it if its answer is lost.
UPDATE alarms a SET route = $2, told_by = $3, told_at = now(), message_key = NULL, claim = $5
WHERE incident = $1 AND cleared_at IS NULL AND confirmed_at IS NULL AND route < $2
  AND told_at < now() - $4::bigint * interval '1 ms'
RETURNING a.times, ps_ms(a.raised_at) AS raised_at, coalesce(a.slack_ts, '') AS thread_ts;
