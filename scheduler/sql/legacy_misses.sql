-- PARAMS: none
-- COLUMNS: count bigint
SELECT count(*) AS count FROM probe_miss_counts;
