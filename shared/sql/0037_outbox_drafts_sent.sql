-- How long drafts took from upload to message is read for /health: by an index, not by a scan.
CREATE INDEX outbox_drafts_sent ON outbox (sent_at) WHERE dedupe_key LIKE 'draft:%' AND sent_at IS NOT NULL;
