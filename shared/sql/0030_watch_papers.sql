-- Papers by name on watchlists and in mutes, names that are found again however they are spelled, and entries that were stored as authors
-- although they are something else.
--
-- A paper is stored in the watchlist under its name in capital letters (P2300, N5007, LWG4000); authors are in lower case, so neither can
-- be taken for the other. name_key is what all spellings of an author have in common (shared/core/name_words.h); '' where there is none to
-- compare, NULL for a row that a program of the version before wrote and ps_watch_repair has not seen.
ALTER TABLE watchlist ADD COLUMN name_key text;
ALTER TABLE mute ADD COLUMN name_key text;
-- compatible: without the check on kinds there can be a new one, 'paper'. The version before writes only what the check allowed.
ALTER TABLE mute DROP CONSTRAINT mute_kind_check;

-- Everything a person watches or is quiet about now: what the scheduler matches with and what people are shown. Takes the place of
-- "watched", which the version before reads.
CREATE VIEW watch_now AS
    SELECT user_id, kind, value, w.value IS NOT NULL AS watched, m.value IS NOT NULL AS quiet, m.snooze, m.until
    FROM (SELECT user_id, CASE WHEN entry ~ '^[0-9]+$' THEN 'number' WHEN entry ~ '^[A-Z]+[0-9]+$' THEN 'paper' ELSE 'author' END AS kind,
                 entry AS value FROM watchlist
          UNION ALL SELECT user_id, kind, value FROM watch_rule) w
    FULL JOIN (SELECT user_id, kind, value, snooze, until FROM mute WHERE until IS NULL OR until > now()) m USING (user_id, kind, value);

-- compatible: the same columns. The version before matches numbers with P and D papers alone, so P2300 is 2300 to it; N papers and issues,
-- which it never matches by number, have a kind that it passes over.
CREATE OR REPLACE VIEW watched AS
    SELECT user_id, kind, value, w.value IS NOT NULL AS watched, m.value IS NOT NULL AS quiet, m.snooze, m.until
    FROM (SELECT user_id, CASE WHEN entry ~ '^P?[0-9]+$' THEN 'number' WHEN entry ~ '^[A-Z]+[0-9]+$' THEN 'paper' ELSE 'author' END AS kind,
                 CASE WHEN entry ~ '^P[0-9]+$' THEN ltrim(entry, 'P0') ELSE entry END AS value FROM watchlist
          UNION SELECT user_id, kind, value FROM watch_rule) w
    FULL JOIN (SELECT user_id, CASE WHEN kind = 'paper' AND value ~ '^P' THEN 'number' ELSE kind END AS kind,
                      CASE WHEN kind = 'paper' AND value ~ '^P' THEN ltrim(value, 'P0') ELSE value END AS value, snooze, until
               FROM mute WHERE until IS NULL OR until > now()) m USING (user_id, kind, value);

-- Does what a person muted or snoozed concern a match (the data of its outbox row)? Rows of the version before have no "paper", and a
-- "number" only for P and D.
CREATE FUNCTION ps_mute_matches(mute_kind text, mute_value text, data jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ps_mute_concerns(mute_kind, mute_value, data)
        OR (mute_kind = 'paper' AND CASE WHEN data ? 'paper' THEN mute_value = data->>'paper'
                                         ELSE mute_value ~ '^P' AND ltrim(mute_value, 'P0') = coalesce(data->>'number', '') END)
$$;

-- compatible: the same columns, and the same rows for all that the version before can mute.
CREATE OR REPLACE VIEW waiting AS
    SELECT o.id FROM outbox o JOIN mute m ON m.user_id = o.channel
    WHERE o.message_id IS NULL AND o.kind = 'watchlist' AND m.snooze AND m.until > now() AND ps_mute_matches(m.kind, m.value, o.data)
    UNION
    SELECT o.id FROM outbox o JOIN digest d ON d.user_id = o.channel LEFT JOIN cycles c ON c.number = o.cycle
    WHERE o.message_id IS NULL AND o.kind = 'watchlist'
      AND CASE WHEN c.status = 'running' THEN true
               ELSE coalesce(c.finished_at, o.created_at) >= greatest(ps_digest_due(d.minute, now()), d.released_at) END;

-- Numbers, papers and authors of a watchlist. key: of an author, else ''. The lock makes the count of entries hold for two commands at once.
CREATE FUNCTION ps_entry_add(who text, what text, key text, most integer) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('watchlist'), hashtext(who));
    IF EXISTS (SELECT FROM watchlist WHERE user_id = who AND (entry = what OR (name_key = key AND key <> ''))) THEN
        RETURN 'same';
    END IF;
    IF ps_entry_far(what) THEN -- 0047_watch_far.sql
        RETURN 'far';
    END IF;
    IF (SELECT count(*) FROM watchlist WHERE user_id = who) >= most THEN
        RETURN 'full';
    END IF;
    INSERT INTO watchlist (user_id, entry, name_key) VALUES (who, what, key);
    RETURN 'done';
