-- PARAMS: none
-- COLUMNS: number bigint, silent boolean, planned integer, hot_probes integer, cold_probes integer, skipped_discovered integer, skipped_in_index integer, started_at bigint, deadline bigint, hot_done boolean
-- The running cycle; no row: none runs.
SELECT number, silent, planned, hot_probes, cold_probes, skipped_discovered, skipped_in_index,
    ps_ms(started_at) AS started_at, ps_ms(deadline) AS deadline, hot_done
FROM cycles
WHERE status = 'running';
