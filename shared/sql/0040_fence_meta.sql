-- The fence of a leader's transaction that changes meta. ps_fence shares the row's lock; two transactions of one leader that share
-- it and then write wait for each other, until PostgreSQL ends one of them (40P01). This one takes the lock for writing at once.
CREATE FUNCTION ps_fence_meta(mine bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE newest bigint;
BEGIN
    SELECT epoch INTO newest FROM meta FOR NO KEY UPDATE;
    IF newest > mine THEN
        RAISE EXCEPTION 'a newer epoch exists: % > %', newest, mine USING ERRCODE = 'PS001';
    END IF;
    IF newest < mine THEN
        UPDATE meta SET epoch = mine;
    END IF;
END $$;
