-- SPDX-License-Identifier: GPL-3.0-or-later
-- A study's database (study.db): everything a report shows is a query over these tables.
-- Times are seconds of simulated time since the run's start unless a column says otherwise, sizes
-- are bytes, shares lie in 0..1.  NULL in a value column: there was nothing to measure.
-- A value that never came (a service that did not recover) is Inf.

PRAGMA application_id = 0x53574d53; -- "SWMS"
PRAGMA user_version = 3;            -- of this schema

-- One question, asked of one scenario file.  A file holds one study: its runs are of one scenario
-- text and one build.  What `swarmsim sweep` and `tune` write holds one a scenario of the family.
CREATE TABLE IF NOT EXISTS studies (
    study         INTEGER PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE, -- the scenario's name
    question      TEXT NOT NULL,        -- as the scenario words it
    path          TEXT NOT NULL,        -- of the scenario file, as given
    scenario      TEXT NOT NULL,        -- the file's text
    inputs        TEXT NOT NULL,        -- digest of the files that it names, 16 hex. digits
    build         TEXT NOT NULL,        -- version, digest of the node core, program's build-id
    started_at    TEXT NOT NULL,        -- wall clock, UTC, ISO 8601
    warmup        REAL NOT NULL,        -- s; left out of every metric
    duration      REAL NOT NULL,        -- s; of one run
    interval      REAL NOT NULL         -- s; between samples
);

-- The systems that a study compares: the file's configurations ('' when it has none), or routing
-- policies.
CREATE TABLE IF NOT EXISTS configurations (
    study         INTEGER NOT NULL REFERENCES studies ON DELETE CASCADE,
    configuration TEXT NOT NULL,
    number        INTEGER NOT NULL,     -- in the order of the file
    base          TEXT NOT NULL,        -- the file's configuration that it was made from; when
    policy        TEXT NOT NULL,        -- every node got this routing policy; '' when none did
    first_seed    INTEGER NOT NULL,     -- the runs that were asked for last: this seed and up,
    seeds         INTEGER NOT NULL,     -- so many; those that are stored lie in runs
    PRIMARY KEY (study, configuration)
) WITHOUT ROWID;

-- What a configuration of a sweep or a tuner sets beyond its policy.  Its name is made from that:
-- equal settings are one configuration.
CREATE TABLE IF NOT EXISTS settings (
    study         INTEGER NOT NULL REFERENCES studies ON DELETE CASCADE,
    configuration TEXT NOT NULL,
    key           TEXT NOT NULL,        -- a parameter of the policy, or a scenario's key by its path
    value         TEXT NOT NULL,        -- as a scenario file would have it
    PRIMARY KEY (study, configuration, key)
) WITHOUT ROWID;

-- The nodes of a configuration.
CREATE TABLE IF NOT EXISTS nodes (
    study         INTEGER NOT NULL REFERENCES studies ON DELETE CASCADE,
    configuration TEXT NOT NULL,
    number        INTEGER NOT NULL,     -- in the order of the file
    name          TEXT NOT NULL,
    region        TEXT NOT NULL,
    PRIMARY KEY (study, configuration, number)
) WITHOUT ROWID;

-- One run of one configuration with one seed.  A repeated run replaces itself.
CREATE TABLE IF NOT EXISTS runs (
    run           INTEGER PRIMARY KEY,
    study         INTEGER NOT NULL REFERENCES studies,
    configuration TEXT NOT NULL,        -- '' when the scenario has none
    seed          INTEGER NOT NULL,     -- as a signed 64-bit number
    trace_hash    TEXT NOT NULL,        -- 16 hexadecimal digits: equal runs have equal hashes
    events        INTEGER NOT NULL,     -- fired by the engine
    sim_seconds   REAL NOT NULL,        -- s; simulated
    wall_seconds  REAL NOT NULL,        -- s; it took
    cpu_seconds   REAL NOT NULL,        -- s; of processor time
    oracle        TEXT NOT NULL,        -- who complained; '' when nobody did
    complaint     TEXT NOT NULL,        -- what an oracle found; '' when none did
    complained_at REAL,                 -- s
    UNIQUE (study, configuration, seed)
);

-- What was measured in a run, one value a metric and window.
CREATE TABLE IF NOT EXISTS metrics (
    run           INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    metric        TEXT NOT NULL,        -- `swarmsim list metrics` says what it means
    during        TEXT NOT NULL,        -- a kind of fault; '' for the whole run after warm-up
    value         REAL,                 -- in the metric's unit
    PRIMARY KEY (run, metric, during)
) WITHOUT ROWID;

