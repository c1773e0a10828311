/* SPDX-License-Identifier: GPL-3.0-or-later
 * Small zones that tests of the swarm serve. */
#ifndef SW_TESTS_LIB_SWARM_ZONES_H
#define SW_TESTS_LIB_SWARM_ZONES_H

#define ZONE_ORG                                                \
    "@ 300 IN SOA ns.example.org. admin 7 3600 600 86400 300\n" \
    "@ 300 IN NS ns.example.org.\n"                             \
    "ns 300 IN A 192.0.2.1\n"                                   \
    "www 300 IN A 192.0.2.2\n"
/* The same zone, edited. */
#define ZONE_ORG_8                                              \
    "@ 300 IN SOA ns.example.org. admin 8 3600 600 86400 300\n" \
    "@ 300 IN NS ns.example.org.\n"                             \
    "ns 300 IN A 192.0.2.1\n"                                   \
    "new 300 IN A 192.0.2.3\n"                                  \
    "www 300 IN A 192.0.2.4\n"
#define ZONE_NET                                                \
    "@ 300 IN SOA ns.example.net. admin 1 3600 600 86400 300\n" \
    "@ 300 IN NS ns.example.net.\n"                             \
    "ns 300 IN A 192.0.2.5\n"
/* No SOA. */
#define ZONE_BROKEN "@ 300 IN NS ns.example.org.\n"

#endif
