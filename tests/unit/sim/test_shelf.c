/* SPDX-License-Identifier: GPL-3.0-or-later
 * Zones that simulated nodes share. */
#include "sim/world/shelf.h"

#include "node/core/dns/zone.h"
#include "tests/lib/check.h"
#include "tests/lib/dns_text.h"

extern CU_TestInfo tests_shelf[];

static const char ORG[] = "@ 3600 SOA ns hostmaster 7 7200 900 1209600 60\n"
                          "@ 3600 NS ns\n"
                          "ns 3600 A 192.0.2.1\n";

static struct sw_bytes text(const char *s)
{
    return (struct sw_bytes){ (const uint8_t *)s, strlen(s) };
}

static void what_is_the_same_lies_there_once(void)
{
    struct sim_shelf s;
    sim_shelf_init(&s);
    const struct sw_shelf *shelf = &s.shelf;
    const uint8_t *ant = shelf->take(shelf->self, text("ant"));
    const uint8_t *bee = shelf->take(shelf->self, text("bee"));
    CHECK(ant != bee);
    CHECK(shelf->take(shelf->self, text("ant")) == ant);
    CHECK(memcmp(ant, "ant", 3) == 0);
    CHECK_U64(s.books.count, 2);
    shelf->give(shelf->self, ant);
    CHECK_U64(s.books.count, 2);
    shelf->give(shelf->self, ant);
    CHECK_U64(s.books.count, 1);
    shelf->give(shelf->self, bee);
    CHECK_U64(s.books.count, 0);
    sim_shelf_fini(&s);
}

static void zones_of_the_same_text_share_an_image_and_are_what_they_were(void)
{
    struct sim_shelf s;
    sim_shelf_init(&s);
    struct sw_zone *alone = dns_zone("example.org", ORG);
    struct sw_zone *first = dns_zone("example.org", ORG);
    struct sw_zone *second = dns_zone("example.org", ORG);
    sw_zone_share(first, &s.shelf);
    sw_zone_share(second, &s.shelf);
    sw_zone_share(second, &s.shelf); /* it lies there already */
    CHECK(sw_zone_image(first).data == sw_zone_image(second).data);
    const struct sw_bytes own = sw_zone_image(alone);
    const struct sw_bytes shared = sw_zone_image(first);
    CHECK_U64(shared.len, own.len);
    CHECK(shared.data != own.data && memcmp(shared.data, own.data, own.len) == 0);
    sw_zone_free(first);
    CHECK_U64(sw_zone_serial(second), 7);
    CHECK(sw_dname_compare(sw_zone_name(second), sw_zone_name(alone)) == 0);
    sw_zone_free(second);
    sw_zone_free(alone);
    sim_shelf_fini(&s);
}

static const uint8_t *no_room(void *self, struct sw_bytes bytes)
{
    (void)self;
    (void)bytes;
    return NULL;
}

static void without_room_a_zone_keeps_its_image(void)
{
    const struct sw_shelf full = { .take = no_room };
    struct sw_zone *z = dns_zone("example.org", ORG);
    const uint8_t *own = sw_zone_image(z).data;
    sw_zone_share(z, &full);
    CHECK(sw_zone_image(z).data == own);
    CHECK_U64(sw_zone_serial(z), 7);
    sw_zone_free(z);
}

CU_TestInfo tests_shelf[] = {
    { "what is the same lies there once", what_is_the_same_lies_there_once },
    { "zones of the same text share an image and are what they were",
      zones_of_the_same_text_share_an_image_and_are_what_they_were },
    { "without room a zone keeps its image", without_room_a_zone_keeps_its_image },
    CU_TEST_INFO_NULL,
};
