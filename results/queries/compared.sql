-- SPDX-License-Identifier: GPL-3.0-or-later
-- The configurations of a study that have runs, in the order of the file, and the seeds that were
-- asked for: the first one and how many.
-- ?1 study
SELECT c.configuration, c.first_seed, c.seeds
FROM configurations c
WHERE c.study = ?1 AND EXISTS (SELECT 1 FROM runs r WHERE r.study = c.study
                               AND r.configuration = c.configuration)
ORDER BY c.number;
