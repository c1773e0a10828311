-- SPDX-License-Identifier: GPL-3.0-or-later
-- A metric over time: the mean over runs, and the lowest and highest run.
-- ?1 study, ?2 configuration, ?3 metric, ?4 entity
SELECT s.at, avg(s.value), min(s.value), max(s.value)
FROM samples s JOIN runs r USING (run)
WHERE r.study = ?1 AND r.configuration = ?2 AND s.metric = ?3 AND s.entity = ?4
GROUP BY s.at ORDER BY s.at;
