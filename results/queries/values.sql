-- SPDX-License-Identifier: GPL-3.0-or-later
-- A metric's value in every run, in order of seed.
-- ?1 study, ?2 configuration, ?3 metric, ?4 during
SELECT r.seed, m.value
FROM metrics m JOIN runs r USING (run)
WHERE r.study = ?1 AND r.configuration = ?2 AND m.metric = ?3 AND m.during = ?4
ORDER BY r.seed;
