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

-- compatible: the same signature. It answers 'far' for such an entry; a notifier of the version before reads that as "no more can be stored".
CREATE OR REPLACE FUNCTION ps_entry_add(who text, what text, key text, most integer) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('watchlist'), hashtext(who));
    IF EXISTS (SELECT FROM watchlist WHERE user_id = who AND (entry = what OR (name_key = key AND key <> ''))) THEN
        RETURN 'same';
    END IF;
    IF ps_entry_far(what) THEN
        RETURN 'far';
    END IF;
    IF (SELECT count(*) FROM watchlist WHERE user_id = who) >= most THEN
        RETURN 'full';
    END IF;
    INSERT INTO watchlist (user_id, entry, name_key) VALUES (who, what, key);
    RETURN 'done';
END $$;
