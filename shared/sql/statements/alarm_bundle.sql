-- PARAMS: $1 incident text
-- COLUMNS: none
-- The outbox row of the alarm is a message of its own. Any leader may queue it; the relay must not bundle it with other rows.
UPDATE outbox SET message_id = 'o' || id, message_text = data->>'text'
WHERE message_id IS NULL AND dedupe_key = (SELECT message_key FROM alarms WHERE incident = $1);
