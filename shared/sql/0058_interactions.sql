-- Buttons, menus and modals of Slack are commands like typed ones, and answers can be shown in place, to one person alone.
--
-- source says how a command came (message, home, modal); NULL: a program of the version before stored it. response_url is Slack's
-- address for an answer in place. It is valid for half an hour and lets anybody who has it post there, so it goes when it was used.
ALTER TABLE heard ADD COLUMN source text, ADD COLUMN response_url text;
ALTER TABLE outbox ADD COLUMN response_url text;

-- As ps_heard_store. A second click is another event (another trigger_id) and the same interaction: said_as begins with "!" then, and a
-- row of the last five seconds makes it a duplicate. Later the same button means it again: mute, unmute, mute.
CREATE FUNCTION ps_event_store(event text, said_as text, at_place text, who text, in_channel text, thread text, typed text, most integer,
                               from_source text, url text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE stored text;
BEGIN
    IF said_as LIKE '!%' THEN
        PERFORM pg_advisory_xact_lock(hashtext('interaction'), hashtext(said_as));
        UPDATE heard SET said = event_id WHERE said = said_as AND heard_at < now() - interval '5 seconds' AND event_id <> event;
    END IF;
    stored := ps_heard_store(event, said_as, at_place, who, in_channel, thread, typed, most);
    IF stored = 'fresh' THEN
        UPDATE heard SET source = from_source, response_url = url WHERE event_id = event;
    END IF;
    RETURN stored;
END $$;

-- As ps_heard_answer. What was done in the App Home is answered by the Home itself, which is published again.
CREATE FUNCTION ps_event_answer(event text, part integer, body text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM heard WHERE event_id = event AND source = 'home') THEN
        RETURN;
    END IF;
    PERFORM ps_heard_answer(event, part, body);
    UPDATE outbox o SET response_url = h.response_url FROM heard h
        WHERE h.event_id = event AND h.response_url IS NOT NULL AND o.dedupe_key = 'reply:' || event || ':' || part;
END $$;
