-- An answer that a person has overturned answers no other ticket, however soon that was.

-- Whether a person has overturned the category; NULL: nobody has.
ALTER TABLE triage_runs ADD COLUMN is_overturned boolean;
