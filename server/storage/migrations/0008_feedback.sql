-- Feedback and what it teaches: labels, models, gates of error budgets, reviews, alarms.

-- Tickets of which the truth is known; one label a text.
CREATE SEQUENCE label_numbers;
CREATE TABLE labels (
    tenant text NOT NULL,
    label_id uuid NOT NULL,
    -- Grows with every change of a label.
    number bigint NOT NULL DEFAULT nextval('label_numbers'),
    -- BLAKE2b of the text as engines read it, without regard to case and spaces.
    text_digest bytea NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    category text,
    priority smallint,
    sentiment smallint,
    escalation boolean,
    resolution_s double precision,
    ticket_time timestamptz,
    source smallint NOT NULL,
    run_id uuid,
    reviewer text NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    PRIMARY KEY (tenant, label_id)
);
CREATE UNIQUE INDEX labels_by_text ON labels (tenant, text_digest);
CREATE INDEX labels_by_number ON labels (tenant, number);
-- Corrections are few beside what is imported.
CREATE INDEX labels_of_people ON labels (tenant, number) WHERE source < 3 AND category IS NOT NULL;

-- Models trained on labels. Version 0 is the model that stands with the taxonomy.
CREATE TABLE models (
    tenant text NOT NULL,
    version bigint NOT NULL,
    create_time timestamptz NOT NULL,
    creator text NOT NULL,
    taxonomy_revision bigint NOT NULL,
    -- The version whose evidence counts for this one, too.
    lineage bigint NOT NULL,
    digest bytea NOT NULL,
    data_digest bytea NOT NULL,
    embedding_model text NOT NULL,
    -- The newest label that it has seen.
    label_number bigint NOT NULL,
    figures jsonb NOT NULL,
    comparison jsonb,
    model bytea NOT NULL,
    PRIMARY KEY (tenant, version)
);
CREATE TABLE active_models (
    tenant text NOT NULL,
    taxonomy_revision bigint NOT NULL,
    version bigint NOT NULL,
    -- What was active before, for rolling back.
    before bigint NOT NULL,
    update_time timestamptz NOT NULL,
    PRIMARY KEY (tenant, taxonomy_revision)
);

CREATE TABLE error_budgets (
    tenant text NOT NULL,
    field smallint NOT NULL,
    revision bigint NOT NULL,
    -- NULL: nothing is promised any more.
    terms jsonb,
    update_time timestamptz NOT NULL,
    PRIMARY KEY (tenant, field)
);

-- What stands between an engine's answers and automation.
CREATE TABLE gates (
    tenant text NOT NULL,
    field smallint NOT NULL,
    -- Engine, model and lineage.
    answerer text NOT NULL,
    -- Grows when all evidence is void.
    era bigint NOT NULL,
    start_time timestamptz NOT NULL,
    -- NULL: closed.
    threshold double precision,
    error_bound double precision NOT NULL,
    drift jsonb NOT NULL,
    judged bigint NOT NULL,
    audited bigint NOT NULL,
    wrong bigint NOT NULL,
    answers bigint NOT NULL,
    automated bigint NOT NULL,
    -- Answers that went to review, and are evidence once they are judged.
    reviewed bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, field, answerer)
);
CREATE TABLE gate_evidence (
    tenant text NOT NULL,
    field smallint NOT NULL,
    answerer text NOT NULL,
    -- What was observed, as its fields in order.
    observation jsonb NOT NULL,
    items bigint NOT NULL,
    PRIMARY KEY (tenant, field, answerer, observation),
    FOREIGN KEY (tenant, field, answerer) REFERENCES gates ON DELETE CASCADE
);
-- What the truth about a run counted as, so that another truth takes its place.
CREATE TABLE gate_judgements (
    tenant text NOT NULL,
    run_id uuid NOT NULL,
    field smallint NOT NULL,
    answerer text NOT NULL,
    era bigint NOT NULL,
    was_right boolean NOT NULL,
    observation jsonb,
    PRIMARY KEY (tenant, run_id, field)
);
CREATE TABLE gate_moments (
    tenant text NOT NULL,
    field smallint NOT NULL,
    answerer text NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    time timestamptz NOT NULL,
    threshold double precision,
    error_bound double precision NOT NULL,
    judged bigint NOT NULL,
    cause text NOT NULL,
    PRIMARY KEY (tenant, field, answerer, number)
);
-- How often answers were right, by the confidence that they came with.
CREATE TABLE reliability (
    tenant text NOT NULL,
    field smallint NOT NULL,
    answerer text NOT NULL,
    bin smallint NOT NULL,
    items double precision NOT NULL,
    right_items double precision NOT NULL,
    -- Of the confidences that they came with.
    score_sum double precision NOT NULL,
    PRIMARY KEY (tenant, field, answerer, bin)
);

