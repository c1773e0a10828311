-- SPDX-License-Identifier: GPL-3.0-or-later
-- The configurations of a study that have runs, in the order of the file, and how many runs.
-- ?1 study
SELECT c.configuration, count(*)
FROM configurations c JOIN runs r USING (study, configuration)
WHERE c.study = ?1 GROUP BY c.configuration ORDER BY c.number;
