-- PARAMS: $1 days integer, $2 most integer
-- COLUMNS: rows integer
-- Deletes what is older than its retention, at most $2 rows of one table. Answers how many; 0 when nothing is left. Rows about
-- papers and drafts lose their text only (0050_retention.sql).
SELECT CASE WHEN outbox.rows > 0 THEN outbox.rows ELSE ps_prune_cycles($1::integer, $2::integer) END AS rows
FROM (SELECT ps_prune_outbox($1::integer, $2::integer) AS rows OFFSET 0) AS outbox;
