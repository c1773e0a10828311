-- SPDX-License-Identifier: GPL-3.0-or-later
-- Every metric in every window: how many runs measured it, mean, lowest and highest run.
-- ?1 study, ?2 configuration
SELECT m.metric, m.during, count(m.value), avg(m.value), min(m.value), max(m.value)
FROM metrics m JOIN runs r USING (run)
WHERE r.study = ?1 AND r.configuration = ?2
GROUP BY m.metric, m.during ORDER BY m.metric, m.during;
