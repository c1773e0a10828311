/* SPDX-License-Identifier: GPL-3.0-or-later
 * Our answers against Knot's: a server of theirs and our own code answer from the same master
 * files, and every name of them, and names around those, must get the same answer.  Where we
 * differ on purpose stands in excused(). */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "node/core/dns/image.h"
#include "tests/lib/check.h"
#include "tests/lib/dns_text.h"

extern CU_TestInfo tests_knotd[];

static const struct {
    const char *origin, *file;
} files[] = { /* in canonical order, as a view wants them */
              { "example", SW_SOURCE_DIR "/tests/diff/rfc4592.zone" },
              { "example.org", SW_SOURCE_DIR "/scenarios/zones/example.org.zone" },
              { "odd.test", SW_SOURCE_DIR "/tests/diff/odd.zone" }
};

/* ---- the server ---- */

struct server {
    char folder[64];
    pid_t pid;
    int socket; /* connected to it */
};

static void write_config(const struct server *s, uint16_t port)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/knot.conf", s->folder);
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        return;
    }
    (void)fprintf(f,
                  "server:\n    rundir: \"%s\"\n    listen: 127.0.0.1@%u\n    udp-workers: 1\n"
                  "    tcp-workers: 1\n    background-workers: 1\n"
                  "database:\n    storage: \"%s\"\n"
                  "template:\n  - id: default\n    zonefile-sync: -1\n"
                  "    journal-content: none\nzone:\n",
                  s->folder, port, s->folder);
    for (size_t i = 0; i < SW_LEN(files); i++) {
        (void)fprintf(f, "  - domain: %s\n    file: \"%s\"\n", files[i].origin, files[i].file);
    }
    (void)fprintf(f, "log:\n  - target: stderr\n    any: error\n");
    (void)fclose(f);
}

/* A datagram port that was free a moment ago. */
static uint16_t free_port(void)
{
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof a;
    if (bind(fd, (struct sockaddr *)&a, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) != 0) {
        a.sin_port = 0;
    }
    (void)close(fd);
    return ntohs(a.sin_port);
}

/* Ask until something comes back, 10 s at most.  Bytes of the answer, or 0. */
static size_t ask_server(const struct server *s, struct sw_bytes query, uint8_t *out, size_t cap)
{
    const time_t end = time(NULL) + 10;
    while (time(NULL) < end) {
        (void)send(s->socket, query.data, query.len, 0);
        const ssize_t n = recv(s->socket, out, cap, 0); /* gives up after a while */
        if (n >= SW_DNS_HEADER && sw_answer_matches(query, (struct sw_bytes){ out, (size_t)n })) {
            return (size_t)n;
        }
    }
    return 0;
}

