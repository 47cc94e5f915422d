-- What the semantic cache's gates go by is kept as it was observed. What was kept before does not
-- tell how likely each item was to be looked at: gates start anew.

DELETE FROM reuse_gates;
DROP TABLE reuse_evidence;
CREATE TABLE reuse_evidence (
    tenant text NOT NULL,
    prompt_version text NOT NULL,
    engine text NOT NULL,
    -- The highest similarity threshold that the would-be hits reached.
    threshold double precision NOT NULL,
    -- Probability with which each was to be compared with a fresh answer.
    propensity double precision NOT NULL,
    -- Whether every would-be hit was compared at that time.
    is_census boolean NOT NULL,
    is_wrong boolean NOT NULL,
    items bigint NOT NULL,
    PRIMARY KEY (tenant, prompt_version, engine, threshold, propensity, is_census, is_wrong),
    FOREIGN KEY (tenant, prompt_version, engine) REFERENCES reuse_gates ON DELETE CASCADE
);
