-- PARAMS: none
-- COLUMNS: last_poll bigint
SELECT (last_poll * 1000)::bigint AS last_poll FROM poll_state;
