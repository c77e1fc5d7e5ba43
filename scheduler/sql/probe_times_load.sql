-- PARAMS: none
-- COLUMNS: prefix text, number integer, revision integer, ext text, asked_at bigint
-- When the adaptive planner's candidates were probed last.
SELECT prefix, number, revision, ext, ps_ms(asked_at) AS asked_at
FROM probe_times;
