-- The name of the claim by which a program reported the incident last. A program whose answer was lost repeats the claim under this name,
-- and learns whether it has it already; NULL: an older program reported it.
ALTER TABLE alarms ADD COLUMN claim text;
