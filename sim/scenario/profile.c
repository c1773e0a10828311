/* SPDX-License-Identifier: GPL-3.0-or-later
 * The keys of a profile. */
#include "sim/scenario/profile.h"

#include <stddef.h>
#include <string.h>

#define FIELD(member) .offset = offsetof(struct sim_profile, member)
#define REQUEST(key, text)                                                            \
    {                                                                                 \
#key, SW_YAML_DURATION, FIELD(key), .required = true, .low = 1, .high = 60e9, \
                                            .help = (text)                            \
    }
#define WORK(key, kind, text)                                                                \
    {                                                                                        \
        key, SW_YAML_NUMBER, FIELD(work[kind]), .required = true, .low = 0.001, .high = 1e6, \
                                                .help = (text)                               \
    }

static const struct sw_yaml_field fields[] = {
    { "machine", SW_YAML_STRING, FIELD(machine), .required = true,
      .help = "where it was measured" },
    { "repetitions", SW_YAML_COUNT, FIELD(repetitions), .required = true, .low = 1, .high = 10000,
      .help = "whose medians these are" },
    REQUEST(query, "a client's query, answered from a zone held here"),
    REQUEST(forward, "what is added when it is handed to a peer instead"),
    REQUEST(peer, "a peer's query"),
    REQUEST(urgent, "a peer's answer or acknowledgement"),
    WORK("hash", SW_WORK_HASH, "ns a byte"),
    WORK("cut", SW_WORK_CUT, "ns a byte"),
    WORK("compress", SW_WORK_COMPRESS, "ns a byte that goes in"),
    WORK("decompress", SW_WORK_DECOMPRESS, "ns a byte that comes out"),
    WORK("seal", SW_WORK_SEAL, "ns a byte; opening costs the same"),
    WORK("parse", SW_WORK_PARSE, "ns a byte of zone text"),
};

const struct sw_yaml_table sim_profile_table = { .name = "profile",
                                                 .fields = fields,
                                                 .n = SW_LEN(fields) };

int sim_profile_read(const char *path, struct sim_profile *out, struct sw_diag *d)
{
    struct sw_yaml y;
    memset(out, 0, sizeof *out);
    int err = sw_yaml_read(path, &y, d);
    if (err == 0) {
        err = sw_yaml_bind(&y, y.root, &sim_profile_table, out, d);
        sw_yaml_fini(&y);
    }
    return err;
}

void sim_profile_release(struct sim_profile *p)
{
    sw_yaml_release(&sim_profile_table, p);
}