END $$;
CREATE FUNCTION ps_entry_remove(who text, what text, key text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM watchlist WHERE user_id = who AND (entry = what OR (name_key = key AND key <> ''));
    RETURN CASE WHEN FOUND THEN 'done' ELSE 'same' END;
END $$;

-- The spelling under which a person watches an author: a mute belongs to the entry, so both have to be the same text.
CREATE FUNCTION ps_entry_spelling(who text, what_kind text, what text, key text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT entry FROM watchlist WHERE what_kind = 'author' AND key <> '' AND user_id = who AND name_key = key
                     ORDER BY entry = what DESC, entry LIMIT 1), what)
$$;
-- What was matched before and is not on its way yet is muted too: it stays in the outbox as given up, so that it is known and not told.
CREATE FUNCTION ps_quiet_set(who text, what_kind text, typed text, key text, later boolean, until_ms bigint, most integer) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE what text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('watchlist'), hashtext(who));
    what := ps_entry_spelling(who, what_kind, typed, key);
    DELETE FROM mute WHERE user_id = who AND until <= now();
    IF (SELECT count(*) FROM mute WHERE user_id = who AND NOT (kind = what_kind AND value = what)) >= most THEN
        RETURN 'full';
    END IF;
    INSERT INTO mute (user_id, kind, value, snooze, until, name_key) VALUES (who, what_kind, what, later, ps_time(nullif(until_ms, 0)), key)
        ON CONFLICT (user_id, kind, value) DO UPDATE SET snooze = excluded.snooze, until = excluded.until, name_key = excluded.name_key,
            created_at = now();
    IF NOT later THEN
        UPDATE outbox SET message_id = 'o' || id, dead_at = now(), dead_reason = 'muted'
            WHERE channel = who AND kind = 'watchlist' AND message_id IS NULL AND ps_mute_matches(what_kind, what, data);
    END IF;
    RETURN 'done';
