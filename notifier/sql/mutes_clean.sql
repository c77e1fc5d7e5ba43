-- PARAMS: none
-- COLUMNS: none
DELETE FROM mute WHERE until <= now();
