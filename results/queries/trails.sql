-- SPDX-License-Identifier: GPL-3.0-or-later
-- Trails in the run with the lowest seed, as they changed: node>peer, time, value.
-- ?1 study, ?2 configuration
SELECT s.entity, s.at, s.value
FROM samples s
WHERE s.run = (SELECT run FROM runs WHERE study = ?1 AND configuration = ?2 ORDER BY seed LIMIT 1)
  AND s.metric = 'route.trail'
ORDER BY s.entity, s.at;
