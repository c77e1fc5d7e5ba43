-- PARAMS: $1 event_id text
-- COLUMNS: none
-- Locks an event for this transaction and marks it as answered. Fails if another notifier answered it, and with PS003 while an
-- earlier event of the same person is not answered. Every transaction that answers an event begins with this, so a command takes
-- effect once, and in its order.
SELECT ps_event_take($1);
