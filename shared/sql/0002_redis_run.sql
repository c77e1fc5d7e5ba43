-- The Redis process that holds what was queued: another one may have started from an older snapshot.
ALTER TABLE meta ADD COLUMN redis_run_id text;
