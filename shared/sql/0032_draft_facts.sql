-- What a draft's document says about itself. NULL: not read, or the document does not say.
ALTER TABLE discovered ADD COLUMN title text;
ALTER TABLE discovered ADD COLUMN authors text; -- names, in the document's order, with ", " between two

-- The settings of the leader that ran the cycle, as far as people are shown them: poll_interval_seconds, iso_probe_enabled, alert_modified_hours.
ALTER TABLE cycles ADD COLUMN settings jsonb;
