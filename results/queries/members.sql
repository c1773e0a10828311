-- SPDX-License-Identifier: GPL-3.0-or-later
-- What each node thought of each other in the run with the lowest seed, as it changed: of whom,
-- who, when, state (0 alive, 1 suspect, 2 dead, 3 left, 4 forgotten).
-- ?1 study, ?2 configuration
SELECT e.peer, e.entity, e.at,
       CASE e.kind WHEN 'member alive' THEN 0 WHEN 'member suspect' THEN 1 WHEN 'member dead' THEN 2
                   WHEN 'member left' THEN 3 ELSE 4 END
FROM events e
WHERE e.run = (SELECT run FROM runs WHERE study = ?1 AND configuration = ?2 ORDER BY seed LIMIT 1)
  AND e.kind IN ('member alive', 'member suspect', 'member dead', 'member left', 'member forgotten')
ORDER BY e.peer, e.entity, e.number;
