-- What the status page shows is found by an index, not by a scan.
CREATE INDEX discovered_latest ON discovered (discovered_at DESC);
CREATE INDEX papers_latest ON papers (first_seen_at DESC, date DESC, id DESC);
CREATE INDEX outbox_dead ON outbox (dead_at DESC) WHERE dead_at IS NOT NULL;

-- Errors of a closed cycle by category, as {"TIMEOUT": 3}: its probes are not kept for as long.
ALTER TABLE cycles ADD COLUMN failures jsonb;
