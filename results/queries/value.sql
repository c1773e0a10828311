-- SPDX-License-Identifier: GPL-3.0-or-later
-- A metric's value: how many runs measured it, mean, lowest and highest run.
-- ?1 study, ?2 configuration, ?3 metric, ?4 during
SELECT count(m.value), avg(m.value), min(m.value), max(m.value)
FROM metrics m JOIN runs r USING (run)
WHERE r.study = ?1 AND r.configuration = ?2 AND m.metric = ?3 AND m.during = ?4;
