-- PARAMS: $1 epoch bigint
-- COLUMNS: none
-- The first statement of each transaction of a leader. Fails with PS001 if a newer epoch is stored, so that a former
-- leader changes nothing (guarantee 2). Shares the lock of the row meta: a new leader waits for the old one's last transaction.
SELECT ps_fence($1::bigint) AS fence;
