-- PARAMS: $1 epoch bigint
-- COLUMNS: none
-- The first statement of each transaction of a leader. Fails with PS001 if a newer epoch is stored, so that a former
-- leader changes nothing (guarantee 2). Takes meta's row FOR SHARE (ps_fence, shared/sql/0001_tables.sql): a newer epoch is stored by an
-- UPDATE, so a new leader waits until the old leader's last transaction has ended.
SELECT ps_fence($1::bigint) AS fence;
