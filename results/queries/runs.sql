-- SPDX-License-Identifier: GPL-3.0-or-later
-- The replications: seed, trace hash, events, seconds simulated and taken, what stopped it.
-- ?1 study, ?2 configuration
SELECT seed, trace_hash, events, sim_seconds, wall_seconds, cpu_seconds, oracle, complaint
FROM runs WHERE study = ?1 AND configuration = ?2 ORDER BY seed;
