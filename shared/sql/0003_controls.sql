-- Control probes of a cycle: a name that cannot exist, and drafts that were there.
CREATE TABLE controls (
    cycle   bigint NOT NULL REFERENCES cycles (number) ON DELETE CASCADE,
    url     text NOT NULL,
    present boolean NOT NULL,
    outcome text,               -- NULL: not settled yet
    PRIMARY KEY (cycle, url)
);

-- When the site was last seen to have it.
ALTER TABLE discovered ADD COLUMN confirmed_at timestamptz NOT NULL DEFAULT now();
UPDATE discovered SET confirmed_at = discovered_at;
CREATE INDEX discovered_confirmed ON discovered (confirmed_at);

-- A control failed: what the cycle found was not kept, and what comes late is not either.
ALTER TABLE cycles ADD COLUMN disbelieved boolean NOT NULL DEFAULT false;
