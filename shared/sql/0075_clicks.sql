-- Stores an inbound event, as ps_event_store did, which is kept for the version before.
--
-- A second click is another event (another trigger_id) of the same interaction: said_as begins with "!" then. It counts as a duplicate
-- only for five seconds, and only while the person has sent nothing else. Without the second condition the last of the quick clicks
-- mute, unmute, mute was dropped as a duplicate of the first one, and the paper stayed unmuted.
CREATE INDEX heard_person ON heard (user_id, heard_at);

CREATE FUNCTION ps_event_insert(event text, said_as text, at_place text, who text, in_channel text, thread text, typed text, most integer,
                                from_source text, url text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE stored text;
BEGIN
    IF said_as LIKE '!%' THEN
        PERFORM pg_advisory_xact_lock(hashtext('interaction'), hashtext(said_as));
        UPDATE heard first SET said = event_id
            WHERE said = said_as AND event_id <> event
              AND (heard_at < now() - interval '5 seconds'
                   OR EXISTS (SELECT FROM heard later WHERE later.user_id = who AND later.heard_at > first.heard_at));
    END IF;
    stored := ps_heard_store(event, said_as, at_place, who, in_channel, thread, typed, most);
    IF stored = 'fresh' THEN
        UPDATE heard SET source = from_source, response_url = url WHERE event_id = event;
    END IF;
    RETURN stored;
END $$;
