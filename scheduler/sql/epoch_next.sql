-- PARAMS: none
-- COLUMNS: epoch bigint
-- A candidate draws its epoch.
SELECT nextval('leader_epoch') AS epoch;
