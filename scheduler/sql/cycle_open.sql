-- PARAMS: $1 number bigint, $2 epoch bigint, $3 planned integer, $4 hot integer, $5 cold integer, $6 skipped_discovered integer, $7 skipped_in_index integer, $8 started bigint, $9 deadline bigint, $10 silent boolean
-- COLUMNS: none
-- Opens a cycle. A silent one announces nothing: the first cycle of all finds what everybody knows already.
INSERT INTO cycles (number, epoch, silent, planned, hot_probes, cold_probes, skipped_discovered,
    skipped_in_index, started_at, deadline)
VALUES ($1, $2, $10, $3, $4, $5, $6, $7, ps_time($8), ps_time($9));
