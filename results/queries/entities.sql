-- What a metric was sampled for, in order of first appearance.
-- ?1 study, ?2 configuration, ?3 metric
SELECT s.entity
FROM samples s JOIN runs r USING (run)
WHERE r.study = ?1 AND r.configuration = ?2 AND s.metric = ?3
GROUP BY s.entity ORDER BY s.entity;
