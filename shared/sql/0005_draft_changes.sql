-- Controls are of three kinds now: drafts found before are looked at again as well, and what tells one state of theirs from another.
ALTER TABLE controls ADD COLUMN kind text NOT NULL DEFAULT 'absent' CHECK (kind IN ('absent', 'present', 'recheck'));
UPDATE controls SET kind = 'present' WHERE present;
ALTER TABLE controls DROP COLUMN present;
ALTER TABLE controls ADD COLUMN last_modified text, ADD COLUMN etag text, ADD COLUMN content_length bigint, ADD COLUMN answered_at timestamptz;

ALTER TABLE discovered ADD COLUMN etag text;
ALTER TABLE discovered ADD COLUMN content_length bigint;
ALTER TABLE discovered ADD COLUMN answered_at timestamptz; -- when the site told that
ALTER TABLE discovered ADD COLUMN checked_at timestamptz; -- looked at again, in a cycle that is believed
ALTER TABLE discovered ADD COLUMN updated_at timestamptz; -- seen to have changed
ALTER TABLE discovered ADD COLUMN gone_at timestamptz;    -- the site has it no more; NULL: it has
