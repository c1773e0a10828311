-- SPDX-License-Identifier: GPL-3.0-or-later
-- For each region, the node whose trails moved most in the run with the lowest seed; nodes and
-- regions that fail are left out: the dead believe nothing.
-- ?1 study, ?2 configuration
WITH first AS (
    SELECT run FROM runs WHERE study = ?1 AND configuration = ?2 ORDER BY seed LIMIT 1
), moved AS (
    SELECT substr(s.entity, 1, instr(s.entity, '>') - 1) AS node, s.entity,
           max(s.value) - min(s.value) AS range
    FROM samples s JOIN first USING (run) JOIN studies t ON t.study = ?1
    WHERE s.metric = 'route.trail' AND s.at >= t.warmup
    GROUP BY s.entity
), total AS (
    SELECT n.region, n.name, n.number, sum(m.range) AS range
    FROM moved m JOIN nodes n ON n.study = ?1 AND n.configuration = ?2 AND n.name = m.node
    WHERE NOT EXISTS (SELECT 1 FROM events e JOIN first USING (run)
                      WHERE e.kind = 'fault begins' AND e.text IN (n.name, n.region))
    GROUP BY n.name
)
SELECT name, region FROM total t
WHERE NOT EXISTS (SELECT 1 FROM total u WHERE u.region = t.region
                  AND (u.range > t.range OR (u.range = t.range AND u.number < t.number)))
ORDER BY number LIMIT 4;
