-- PARAMS: none
-- COLUMNS: pid integer, application_name text
-- Who holds the lock of pg_lock.sql, 7881170011: pg_locks has its upper half as classid and its lower half as objid.
SELECT a.pid, a.application_name
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 1 AND l.objid = 3586202715 AND l.objsubid = 1
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
LIMIT 1;
