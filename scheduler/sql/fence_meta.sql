-- PARAMS: $1 epoch bigint
-- COLUMNS: none
-- The fence of a transaction that changes meta. Takes the row FOR NO KEY UPDATE (shared/sql/0040_fence_meta.sql). If two
-- transactions hold the shared lock and both want to write, each waits for the other until PostgreSQL ends one of them (40P01).
SELECT ps_fence_meta($1::bigint) AS fence;
