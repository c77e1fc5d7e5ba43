-- PARAMS: none
-- COLUMNS: probing_paused_at bigint, why text, poll_wanted_at bigint
-- What an operator asked for.
SELECT ps_ms(probing_paused_at) AS probing_paused_at, coalesce(probing_paused_why, '') AS why,
    ps_ms(poll_wanted_at) AS poll_wanted_at
FROM meta;
