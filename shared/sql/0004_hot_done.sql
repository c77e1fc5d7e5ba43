-- The hot probes of a running cycle are settled and its controls hold: what it found so far is told, while cold ones still go out.
ALTER TABLE cycles ADD COLUMN hot_done boolean NOT NULL DEFAULT false;
