-- SPDX-License-Identifier: GPL-3.0-or-later
-- Queries a second that the nodes of one region sent to those of another, mean over runs: where no
-- fault was in effect (0), and while one was (1).
-- ?1 study, ?2 configuration, ?3 from when on, ?4 length of an interval
WITH slot AS (
    SELECT s.run, s.at, EXISTS (
        SELECT 1 FROM faults f
        WHERE f.run = s.run AND f.began_at < s.at + ?4 AND coalesce(f.ended_at, s.at + ?4) > s.at
    ) AS faulty
    FROM samples s JOIN runs r USING (run)
    WHERE r.study = ?1 AND r.configuration = ?2 AND s.metric = 'dns.rate' AND s.entity = ''
      AND s.at >= ?3
), many AS (
    SELECT faulty, count(*) AS n FROM slot GROUP BY faulty
)
SELECT s.entity, slot.faulty, sum(s.value) / many.n
FROM slot JOIN samples s ON s.run = slot.run AND s.at = slot.at AND s.metric = 'route.sent'
          JOIN many ON many.faulty = slot.faulty
GROUP BY s.entity, slot.faulty ORDER BY s.entity, slot.faulty;
