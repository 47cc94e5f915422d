-- Experiments, who was assigned to what, what came of it, and the sums that results are made of.

CREATE TABLE experiments (
    tenant text COLLATE "C" NOT NULL,
    -- In the order of creation.
    number bigint GENERATED ALWAYS AS IDENTITY,
    experiment_id text COLLATE "C" NOT NULL,
    layer text COLLATE "C" NOT NULL,
    -- Numbers of the contract.
    state smallint NOT NULL,
    revision bigint NOT NULL,
    phase int NOT NULL,
    -- As text: numbers come back just as they went in.
    design json NOT NULL,
    -- NULL, as what follows: never started.
    slice_start double precision,
    slice_end double precision,
    start_time timestamptz,
    -- Version of the one in force.
    configuration int,
    conclusion json,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    PRIMARY KEY (tenant, experiment_id)
);
CREATE UNIQUE INDEX experiments_by_number ON experiments (tenant, number);
CREATE INDEX experiments_live ON experiments (tenant, layer) WHERE state IN (2, 3);

CREATE TABLE experiment_configurations (
    tenant text COLLATE "C" NOT NULL,
    experiment_id text COLLATE "C" NOT NULL,
    version int NOT NULL,
    phase int NOT NULL,
    weights double precision[] NOT NULL,
    traffic double precision NOT NULL,
    cause smallint NOT NULL,
    start_time timestamptz NOT NULL,
    PRIMARY KEY (tenant, experiment_id, version)
);

-- What layers do by default: of each layer the newest row holds, and a roll-back removes it.
CREATE TABLE experiment_defaults (
    tenant text COLLATE "C" NOT NULL,
    layer text COLLATE "C" NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    experiment_id text COLLATE "C" NOT NULL,
    variant text NOT NULL,
    parameters json NOT NULL,
    apply_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, layer, number),
    UNIQUE (tenant, experiment_id)
);

-- How results came about.
CREATE TABLE experiment_moments (
    tenant text COLLATE "C" NOT NULL,
    experiment_id text COLLATE "C" NOT NULL,
    phase int NOT NULL,
    -- 1, 2, ...: the newest is there, and of those before it every second, fourth, eighth ...
    number bigint NOT NULL,
    moment json NOT NULL,
    PRIMARY KEY (tenant, experiment_id, phase, number)
);

CREATE TABLE experiment_assignments (
    tenant text COLLATE "C" NOT NULL,
    experiment_id text COLLATE "C" NOT NULL,
    phase int NOT NULL,
    unit text COLLATE "C" NOT NULL,
    -- 0, 1, ...: how often the unit was assigned anew.
    episode int NOT NULL,
    variant smallint NOT NULL,
    configuration int NOT NULL,
    propensity double precision NOT NULL,
    assign_time timestamptz NOT NULL,
    -- NULL: not exposed.
    expose_time timestamptz,
    -- Values by metric; NULL: none.
    pre_period json,
    PRIMARY KEY (tenant, experiment_id, phase, unit, episode)
-- Room for a new version of a row beside the old one: no index then has to hear of it.
) WITH (fillfactor = 90);

-- One row for each unit and metric, however many outcomes there are.
CREATE TABLE experiment_outcomes (
    tenant text COLLATE "C" NOT NULL,
    experiment_id text COLLATE "C" NOT NULL,
    phase int NOT NULL,
    unit text COLLATE "C" NOT NULL,
    episode int NOT NULL,
    metric text COLLATE "C" NOT NULL,
    total double precision NOT NULL,
    largest double precision NOT NULL,
    latest double precision NOT NULL,
    -- NULL: no outcome.
    latest_time timestamptz,
    denominator double precision NOT NULL,
    -- Hashes of the ids of all outcomes.
    ids bigint[] NOT NULL,
    -- When the unit begins to count in the metric; NULL: it does.
    due_time timestamptz,
    -- Of the latest outcome; NULL: none.
    metadata json,
    PRIMARY KEY (tenant, experiment_id, phase, unit, episode, metric)
) WITH (fillfactor = 80);
-- Hashes do not compress.
ALTER TABLE experiment_outcomes ALTER COLUMN ids SET STORAGE EXTERNAL;
CREATE INDEX experiment_outcomes_due
    ON experiment_outcomes (tenant, experiment_id, phase, due_time) WHERE due_time IS NOT NULL;

-- Sums over the units that count. Of metric '': over all that are exposed, their number alone.
-- Exact, so that what is taken out again leaves nothing behind, however large it was.
CREATE TABLE experiment_sums (
    tenant text COLLATE "C" NOT NULL,
    experiment_id text COLLATE "C" NOT NULL,
    phase int NOT NULL,
    configuration int NOT NULL,
    variant smallint NOT NULL,
    metric text COLLATE "C" NOT NULL,
    n bigint NOT NULL,
    y numeric NOT NULL,
    yy numeric NOT NULL,
    x numeric NOT NULL,
    xx numeric NOT NULL,
    xy numeric NOT NULL,
    PRIMARY KEY (tenant, experiment_id, phase, configuration, variant, metric)
) WITH (fillfactor = 50);

-- How many units' values fall into each bucket, of metrics that are quantiles.
CREATE TABLE experiment_sketches (
    tenant text COLLATE "C" NOT NULL,
    experiment_id text COLLATE "C" NOT NULL,
    phase int NOT NULL,
    variant smallint NOT NULL,
    metric text COLLATE "C" NOT NULL,
    bucket int NOT NULL,
    units bigint NOT NULL,
    PRIMARY KEY (tenant, experiment_id, phase, variant, metric, bucket)
) WITH (fillfactor = 80);

-- Grows with every change of a phase's sums.
CREATE TABLE experiment_activity (
    tenant text COLLATE "C" NOT NULL,
    experiment_id text COLLATE "C" NOT NULL,
    phase int NOT NULL,
    changes bigint NOT NULL,
    PRIMARY KEY (tenant, experiment_id, phase)
) WITH (fillfactor = 50);
