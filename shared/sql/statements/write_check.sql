-- PARAMS: none
-- COLUMNS: encoding text
-- Does PostgreSQL take writes? Updates a row that exists for this alone. encoding: of the server, where titles need UTF8.
SELECT ps_write_check() AS encoding;
