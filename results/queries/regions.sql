-- SPDX-License-Identifier: GPL-3.0-or-later
-- Regions that have nodes, in the order of the file; and each node's region.
-- ?1 study, ?2 configuration
SELECT name, region FROM nodes WHERE study = ?1 AND configuration = ?2 ORDER BY number;