-- What people say about runs. Rows are never changed but for `in_force`.
CREATE TABLE feedback (
    tenant text NOT NULL,
    -- 48 bits of milliseconds, then randomness: later ones sort after earlier.
    feedback_id uuid NOT NULL,
    run_id uuid NOT NULL,
    reviewer text NOT NULL,
    -- Who called: the reviewer, or somebody in their name.
    submitter text NOT NULL,
    create_time timestamptz NOT NULL,
    request_id uuid,
    -- Of what was said: the same words are taken once.
    digest bytea NOT NULL,
    replaces uuid,
    in_force boolean NOT NULL,
    content jsonb NOT NULL,
    effects jsonb NOT NULL,
    -- What summaries count, of the run and of what was said about it.
    run_time timestamptz NOT NULL,
    category text NOT NULL,
    language text NOT NULL,
    model text NOT NULL,
    prompt text NOT NULL,
    variant text NOT NULL,
    -- By field, whether it was overturned; a field that was not judged is absent.
    verdicts jsonb NOT NULL,
    overturned boolean,
    accepted boolean,
    rating smallint,
    right_category text,
    PRIMARY KEY (tenant, feedback_id)
);
CREATE UNIQUE INDEX feedback_by_request ON feedback (tenant, request_id)
    WHERE request_id IS NOT NULL;
CREATE INDEX feedback_by_run ON feedback (tenant, run_id, feedback_id);
CREATE INDEX feedback_by_reviewer ON feedback (tenant, reviewer, feedback_id);

-- Runs that a person should look at. NULL: nobody needs to, or somebody has.
ALTER TABLE triage_runs ADD COLUMN review_value real;
ALTER TABLE triage_runs ADD COLUMN review_reason smallint;
CREATE INDEX triage_runs_to_review ON triage_runs
    (tenant, review_reason, review_value DESC, run_id) INCLUDE (category)
    WHERE review_value IS NOT NULL;
CREATE TABLE review_leases (
    tenant text NOT NULL,
    run_id uuid NOT NULL,
    reviewer text NOT NULL,
    expire_time timestamptz NOT NULL,
    PRIMARY KEY (tenant, run_id),
    FOREIGN KEY (tenant, run_id) REFERENCES triage_runs ON DELETE CASCADE
);

CREATE TABLE feedback_settings (
    tenant text NOT NULL PRIMARY KEY,
    revision bigint NOT NULL,
    settings jsonb NOT NULL,
    update_time timestamptz NOT NULL
);
-- How often what answers is overturned.
CREATE TABLE overturn_watches (
    tenant text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    start_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    -- Of the newest judgement, and of the last before the watch began.
    number bigint NOT NULL,
    began_after bigint NOT NULL,
    overturned bigint NOT NULL,
    -- Share that may be overturned. 0: there is no bound.
    bound double precision NOT NULL,
    -- Evidence that more are: the attempt to find it, its capitals, the last judgement before it.
    attempt bigint NOT NULL,
    log_capitals double precision[] NOT NULL,
    attempt_began_after bigint NOT NULL,
    -- As a share of what raises the alarm.
    evidence double precision NOT NULL,
    raise_time timestamptz,
    action text NOT NULL,
    PRIMARY KEY (tenant, kind, subject)
);
-- What the verdict on a run counted as, so that another takes its place.
CREATE TABLE overturn_judgements (
    tenant text NOT NULL,
    run_id uuid NOT NULL,
    kind text NOT NULL,
    number bigint NOT NULL,
    overturned boolean NOT NULL,
    PRIMARY KEY (tenant, run_id, kind)
);

-- Answers that are given again, by what was asked word for word.
CREATE INDEX reuse_entries_by_wording ON reuse_entries (tenant, (answer->>'asked'));
