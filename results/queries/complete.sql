-- SPDX-License-Identifier: GPL-3.0-or-later
-- For each configuration, how many runs the last call asked for, and how many of those are stored.
-- ?1 study
SELECT c.configuration, c.seeds, count(r.run)
FROM configurations c LEFT JOIN runs r
  ON r.study = c.study AND r.configuration = c.configuration
     AND r.seed BETWEEN c.first_seed AND c.first_seed + c.seeds - 1
WHERE c.study = ?1 GROUP BY c.configuration ORDER BY c.number;
