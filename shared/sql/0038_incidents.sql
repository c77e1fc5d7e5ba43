-- Why a cycle failed, in words for people: "HTTP 403 from isocpp.org to all 696 probes that found nothing".
ALTER TABLE cycles ADD COLUMN cause text;
