-- PARAMS: $1 user_id text, $2 limit bigint
-- COLUMNS: kind text, value text, since bigint
SELECT kind, value, ps_ms(created_at) AS since FROM mute
WHERE user_id = $1 AND NOT snooze AND (until IS NULL OR until > now())
LIMIT $2;
