-- PARAMS: $1 number bigint, $2 epoch bigint, $3 started bigint, $4 error text
-- COLUMNS: none
-- A cycle that could not be run because there is no index. Never replaces one that was.
INSERT INTO cycles (number, epoch, status, silent, planned, hot_probes, cold_probes,
    skipped_discovered, skipped_in_index, started_at, deadline, finished_at, error)
VALUES ($1, $2, 'failed', false, 0, 0, 0, 0, 0, ps_time($3), now(), now(), $4)
ON CONFLICT (number) DO NOTHING;
