-- Slack's own id of the channel a message went to, by which it can be updated; and for a message that updates another one: which, and its
-- whole new text (message_text is what is said instead where that is refused).
ALTER TABLE outbox ADD COLUMN slack_channel text;
ALTER TABLE outbox ADD COLUMN update_ts text, ADD COLUMN update_channel text, ADD COLUMN update_text text;
