-- SPDX-License-Identifier: GPL-3.0-or-later
-- What a metric was sampled for and was ever more than zero, by name.
-- ?1 study, ?2 configuration, ?3 metric
SELECT s.entity
FROM samples s JOIN runs r USING (run)
WHERE r.study = ?1 AND r.configuration = ?2 AND s.metric = ?3
GROUP BY s.entity HAVING max(s.value) > 0 ORDER BY s.entity;