-- Metrics over time.
CREATE TABLE IF NOT EXISTS samples (
    run           INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    metric        TEXT NOT NULL,
    entity        TEXT NOT NULL,        -- a region, 'node>peer' (route.trail), 'region>region' (route.sent:
                                        -- queries a second from nodes here to nodes there, retries
                                        -- too), a group of clients 'region/number' (its
                                        -- place in the scenario, from 0), or '' for the whole swarm
    at            REAL NOT NULL,        -- s; the beginning of the interval
    value         REAL NOT NULL,        -- in the metric's unit; rates are 1/s.  Of the nodes in a region
                                        -- that hold zones: load.asked, in healthy cores, what
                                        -- requests would take if none waited; load.capacity, what is
                                        -- there when the interval begins, fewer where nodes are slow
                                        -- or down; load.waiting, requests that wait then
    PRIMARY KEY (run, metric, entity, at)
) WITHOUT ROWID;

-- Distributions, mergeable by adding counts: buckets of 1/128 relative width.
CREATE TABLE IF NOT EXISTS histograms (
    run           INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    metric        TEXT NOT NULL,
    during        TEXT NOT NULL,
    low           REAL NOT NULL,        -- s; where the bucket begins
    high          REAL NOT NULL,        -- s; where it ends
    count         INTEGER NOT NULL,     -- values in it
    PRIMARY KEY (run, metric, during, low)
) WITHOUT ROWID;

-- What happened: faults, state changes, snapshots, restores.
CREATE TABLE IF NOT EXISTS events (
    run           INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    number        INTEGER NOT NULL,     -- in the order in which they happened
    at            REAL NOT NULL,        -- s
    entity        TEXT NOT NULL,        -- a node, or a kind of fault
    kind          TEXT NOT NULL,        -- "peer suspected", "fault begins", ...
    peer          TEXT NOT NULL,        -- another node; '' when none
    a             INTEGER NOT NULL,     -- what a and b mean depends on the kind:
    b             INTEGER NOT NULL,     -- SW_TRACE_LIST in node/core/event.h says it
    text          TEXT NOT NULL,        -- a zone, a set, a reason
    PRIMARY KEY (run, number)
) WITHOUT ROWID;

-- The faults of a run: those that the scenario lists, and those that its storm drew.
CREATE TABLE IF NOT EXISTS faults (
    run           INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    number        INTEGER NOT NULL,     -- in the order in which they began
    kind          TEXT NOT NULL,        -- `swarmsim list faults` says what it means
    began_at      REAL NOT NULL,        -- s
    ended_at      REAL,                 -- s; NULL: it was in effect when the run ended
    drawn         INTEGER NOT NULL,     -- 1: by the scenario's storm; 0: listed
    parameters    TEXT NOT NULL,        -- a JSON object with every key of the kind, defaults
                                        -- included; durations in s, null: not given
    PRIMARY KEY (run, number)
) WITHOUT ROWID;

-- What the scenario expects.
CREATE TABLE IF NOT EXISTS expectations (
    study         INTEGER NOT NULL REFERENCES studies ON DELETE CASCADE,
    configuration TEXT NOT NULL,
    number        INTEGER NOT NULL,     -- in the order of the file
    text          TEXT NOT NULL,        -- as written
    metric        TEXT NOT NULL,
    during        TEXT NOT NULL,
    operator      TEXT NOT NULL,        -- < <= == >= >
    threshold     REAL NOT NULL,        -- in the metric's unit
    unit          TEXT NOT NULL,        -- s, B, 1 (a share), '' (a count)
    PRIMARY KEY (study, configuration, number)
) WITHOUT ROWID;

-- Whether it held, over all runs of the configuration.
CREATE TABLE IF NOT EXISTS verdicts (
    study         INTEGER NOT NULL,
    configuration TEXT NOT NULL,
    number        INTEGER NOT NULL,
    runs          INTEGER NOT NULL,     -- that measured it
    value         REAL,                 -- mean over runs, in the metric's unit
    low           REAL,                 -- 95 % confidence interval of that mean (Student's t, widened
    high          REAL,                 -- by the error of reading); equal to value with one run
    margin        REAL,                 -- distance from the threshold; negative when it fails
    holds         INTEGER NOT NULL,     -- 1 or 0
    PRIMARY KEY (study, configuration, number),
    FOREIGN KEY (study, configuration, number) REFERENCES expectations ON DELETE CASCADE
) WITHOUT ROWID;
