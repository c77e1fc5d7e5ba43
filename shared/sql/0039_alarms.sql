-- Why the newest download of the index was refused; NULL while the stored copy is the newest one.
ALTER TABLE meta ADD COLUMN index_refused text;
-- The next download is accepted whatever its size (paperscout-scheduler accept-index).
ALTER TABLE meta ADD COLUMN index_accept boolean NOT NULL DEFAULT false;

-- The alarms: what people were told of each incident, whichever program told it. One row an incident, so that a new leader or another
-- notifier neither repeats an alert within its interval nor forgets the all-clear.
CREATE TABLE alarms (
    incident     text PRIMARY KEY,      -- a name of incident.def
    raised_at    timestamptz NOT NULL DEFAULT now(),
    told_at      timestamptz NOT NULL DEFAULT now(),
    seen_at      timestamptz NOT NULL DEFAULT now(), -- some program saw it last
    cleared_at   timestamptz,           -- it is over
    times        integer NOT NULL DEFAULT 1,
    route        integer NOT NULL,      -- enum ps_alarm_route
    told_by      text NOT NULL,
    cause        text NOT NULL DEFAULT '',
    message_key  text,                  -- dedupe key of the outbox row that carries it; NULL: another route
    confirmed_at timestamptz,           -- Slack or the webhook has it, by a route without an outbox row
    slack_ts     text,                  -- of the first message: repeats and the all-clear go below it
    slack_channel text
);

-- Updated by every program now and then: the proof that PostgreSQL takes writes.
CREATE TABLE write_check (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    checked_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO write_check DEFAULT VALUES;

-- A dead letter that an operator dropped; dead_at keeps saying that it was given up. PostgreSQL is the truth about dead letters, and
-- Redis has a copy for people.
ALTER TABLE outbox ADD COLUMN dead_dropped_at timestamptz;
