-- PARAMS: none
-- COLUMNS: none
-- An operator accepts the next download whatever its size. No fence: it belongs to a person, not to a leader.
UPDATE meta
SET index_accept = true;
