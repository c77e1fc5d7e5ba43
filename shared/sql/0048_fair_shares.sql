-- One person's commands must not hold up what others wait for: each answer takes a second of the channel that it goes to.
CREATE INDEX outbox_reply_open ON outbox (trace) WHERE kind = 'reply' AND sent_at IS NULL AND dead_at IS NULL;
CREATE INDEX heard_open_channel ON heard (user_id, channel) WHERE answered_at IS NULL;

-- Stores a command. 'fresh'; 'duplicate' for one that is stored already, under its id or as the same message; 'slow' when the person has
-- as many commands in this channel (most) that are not answered, or whose answers are not sent: it is not stored.
CREATE FUNCTION ps_heard_store(event text, said_as text, at_place text, who text, in_channel text, thread text, typed text, most integer)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM heard WHERE event_id = event OR said = said_as) THEN
        RETURN 'duplicate';
    END IF;
    IF (SELECT count(*) FROM heard WHERE user_id = who AND channel = in_channel AND answered_at IS NULL)
       + (SELECT count(*) FROM outbox o JOIN heard h ON h.event_id = o.trace
          WHERE o.kind = 'reply' AND o.sent_at IS NULL AND o.dead_at IS NULL AND h.user_id = who AND h.channel = in_channel) >= most THEN
        RETURN 'slow';
    END IF;
    INSERT INTO heard (event_id, said, place, user_id, channel, thread_ts, words)
        VALUES (event, said_as, at_place, who, in_channel, thread, typed) ON CONFLICT DO NOTHING;
    RETURN CASE WHEN FOUND THEN 'fresh' ELSE 'duplicate' END;
END $$;

-- Patterns that took too long to match (scheduler/core/watch_match.h). The scheduler does not match them; whoever removes one and adds it
-- again has it tried once more.
CREATE TABLE watch_suspended (
    user_id      text NOT NULL,
    value        text NOT NULL,
    suspended_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, value)
);
CREATE FUNCTION ps_watch_suspend(who text, what text, body text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE row_id bigint;
BEGIN
    INSERT INTO watch_suspended (user_id, value) VALUES (who, what) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    INSERT INTO outbox (dedupe_key, kind, channel, data, message_id)
        VALUES ('suspended:' || who || ':' || what || ':' || extract(epoch FROM clock_timestamp()), 'reply', who, '{}', 'r') RETURNING id INTO row_id;
    UPDATE outbox SET message_id = 'o' || row_id, message_text = body WHERE id = row_id;
END $$;
CREATE FUNCTION ps_watch_resume() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM watch_suspended WHERE user_id = OLD.user_id AND value = OLD.value;
    RETURN NULL;
END $$;
CREATE TRIGGER watch_resume AFTER DELETE ON watch_rule FOR EACH ROW WHEN (OLD.kind = 'pattern') EXECUTE FUNCTION ps_watch_resume();
