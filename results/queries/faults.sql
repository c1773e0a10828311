-- SPDX-License-Identifier: GPL-3.0-or-later
-- Faults as they happened in the first run: kind, where, beginning, end, how many there are; of
-- several runs those that all have, which are listed in the scenario.
-- ?1 study, ?2 configuration, ?3 and ?4 from when until when
WITH own AS (
    SELECT run, seed FROM runs WHERE study = ?1 AND configuration = ?2
)
SELECT f.kind,
       coalesce(f.parameters ->> 'node', f.parameters ->> 'region', f.parameters ->> 'nodes',
                f.parameters ->> 'from', f.parameters ->> 'zone', ''),
       f.began_at,
       coalesce(f.ended_at, (SELECT duration FROM studies WHERE study = ?1)) AS ended,
       count(*) OVER ()
FROM faults f JOIN own USING (run)
WHERE own.seed = (SELECT min(seed) FROM own)
  AND (f.drawn = 0 OR (SELECT count(*) FROM own) = 1)
  AND f.began_at < ?4 AND coalesce(f.ended_at, ?4) > ?3
ORDER BY f.began_at, f.number;
