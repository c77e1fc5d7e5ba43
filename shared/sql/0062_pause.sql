-- An operator paused probing (paperscout-scheduler pause): polls go on reading the index, and probe nothing until it is resumed.
ALTER TABLE meta ADD COLUMN probing_paused_at timestamptz; -- NULL: probing goes on
ALTER TABLE meta ADD COLUMN probing_paused_why text;
-- An operator wants a poll now (paperscout-scheduler poll-now); NULL again once a poll has started.
ALTER TABLE meta ADD COLUMN poll_wanted_at timestamptz;
