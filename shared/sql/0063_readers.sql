-- What the readers' pages ask: which papers are newer than a copy, in slices; the messages about a paper; its last probes.
CREATE INDEX papers_version_id ON papers (version, id);
CREATE INDEX outbox_paper ON outbox ((data->>'id'));
CREATE INDEX probes_number ON probes (number);
