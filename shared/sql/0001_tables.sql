-- Everything that must last. Applied once, under an advisory lock, in one transaction.

-- One row: the newest epoch, Redis' generation, and what the last index download told.
CREATE TABLE meta (
    only_row           boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch              bigint NOT NULL DEFAULT 0,
    generation         bigint NOT NULL DEFAULT 0,
    index_etag         text,
    index_modified     text,
    index_fetched_at   timestamptz,
    last_successful_poll timestamptz,
    poll_count         bigint NOT NULL DEFAULT 0
);
INSERT INTO meta DEFAULT VALUES;

CREATE SEQUENCE leader_epoch;

-- The fence (promise 2): every transaction of a leader calls this first. It raises PS001 where a newer epoch exists, and holds the row
-- until the transaction ends, so that a new leader's election waits for it. A newer epoch is stored.
CREATE FUNCTION ps_fence(mine bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE newest bigint;
BEGIN
    SELECT epoch INTO newest FROM meta FOR SHARE;
    IF newest > mine THEN
        RAISE EXCEPTION 'a newer epoch exists: % > %', newest, mine USING ERRCODE = 'PS001';
    END IF;
    IF newest < mine THEN
        UPDATE meta SET epoch = mine;
    END IF;
END $$;

-- Times go in and out as milliseconds since 1970, as the programs count them.
CREATE FUNCTION ps_ms(at timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT (extract(epoch FROM at) * 1000)::bigint $$;
CREATE FUNCTION ps_time(ms bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT to_timestamp(ms::double precision / 1000) $$;

-- The index as it was stored last; the diff of the next poll is against it (promise 4).
CREATE TABLE papers (
    id            text PRIMARY KEY,
    type          text NOT NULL,
    title         text NOT NULL,
    author        text NOT NULL,
    date          text NOT NULL, -- as in the index: YYYY-MM-DD or empty
    subgroup      text NOT NULL,
    link          text NOT NULL,
    long_link     text NOT NULL,
    status        text NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    changed_at    timestamptz NOT NULL DEFAULT now()
);

-- Drafts found on isocpp.org.
CREATE TABLE discovered (
    url           text PRIMARY KEY,
    paper_id      text NOT NULL,  -- D1234R0
    tier          text NOT NULL,
    outcome       text NOT NULL,  -- hit_recent hit_old hit_no_lm
    last_modified text,
    cycle         bigint NOT NULL,
    front_text    text,
    discovered_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX discovered_paper ON discovered (paper_id);

CREATE TABLE cycles (
    number             bigint PRIMARY KEY,
    epoch              bigint NOT NULL,
    status             text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'success', 'empty', 'failed')),
    silent             boolean NOT NULL,      -- the very first run announces nothing
    planned            integer NOT NULL,
    hot_probes         integer NOT NULL,
    cold_probes        integer NOT NULL,
    skipped_discovered integer NOT NULL,
    skipped_in_index   integer NOT NULL,
    started_at         timestamptz NOT NULL,
    deadline           timestamptz NOT NULL,
    finished_at        timestamptz,
    summary            jsonb,                 -- PROBE-CYCLE-SUMMARY
    error              text
);
CREATE UNIQUE INDEX cycles_one_running ON cycles ((true)) WHERE status = 'running';

-- The ledger: every planned probe of a cycle and its one outcome (promise 3).
CREATE TABLE probes (
    cycle            bigint NOT NULL REFERENCES cycles (number) ON DELETE CASCADE,
    position         integer NOT NULL,        -- in the plan, from 0
    task             text NOT NULL,
    url              text NOT NULL,
    tier             text NOT NULL,
    prefix           text NOT NULL,
    number           integer NOT NULL,
    revision         integer NOT NULL,
    ext              text NOT NULL,
    outcome          text,                    -- NULL: not settled yet
    status           integer,
    failure_category text,
    attempts         integer,
    latency_ms       bigint,
    worker           text,
    settled_at       timestamptz,
    PRIMARY KEY (cycle, position),
    UNIQUE (task)
);

-- One row is one thing to tell to one recipient, decided with the state that caused it (promise 4). When its cycle closes, rows of one
-- recipient and kind are bundled: they get a message_id, and the message's text, made from their data, is kept on the first.
CREATE TABLE outbox (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dedupe_key  text NOT NULL UNIQUE,
    kind        text NOT NULL,
    channel     text NOT NULL,
    data        jsonb NOT NULL,
    cycle       bigint,                       -- bundled when this cycle closes; NULL: at once
    trace       text,
    thread_ts   text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    message_id  text,                         -- "o<id of its first row>"
    message_text text,                        -- on the first row of a message
    queued_at   timestamptz,                  -- pushed to the notify list
    claimed_by  text,                         -- notifier that is sending it
    claimed_at  timestamptz,
    sent_at     timestamptz,
    slack_ts    text,
    dead_at     timestamptz,
    dead_reason text
);
CREATE INDEX outbox_unbundled ON outbox (id) WHERE message_id IS NULL;
CREATE INDEX outbox_unqueued ON outbox (id) WHERE message_text IS NOT NULL AND queued_at IS NULL AND sent_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_open ON outbox (message_id) WHERE sent_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_message ON outbox (message_id);

CREATE TABLE watchlist (
    user_id    text NOT NULL,
    entry      text NOT NULL,                 -- trimmed and lower-cased; all digits: a paper number, else an author substring
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, entry)
);
