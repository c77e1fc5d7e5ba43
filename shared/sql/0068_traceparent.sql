-- The span that a row's find belongs to (W3C traceparent), from which its message's spans descend; NULL where no traces are sent.
ALTER TABLE outbox ADD COLUMN traceparent text;
