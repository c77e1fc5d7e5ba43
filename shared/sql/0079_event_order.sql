-- One person's commands take effect in the order in which they were given, whichever notifier received each: Slack hands the events of
-- a person to any of them. PS003: an earlier command is not answered yet; the notifier tries again soon. A command that nobody answers
-- (its notifier was killed, or had no room for it in a flood) holds up the later ones of its person for 15 seconds at most.
CREATE FUNCTION ps_event_take(event text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE given heard;
BEGIN
    SELECT * INTO given FROM heard WHERE event_id = event;
    IF EXISTS (SELECT FROM heard earlier
               WHERE earlier.user_id = given.user_id AND earlier.answered_at IS NULL
                 AND (earlier.heard_at, earlier.event_id) < (given.heard_at, given.event_id)
                 AND earlier.heard_at > now() - interval '15 seconds') THEN
        RAISE EXCEPTION 'an earlier command of this person is not answered' USING ERRCODE = 'PS003';
    END IF;
    PERFORM ps_heard_take(event);
END $$;
