-- PARAMS: none
-- COLUMNS: none
-- Something was imported: draws a new epoch, so that the present leader is fenced and the next one reads all of it.
SELECT ps_fence(nextval('leader_epoch')) AS fence
WHERE EXISTS (SELECT FROM papers WHERE xmin::text::bigint = txid_current() % 4294967296) OR EXISTS (SELECT FROM
    discovered WHERE xmin::text::bigint = txid_current() % 4294967296);
