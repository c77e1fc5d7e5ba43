-- What every program does about alarms beside a leader's fenced writes, by name: none of it is a write of a leader, so that a look at the
-- statements of a leader that lost the lease finds its writes alone.

-- The proof that PostgreSQL takes writes; answers the encoding of the database.
CREATE FUNCTION ps_write_check() RETURNS text LANGUAGE sql VOLATILE AS $$
    UPDATE write_check SET checked_at = now() RETURNING current_setting('server_encoding')
$$;

-- Some program sees these incidents now.
CREATE FUNCTION ps_alarms_seen(names text[]) RETURNS void LANGUAGE sql VOLATILE AS $$
    UPDATE alarms SET seen_at = now() WHERE incident = ANY (names) AND cleared_at IS NULL
$$;
