-- PARAMS: $1 epoch bigint
-- COLUMNS: none
-- The fence of a transaction that changes meta. Takes the row's lock for writing at once: two transactions that shared it
-- first and wanted to write then would wait for each other until PostgreSQL ended one of them (40P01).
SELECT ps_fence_meta($1::bigint) AS fence;
