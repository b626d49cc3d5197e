-- The attempts under way, few beside a million steps that wait: looked through when the clock is set.
CREATE INDEX steps_leased ON steps (run, step) WHERE state='leased';
