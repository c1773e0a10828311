-- SPDX-License-Identifier: GPL-3.0-or-later
-- Faults as they happened in the first run: kind, where, beginning, end.
-- ?1 study, ?2 configuration
WITH first AS (
    SELECT run FROM runs WHERE study = ?1 AND configuration = ?2 ORDER BY seed LIMIT 1
)
SELECT b.entity, b.text, b.at,
       coalesce((SELECT min(e.at) FROM events e
                 WHERE e.run = b.run AND e.kind = 'fault ends' AND e.entity = b.entity
                   AND e.text = b.text AND e.at >= b.at),
                (SELECT duration FROM studies WHERE study = ?1))
FROM events b JOIN first USING (run)
WHERE b.kind = 'fault begins' ORDER BY b.at, b.number;