END $$;
CREATE FUNCTION ps_quiet_end(who text, what_kind text, typed text, key text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM mute WHERE user_id = who AND (what_kind = 'all'
        OR (kind = what_kind AND (value = typed OR (name_key = key AND key <> '') OR value = ps_entry_spelling(who, what_kind, typed, key))));
    RETURN CASE WHEN FOUND THEN 'done' ELSE 'same' END;
END $$;

-- What an entry that was stored as an author means. The parser is shared/core/watch_parse.c; this reads the forms of it that people
-- typed while it was missing, and tests/component/test_notifier_cli.c compares the two.
--
-- One word as a paper or number; NULL when it is neither.
CREATE FUNCTION ps_watch_word(word text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE part text[];
BEGIN
    word := btrim(lower(word), '<>()[]"`*_''.,;:!?');
    IF word ~ '^[0-9]+$' THEN
        word := ltrim(word, '0');
        RETURN CASE WHEN length(word) BETWEEN 1 AND 6 THEN word END;
    END IF;
    part := regexp_match(word, '^(?:(?:https?://)?[^/ ]+\.[^/ ]+/(?:[^?#]*/)?)?(p|d|n|cwg|ewg|lwg|lewg|fs)[-_]?0*([1-9][0-9]{0,5})(r[0-9]{1,3})?(?:\.[a-z0-9]{1,5})?(?:[/?#|].*)?$');
    IF part IS NULL OR (part[3] IS NOT NULL AND part[1] NOT IN ('p', 'd')) THEN
        RETURN NULL;
    END IF;
    IF part[1] IN ('p', 'd', 'n') THEN
        RETURN CASE WHEN part[1] = 'n' THEN 'N' ELSE 'P' END || lpad(part[2], greatest(4, length(part[2])), '0');
    END IF;
    RETURN upper(part[1]) || part[2];
END $$;
CREATE FUNCTION ps_watch_reading(entry text) RETURNS TABLE (kind text, value text) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    plain text := btrim(regexp_replace(entry, '\s+', ' ', 'g'));
    words text[] := array_remove(regexp_split_to_array(plain, '[ ,;&+]+(?:and )?'), '');
    part text[];
BEGIN
    IF cardinality(words) > 0 AND NOT EXISTS (SELECT FROM unnest(words) w WHERE ps_watch_word(w) IS NULL) THEN
        RETURN QUERY SELECT DISTINCT CASE WHEN ps_watch_word(w) ~ '^[0-9]' THEN 'number' ELSE 'paper' END, ps_watch_word(w) FROM unnest(words) w;
        RETURN;
    END IF;
    part := regexp_match(plain, '^(?:subgroup )?(wg21|ewgi?|lewgi?|cwg|lwg|sg[0-9]{1,2})$');
    IF part IS NULL THEN
        part := regexp_match(plain, '^subgroup ([a-z0-9]{2,20})$');
    END IF;
    IF part IS NOT NULL THEN
        RETURN QUERY SELECT 'subgroup', CASE part[1] WHEN 'sg17' THEN 'ewgi' WHEN 'sg18' THEN 'lewgi' ELSE part[1] END;
        RETURN;
    END IF;
    -- Authors were stored in lower case, which changes what an escape such as \W means: such a pattern stays what it is.
    part := regexp_match(plain, '^(?:/(.+)/|regex (.+))$');
    IF part IS NOT NULL AND plain !~ '\\' THEN
        RETURN QUERY SELECT 'pattern', coalesce(part[1], part[2]);
        RETURN;
    END IF;
    part := regexp_match(plain, '^author ([^0-9]{2,})$');
    RETURN QUERY SELECT 'author', coalesce(part[1], plain);
END $$;
-- The key of a name in Latin letters, as shared/core/name_words.c makes it; '' where it is not sure.
CREATE FUNCTION ps_watch_name_key(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN k ~ '^[a-z]+( [a-z]+)*$' THEN k ELSE '' END FROM (SELECT regexp_replace(
        regexp_replace(translate(name, 'äàáâãåöòóôõøüùúûëèéêïìíîñçýÿčćšžłđ-’‘ʼ''', 'aaaaaaoooooouuuueeeeiiiincyyccszld '), ' +', ' ', 'g'),
        '([aou])e(?=[b-df-hj-np-tv-xz])(?!l( |$))', '\1', 'g') AS k) made
$$;

-- Gives entries that a program of the version before stored as authors their meaning. Called once here, and from time to time by notifiers,
-- because a program of the version before may still be at work.
CREATE FUNCTION ps_watch_repair() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    stored record;
    meant record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('watch_repair'), 0);
    FOR stored IN SELECT user_id, entry, created_at FROM watchlist WHERE name_key IS NULL ORDER BY user_id, entry FOR UPDATE LOOP
        UPDATE watchlist SET name_key = '' WHERE user_id = stored.user_id AND entry = stored.entry;
        CONTINUE WHEN stored.entry ~ '^[A-Z]*[0-9]+$';
        FOR meant IN SELECT kind, value FROM ps_watch_reading(stored.entry) LOOP
            IF meant.kind IN ('subgroup', 'pattern') THEN
                INSERT INTO watch_rule (user_id, kind, value, created_at) VALUES (stored.user_id, meant.kind, meant.value, stored.created_at)
                    ON CONFLICT DO NOTHING;
            ELSE
                INSERT INTO watchlist (user_id, entry, created_at, name_key)
                    VALUES (stored.user_id, meant.value, stored.created_at, CASE meant.kind WHEN 'author' THEN ps_watch_name_key(meant.value) ELSE '' END)
                    ON CONFLICT (user_id, entry) DO UPDATE SET name_key = excluded.name_key;
            END IF;
        END LOOP;
        DELETE FROM watchlist WHERE user_id = stored.user_id AND entry = stored.entry
            AND NOT EXISTS (SELECT FROM ps_watch_reading(stored.entry) r WHERE r.kind = 'author' AND r.value = stored.entry);
    END LOOP;
    FOR stored IN SELECT * FROM mute WHERE name_key IS NULL ORDER BY user_id, kind, value FOR UPDATE LOOP
        UPDATE mute SET name_key = '' WHERE user_id = stored.user_id AND kind = stored.kind AND value = stored.value;
        CONTINUE WHEN stored.kind <> 'author';
        FOR meant IN SELECT kind, value FROM ps_watch_reading(stored.value) LOOP
            INSERT INTO mute (user_id, kind, value, snooze, until, created_at, name_key)
                VALUES (stored.user_id, meant.kind, meant.value, stored.snooze, stored.until, stored.created_at,
                        CASE meant.kind WHEN 'author' THEN ps_watch_name_key(meant.value) ELSE '' END)
                ON CONFLICT (user_id, kind, value) DO UPDATE SET name_key = excluded.name_key;
        END LOOP;
        DELETE FROM mute WHERE user_id = stored.user_id AND kind = 'author' AND value = stored.value
            AND NOT EXISTS (SELECT FROM ps_watch_reading(stored.value) r WHERE r.kind = 'author' AND r.value = stored.value);
    END LOOP;
    -- Groups that have two names are stored under one.
    FOR stored IN DELETE FROM watch_rule WHERE kind = 'subgroup' AND value IN ('sg17', 'sg18') RETURNING * LOOP
        INSERT INTO watch_rule (user_id, kind, value, created_at)
            VALUES (stored.user_id, 'subgroup', CASE stored.value WHEN 'sg17' THEN 'ewgi' ELSE 'lewgi' END, stored.created_at) ON CONFLICT DO NOTHING;
    END LOOP;
END $$;
SELECT ps_watch_repair();
