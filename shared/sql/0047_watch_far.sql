-- A watched number far above every known one costs probes for years and finds nothing. Such an entry is refused.
--
-- Is the number of a watchlist entry ("123456", "P123456") out of reach: above 9999, and more than 1000 above the highest number of the
-- index? The papers are read only for a number above 9999.
CREATE FUNCTION ps_entry_far(what text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    typed bigint := CASE WHEN what ~ '^[A-Z]*[0-9]{1,9}$' THEN regexp_replace(what, '^[A-Z]+', '')::bigint END;
BEGIN
    IF typed IS NULL OR typed <= 9999 THEN
        RETURN false;
    END IF;
    RETURN typed > 1000 + coalesce((SELECT max(substring(id FROM '^[A-Z]+([0-9]{1,9})')::bigint) FROM papers), 9999);
END $$;
