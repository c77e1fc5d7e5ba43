-- PARAMS: $1 why text
-- COLUMNS: probing_paused_at bigint, why text, poll_wanted_at bigint
-- Pauses probing. A pause that lasts keeps its start and gets the new reason. Answers the wishes, as wishes_read does.
UPDATE meta
SET probing_paused_at = coalesce(probing_paused_at, now()), probing_paused_why = $1
RETURNING ps_ms(probing_paused_at) AS probing_paused_at, probing_paused_why AS why,
    ps_ms(poll_wanted_at) AS poll_wanted_at;
