-- PARAMS: $1 event_id text
-- COLUMNS: none
-- Locks an event for this transaction and marks it as answered; fails if another notifier answered it. Every transaction that
-- answers an event begins with this, so a command takes effect once.
SELECT ps_heard_take($1);