static bool start(struct server *s)
{
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(s->folder, sizeof s->folder, "%.40s/swarm-knotd-XXXXXX",
                   tmp != NULL ? tmp : "/tmp");
    const uint16_t port = free_port();
    if (mkdtemp(s->folder) == NULL || port == 0) {
        return false;
    }
    write_config(s, port);
    char conf[128];
    (void)snprintf(conf, sizeof conf, "%s/knot.conf", s->folder);
    s->pid = fork();
    if (s->pid == 0) {
        (void)execl(SW_KNOTD, SW_KNOTD, "-c", conf, (char *)NULL);
        _exit(127);
    }
    s->socket = socket(AF_INET, SOCK_DGRAM, 0);
    const struct sockaddr_in to = { .sin_family = AF_INET,
                                    .sin_port = htons(port),
                                    .sin_addr = { htonl(INADDR_LOOPBACK) } };
    const struct timeval patience = { .tv_usec = 100000 };
    return s->pid > 0 && connect(s->socket, (const struct sockaddr *)&to, sizeof to) == 0 &&
           setsockopt(s->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void stop(struct server *s)
{
    if (s->pid > 0) {
        (void)kill(s->pid, SIGTERM);
        (void)waitpid(s->pid, NULL, 0);
    }
    (void)close(s->socket);
    CHECK_I64(nftw(s->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* ---- comparing ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of @text but those of OPT, sorted: sections are sets. */
static void normalise(char *text, char *out, size_t cap)
{
    char *lines[512];
    size_t n = 0;
    for (char *line = strtok(text, "\n"); line != NULL && n < SW_LEN(lines);
         line = strtok(NULL, "\n")) {
        if (n == 0 || strncmp(line, "opt", 3) != 0) {
            lines[n++] = line;
        }
    }
    qsort(lines + 1, n - 1, sizeof lines[0], by_text);
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        at += (size_t)snprintf(out + at, cap - at, "%s\n", lines[i]);
    }
}

static bool has_line(const char *text, const char *line, size_t len)
{
    for (const char *at = text; *at != '\0'; at = strchr(at, '\n') + 1) {
        if (strncmp(at, line, len) == 0) {
            return true;
        }
    }
    return false;
}

/* Does @text hold every line of @part; but for additional ones when @strict is false? */
static bool holds(const char *text, const char *part, bool strict)
{
    for (const char *end = NULL; *part != '\0'; part = end + 1) {
        end = strchr(part, '\n');
        const bool matters = strict || strncmp(part, "ar ", 3) != 0;
        if (matters && !has_line(text, part, (size_t)(end - part) + 1)) {
            return false;
        }
    }
    return true;
}

/* Why our answer may be another one; NULL: it may not. */
static const char *excused(uint16_t type, const char *ours, const char *theirs)
{
    if (type == SW_TYPE_ANY) {
        return "each gives another RRset for ANY (RFC 8482)";
    }
    if (type == SW_TYPE_MX && holds(theirs, ours, true) && holds(ours, theirs, false)) {
        return "with MX Knot sends glue from below delegations, and addresses twice";
    }
    return NULL;
}

struct tally {
    uint64_t same, excused, different;
};

static void compare(const struct server *s, const struct sw_view *view, const uint8_t *name,
                    uint16_t type, struct tally *t)
{
    uint8_t query[300];
    uint8_t answer[4096];
    char text[16384];
    char ours[16384];
    char theirs[16384];
    struct sw_wr q = { .buf = query, .cap = sizeof query };
    struct sw_wr a = { .buf = answer, .cap = sizeof answer };
    sw_query_write(&q, &(struct sw_query){ 0x1234, type, name, 1232, false });
    const struct sw_bytes message = { query, q.len };
    CHECK_U64(sw_answer(view, message, false, &a), SW_VERDICT_REPLY);
    dns_text((struct sw_bytes){ answer, a.len }, text, sizeof text);
    normalise(text, ours, sizeof ours);
    const size_t len = ask_server(s, message, answer, sizeof answer);
    CHECK(len > 0);
    dns_text((struct sw_bytes){ answer, len }, text, sizeof text);
    normalise(text, theirs, sizeof theirs);
    if (strcmp(ours, theirs) == 0) {
        t->same++;
    } else if (excused(type, ours, theirs) != NULL) {
        t->excused++;
    } else {
        char shown[SW_DNAME_TEXT_MAX];
        sw_dname_to_text(name, shown);
        (void)fprintf(stderr, "%s type %u\nours: %stheirs: %s\n", shown, type, ours, theirs);
        t->different++;
    }
}

/* @prefix (labels in wire form) before @name, if that is still a name. */
static bool prepend(const char *prefix, const uint8_t *name, uint8_t out[2 * SW_DNAME_MAX])
{
    const size_t len = strlen(prefix);
    memcpy(out, prefix, len);
    memcpy(out + len, name, sw_dname_len(name));
    return sw_dname_check(out, SW_DNAME_MAX) != 0;
}

static void compare_around(const struct server *s, const struct sw_view *view, const uint8_t *name,
                           struct tally *t)
{
    static const char *const prefixes[] = { "", "\1x", "\1x\1y", "\1*", "\1q\1*", "\3_no" };
    static const uint16_t types[] = { SW_TYPE_A,   SW_TYPE_NS,  SW_TYPE_SOA, SW_TYPE_MX,
                                      SW_TYPE_TXT, SW_TYPE_SRV, SW_TYPE_DS,  SW_TYPE_CNAME,
                                      65280,       SW_TYPE_ANY };
    for (size_t i = 0; i < SW_LEN(prefixes); i++) {
        uint8_t around[2 * SW_DNAME_MAX];
        for (size_t k = 0; k < SW_LEN(types) && prepend(prefixes[i], name, around); k++) {
            compare(s, view, around, types[k], t);
        }
    }
}

static struct sw_zone *load(size_t i)
{
    static char text[1 << 16];
    FILE *f = fopen(files[i].file, "rb");
    if (f == NULL) {
        return NULL;
    }
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    (void)fclose(f);
    return dns_zone(files[i].origin, text);
}

static void every_name_and_its_neighbours_get_the_same_answer(void)
{
    struct sw_zone *zones[SW_LEN(files)];
    for (size_t i = 0; i < SW_LEN(files); i++) {
        zones[i] = load(i);
        REQUIRE(zones[i] != NULL);
    }
    const struct sw_view view = { .zones = (const struct sw_zone *const *)zones,
                                  .n_zones = SW_LEN(files),
                                  .udp_size = 1232 };
    struct tally t = { 0, 0, 0 };
    struct server s = { .pid = -1 };
    if (start(&s)) {
        for (size_t i = 0; i < SW_LEN(files); i++) {
            const struct sw_bytes image = sw_zone_image(zones[i]);
            unsigned step = 0;
            for (const uint8_t *node = zones[i]->apex; node < image.data + image.len;
                 node += sw_zn_size(node)) {
                if (sw_zn_name(node)[1] != 'h' || step++ % 25 == 0) { /* hosts are all alike */
                    compare_around(&s, &view, sw_zn_name(node), &t);
                }
            }
        }
    }
    stop(&s);
    (void)printf("%llu answers the same, %llu differ with a reason ... ",
                 (unsigned long long)t.same, (unsigned long long)t.excused);
    CHECK(t.same > 5000);
    CHECK_U64(t.different, 0);
    for (size_t i = 0; i < SW_LEN(files); i++) {
        sw_zone_free(zones[i]);
    }
}

CU_TestInfo tests_knotd[] = {
    { "every name and its neighbours get the same answer",
      every_name_and_its_neighbours_get_the_same_answer },
    CU_TEST_INFO_NULL,
};
