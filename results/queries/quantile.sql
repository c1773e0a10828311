-- SPDX-License-Identifier: GPL-3.0-or-later
-- A quantile of all runs' values together: histograms merge by adding counts.  Where it lies: the
-- bucket that holds the value of rank ceil(q n); its bounds, and how many values there are.
-- ?1 study, ?2 configuration, ?3 metric of a histogram, ?4 during, ?5 q in 0..1
WITH merged AS (
    SELECT h.low, h.high, sum(h.count) AS count
    FROM histograms h JOIN runs r USING (run)
    WHERE r.study = ?1 AND r.configuration = ?2 AND h.metric = ?3 AND h.during = ?4
    GROUP BY h.low
), ranked AS (
    SELECT low, high, sum(count) OVER (ORDER BY low) AS upto, sum(count) OVER () AS n FROM merged
)
SELECT low, high, n FROM ranked WHERE upto >= ?5 * n ORDER BY low LIMIT 1;
