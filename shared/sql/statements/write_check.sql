-- PARAMS: none
-- COLUMNS: none
-- Does PostgreSQL take writes? Changes nothing that matters.
SELECT ps_write_check() AS checked;
