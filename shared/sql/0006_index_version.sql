-- Counts the snapshots of the index, so that a scheduler that stands by reads only what is new.
ALTER TABLE meta ADD COLUMN index_version bigint NOT NULL DEFAULT 0;
ALTER TABLE papers ADD COLUMN version bigint NOT NULL DEFAULT 0; -- of the snapshot that added or changed it
CREATE INDEX papers_version ON papers (version);
