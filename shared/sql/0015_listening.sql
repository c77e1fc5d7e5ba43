-- What people say to us in Slack, from the moment it is heard until its answer lies in the outbox.

CREATE TABLE heard (
    event_id    text PRIMARY KEY,     -- Slack's event_id, or "/" and the trigger_id of a slash command: said again is known again
    said        text NOT NULL UNIQUE, -- the message itself: two events (app_mention and message) may tell of one
    place       text NOT NULL,        -- direct group channel
    user_id     text NOT NULL,
    channel     text NOT NULL,        -- where the answer goes
    thread_ts   text,
    words       text NOT NULL,        -- emptied once answered
    heard_at    timestamptz NOT NULL DEFAULT now(),
    tried_at    timestamptz NOT NULL DEFAULT now(),
    tries       integer NOT NULL DEFAULT 1,
    answered_at timestamptz
);
CREATE INDEX heard_open ON heard (tried_at) WHERE answered_at IS NULL;
CREATE INDEX heard_answered ON heard (answered_at);

-- The first statement of every transaction that answers: what the command changes, its answer and this are one. PS002: answered before.
CREATE FUNCTION ps_heard_take(event text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE heard SET answered_at = now(), words = '' WHERE event_id = event AND answered_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'answered before' USING ERRCODE = 'PS002';
    END IF;
END $$;

-- One message of the answer, ready to be queued by the leader: nothing bundles it with others.
CREATE FUNCTION ps_heard_answer(event text, part integer, body text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE row_id bigint;
BEGIN
    INSERT INTO outbox (dedupe_key, kind, channel, data, trace, thread_ts, message_id)
        SELECT 'reply:' || event || ':' || part, 'reply', channel, '{}', event, thread_ts, 'r' FROM heard WHERE event_id = event
        RETURNING id INTO row_id;
    UPDATE outbox SET message_id = 'o' || row_id, message_text = body WHERE id = row_id;
END $$;

-- Watchlists, for Slack and for `paperscout-notifier watchlist` alike: what became of it, done, same or full. The lock makes the count of
-- entries hold for two commands at once.
CREATE FUNCTION ps_watch_add(who text, what text, most integer) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('watchlist'), hashtext(who));
    IF EXISTS (SELECT FROM watchlist WHERE user_id = who AND entry = what) THEN
        RETURN 'same';
    END IF;
    IF (SELECT count(*) FROM watchlist WHERE user_id = who) >= most THEN
        RETURN 'full';
    END IF;
    INSERT INTO watchlist (user_id, entry) VALUES (who, what);
    RETURN 'done';
END $$;
CREATE FUNCTION ps_watch_remove(who text, what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM watchlist WHERE user_id = who AND entry = what;
    RETURN CASE WHEN FOUND THEN 'done' ELSE 'same' END;
END $$;
