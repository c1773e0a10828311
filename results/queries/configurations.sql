-- The configurations of a study that have runs, in the order in which they were run.
-- ?1 study
SELECT configuration, count(*) FROM runs WHERE study = ?1 GROUP BY configuration ORDER BY min(run);
