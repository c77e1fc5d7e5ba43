-- What people watch beyond numbers and authors, what they do not want to hear of, and when they want to hear.

CREATE TABLE watch_rule (
    user_id    text NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('subgroup', 'pattern')),
    value      text NOT NULL,         -- a subgroup in lower case; a pattern as typed
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, kind, value)
);

-- Muted: matches are not told. Snoozed: they wait until it is over.
CREATE TABLE mute (
    user_id    text NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('number', 'author', 'subgroup', 'pattern', 'all')),
    value      text NOT NULL,         -- '' for all
    snooze     boolean NOT NULL,
    until      timestamptz,           -- NULL: until unmuted
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, kind, value)
);

-- One message a day, at a minute of the day (UTC), for those who asked for it.
CREATE TABLE digest (
    user_id     text PRIMARY KEY,
    minute      integer NOT NULL CHECK (minute BETWEEN 0 AND 1439),
    released_at timestamptz           -- "digest now"
);

CREATE INDEX outbox_person ON outbox (channel, id) WHERE kind = 'watchlist';

-- Does what a person muted or snoozed concern a match (the data of its outbox row)?
CREATE FUNCTION ps_mute_concerns(mute_kind text, mute_value text, data jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT mute_kind = 'all'
        OR (mute_kind = 'number' AND mute_value = coalesce(data->>'number', ''))
        OR (mute_kind = coalesce(data->>'by', CASE WHEN data->>'by_author' = 'true' THEN 'author' ELSE 'number' END)
            AND mute_value = data->>'reason')
$$;

-- When the digest that was due last was due.
CREATE FUNCTION ps_digest_due(minute integer, now timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (date_trunc('day', (now AT TIME ZONE 'UTC') - make_interval(mins => minute)) + make_interval(mins => minute)) AT TIME ZONE 'UTC'
$$;

-- Is this match to be kept for later? What a digest gives was settled before it was due: what comes late is for the next.
CREATE FUNCTION ps_match_waits(person text, data jsonb, created timestamptz, in_cycle bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM mute m WHERE m.user_id = person AND m.snooze AND m.until > now() AND ps_mute_concerns(m.kind, m.value, data))
        OR EXISTS (SELECT FROM digest d WHERE d.user_id = person
            AND coalesce(CASE WHEN in_cycle IS NULL THEN created
                ELSE (SELECT CASE WHEN c.status = 'running' THEN 'infinity' ELSE c.finished_at END FROM cycles c WHERE c.number = in_cycle) END,
                created) >= greatest(ps_digest_due(d.minute, now()), d.released_at))
$$;

CREATE FUNCTION ps_rule_add(who text, what_kind text, what text, most integer) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('watchlist'), hashtext(who));
    IF EXISTS (SELECT FROM watch_rule WHERE user_id = who AND kind = what_kind AND value = what) THEN
        RETURN 'same';
    END IF;
    IF (SELECT count(*) FROM watch_rule WHERE user_id = who) >= most THEN
        RETURN 'full';
    END IF;
    INSERT INTO watch_rule (user_id, kind, value) VALUES (who, what_kind, what);
    RETURN 'done';
END $$;
CREATE FUNCTION ps_rule_remove(who text, what_kind text, what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM watch_rule WHERE user_id = who AND kind = what_kind AND value = what;
    RETURN CASE WHEN FOUND THEN 'done' ELSE 'same' END;
END $$;

-- What was matched before and is not on its way yet is muted too: it stays in the outbox as given up, so that it is known and not told.
CREATE FUNCTION ps_mute_set(who text, what_kind text, what text, later boolean, until_ms bigint, most integer) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('watchlist'), hashtext(who));
    DELETE FROM mute WHERE user_id = who AND until <= now();
    IF (SELECT count(*) FROM mute WHERE user_id = who AND NOT (kind = what_kind AND value = what)) >= most THEN
        RETURN 'full';
    END IF;
    INSERT INTO mute (user_id, kind, value, snooze, until) VALUES (who, what_kind, what, later, ps_time(nullif(until_ms, 0)))
        ON CONFLICT (user_id, kind, value) DO UPDATE SET snooze = excluded.snooze, until = excluded.until, created_at = now();
    IF NOT later THEN
        UPDATE outbox SET message_id = 'o' || id, dead_at = now(), dead_reason = 'muted'
            WHERE channel = who AND kind = 'watchlist' AND message_id IS NULL AND ps_mute_concerns(what_kind, what, data);
    END IF;
    RETURN 'done';
END $$;
CREATE FUNCTION ps_mute_end(who text, what_kind text, what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM mute WHERE user_id = who AND (what_kind = 'all' OR (kind = what_kind AND value = what));
    RETURN CASE WHEN FOUND THEN 'done' ELSE 'same' END;
END $$;

CREATE FUNCTION ps_digest_daily(who text, at_minute integer) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM digest WHERE user_id = who AND minute = at_minute) THEN
        RETURN 'same';
    END IF;
    INSERT INTO digest (user_id, minute) VALUES (who, at_minute) ON CONFLICT (user_id) DO UPDATE SET minute = excluded.minute;
    RETURN 'done';
END $$;
CREATE FUNCTION ps_digest_off(who text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM digest WHERE user_id = who;
    RETURN CASE WHEN FOUND THEN 'done' ELSE 'same' END;
END $$;
CREATE FUNCTION ps_digest_now(who text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM outbox WHERE channel = who AND kind = 'watchlist' AND message_id IS NULL) THEN
        RETURN 'same';
    END IF;
    UPDATE digest SET released_at = clock_timestamp() WHERE user_id = who;
    RETURN CASE WHEN FOUND THEN 'done' ELSE 'same' END;
END $$;

-- Everything a person watches or is quiet about now: what the scheduler matches with and what people are shown.
CREATE VIEW watched AS
    SELECT user_id, kind, value, w.value IS NOT NULL AS watched, m.value IS NOT NULL AS quiet, m.snooze, m.until
    FROM (SELECT user_id, CASE WHEN entry ~ '^[0-9]+$' THEN 'number' ELSE 'author' END AS kind, entry AS value FROM watchlist
          UNION ALL SELECT user_id, kind, value FROM watch_rule) w
    FULL JOIN (SELECT * FROM mute WHERE until IS NULL OR until > now()) m USING (user_id, kind, value);
