/* SPDX-License-Identifier: GPL-3.0-or-later
 * A live node's configuration file. */
#define _POSIX_C_SOURCE 200809L
#include "node/conf/config.h"
#include "tests/lib/check.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

extern CU_TestInfo tests_config[];

#define RECIPIENT "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const char good[] = "name: fra-1\n"
                           "region: fra\n"
                           "cores: 4\n"
                           "routing: {policy: peak_ewma, parameters: {tau: 5s}}\n"
                           "zones:\n"
                           "  - {name: example.org, file: example.org.zone, primary: true}\n"
                           "peers:\n"
                           "  - {name: nyc-1, region: nyc, address: '192.0.2.1:7300'}\n"
                           "listen: {dns: ['127.0.0.1:53', '[::1]:53'], peers: '[::]:7300'}\n"
                           "tls: {certificate: a.crt, key: /k/a.key, ca: ca.crt}\n"
                           "identity: id\n"
                           "backup:\n"
                           "  sets:\n"
                           "    - {name: etc, path: /etc, every: 1h, recipient: " RECIPIENT "}\n";

static char folder[] = "/tmp/sw-config-XXXXXX";

static void write_file(const char *name, const char *text, mode_t mode)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    if (f != NULL) {
        (void)fputs(text, f);
        (void)fclose(f);
        (void)chmod(path, mode);
    }
}

/* Load the good file with @from replaced by @to; the message without the folder. */
static int load(const char *from, const char *to, struct sw_node_file **f, char message[256])
{
    static bool made;
    char text[2048];
    char path[64];
    struct sw_diag d = { 0 };
    if (!made) {
        made = mkdtemp(folder) != NULL;
        write_file("id", RECIPIENT "\n", 0600);
    }
    const char *at = from != NULL ? strstr(good, from) : good;
    if (at == NULL) {
        (void)snprintf(message, 256, "the test itself is broken: %s", from);
        return -1;
    }
    const size_t skip = from != NULL ? strlen(from) : 0;
    (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, to != NULL ? to : "",
                   at + skip);
    write_file("n.yaml", text, 0600);
    (void)snprintf(path, sizeof path, "%s/n.yaml", folder);
    const int err = sw_config_load(path, f, &d);
    const char *own = strstr(d.text, "n.yaml");
    (void)snprintf(message, 256, "%s", own != NULL ? own : d.text);
    return err;
}

static void a_good_file_configures_node_and_host(void)
{
    struct sw_node_file *f;
    char message[256];
    const int err = load(NULL, NULL, &f, message);
    CHECK_STR(message, "");
    REQUIRE(err == 0);
    CHECK_STR(f->config.name.s, "fra-1");
    CHECK_U64(f->config.cores, 4);
    CHECK_U64(f->config.query_deadline, 1900 * SW_MS);
    CHECK_U64(f->config.udp_size, 1232);
    CHECK(f->config.zones[0].primary);
    CHECK(strncmp(f->config.zones[0].file, folder, strlen(folder)) == 0); /* beside the file */
    CHECK_STR(f->config.sets[0].path, "/etc");
    CHECK_U64(f->config.sets[0].every, SW_HOUR);
    CHECK_U64(f->config.sets[0].recipient[15], 0xff);
    CHECK_U64(f->config.identity[1], 0x11);
    CHECK_STR(f->config.params[0].name, "tau");
    CHECK_NEAR(f->config.params[0].value, 5e9, 0);
    REQUIRE(f->host.n_dns == 2);
    CHECK_STR(f->host.dns[1], "[::1]:53");
    CHECK_STR(f->host.key, "/k/a.key");
    CHECK(f->host.admin == NULL && f->host.crl == NULL);
    CHECK_U64(f->host.fronts, 1);
    CHECK_U64(f->host.log_level, SW_LOG_INFO);
    sw_config_free(f);
}

static const struct {
    const char *from, *to, *message;
} broken[] = {
    { "name: fra-1\n", "", "n.yaml:1:1: name: is missing (required here)" },
    { "cores: 4", "coers: 4", "n.yaml:3:1: coers: unknown key (did you mean 'cores'?)" },
    { "policy: peak_ewma", "policy: peak",
      "n.yaml:4:19: policy: no policy is called 'peak' "
      "(see swarmsim list policies)" },
    { "policy: peak_ewma, parameters: {tau: 5s}", "policy: full_information",
      "n.yaml:4:19: policy: full_information is a reference for scenarios: only a simulator can "
      "show "
      "it the true queues" },
    { "tau: 5s", "tau: 5", "n.yaml:4:48: tau: is not a duration (like 80ms, 2.5s, 1h30m)" },
    { "cores: 4", "membership: {timeout: 2s}",
      "n.yaml:3:23: timeout: a probe would time out after 2 s, and the next begins after 1 s "
      "(timeout less than period)" },
    { "cores: 4", "membership: {period: 500ms}",
      "n.yaml:3:22: period: a probe would time out after 0.5 s, and the next begins after 0.5 s "
      "(timeout less than period)" },
    { "name: nyc-1", "name: fra-1", "n.yaml:8:12: name: 'fra-1' is this node itself" },
    { "192.0.2.1:7300", "192.0.2.1",
      "n.yaml:8:41: address: '192.0.2.1' is not an address with a "
      "port (like 192.0.2.1:53, [2001:db8::1]:53)" },
    { "['127.0.0.1:53', '[::1]:53']", "[]", "n.yaml:9:15: dns: is empty (at least one address)" },
    { "key: /k/a.key, ", "", "n.yaml:10:6: key: is missing (required here)" },
    { "identity: id\n", "", "n.yaml:1:1: identity: is missing (needed to sign what is protected)" },
    { ", recipient: " RECIPIENT, "",
      "n.yaml:14:7: recipient: is missing (a set without a reader can't be restored)" },
    { "recipient: 0011", "recipient: 00zz",
      "n.yaml:14:53: recipient: '00zz2233445566778899aabbccddeeff00112233' is not 64 hexadecimal "
      "digits" },
};

static void a_broken_file_is_told_where_and_why(void)
{
    for (size_t i = 0; i < SW_LEN(broken); i++) {
        struct sw_node_file *f = NULL;
        char message[256];
        CHECK(load(broken[i].from, broken[i].to, &f, message) < 0);
        CHECK_STR(message, broken[i].message);
        CHECK(f == NULL);
    }
}

static void an_identity_that_others_can_read_is_refused(void)
{
    struct sw_node_file *f = NULL;
    char message[256];
    REQUIRE(load(NULL, NULL, &f, message) == 0);
    sw_config_free(f);
    write_file("id", RECIPIENT "\n", 0640);
    CHECK_I64(load(NULL, NULL, &f, message), SW_ERR_DENIED);
    CHECK(strstr(message, "can be read by others (mode 0600 is expected)") != NULL);
    write_file("id", "too short\n", 0600);
    CHECK_I64(load(NULL, NULL, &f, message), SW_ERR_MALFORMED);
    CHECK(strstr(message, "holds no key (64 hexadecimal digits)") != NULL);
    CHECK_I64(load("identity: id", "identity: nothing", &f, message), SW_ERR_IO);
    CHECK(strstr(message, "nothing: No such file or directory") != NULL);
    write_file("id", RECIPIENT "\n", 0600);
}

CU_TestInfo tests_config[] = {
    { "a good file configures node and host", a_good_file_configures_node_and_host },
    { "a broken file is told where and why", a_broken_file_is_told_where_and_why },
    { "an identity that others can read is refused", an_identity_that_others_can_read_is_refused },
    CU_TEST_INFO_NULL,
};
