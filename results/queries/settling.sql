-- SPDX-License-Identifier: GPL-3.0-or-later
-- A metric over time, mean of all runs, from the beginning (warm-up included) to the first fault.
-- ?1 study, ?2 configuration, ?3 metric
SELECT s.at, avg(s.value)
FROM samples s JOIN runs r USING (run)
WHERE r.study = ?1 AND r.configuration = ?2 AND s.metric = ?3 AND s.entity = ''
  AND s.at < coalesce((SELECT min(e.at) FROM events e JOIN runs f USING (run)
                       WHERE f.study = ?1 AND f.configuration = ?2 AND e.kind = 'fault begins'),
                      (SELECT duration FROM studies WHERE study = ?1))
GROUP BY s.at ORDER BY s.at;
