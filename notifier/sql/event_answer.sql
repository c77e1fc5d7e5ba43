-- PARAMS: $1 event_id text, $2 part integer, $3 text text
-- COLUMNS: none
-- Adds one message of the answer to the outbox.
SELECT ps_event_answer($1, $2::integer, $3);
