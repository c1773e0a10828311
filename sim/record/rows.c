/* SPDX-License-Identifier: GPL-3.0-or-later
 * Rows to bytes and back.  Both ends are one build on one machine: numbers in host order. */
#include "sim/record/rows.h"

#include <string.h>

enum { ROW_INFO = 1, ROW_METRIC, ROW_SAMPLE, ROW_BUCKET, ROW_EVENT, ROW_FAULT };

static void put(struct sim_rows *r, const void *data, size_t len)
{
    if (!r->failed && sw_blob_append(&r->blob, data, len) != 0) {
        r->failed = true;
    }
}

static void put_tag(struct sim_rows *r, uint8_t tag)
{
    put(r, &tag, 1);
}

static void put_text(struct sim_rows *r, const char *s)
{
    put(r, s, strlen(s) + 1);
}

void sim_rows_info(struct sim_rows *r, const struct sim_run_info *info)
{
    put_tag(r, ROW_INFO);
    put(r, info, sizeof *info);
}

void sim_rows_metric(struct sim_rows *r, const char *metric, const char *during, double value)
{
    put_tag(r, ROW_METRIC);
    put_text(r, metric);
    put_text(r, during);
    put(r, &value, sizeof value);
}

void sim_rows_sample(struct sim_rows *r, const char *metric, const char *entity, sw_time at,
                     double value)
{
    put_tag(r, ROW_SAMPLE);
    put_text(r, metric);
    put_text(r, entity);
    put(r, &at, sizeof at);
    put(r, &value, sizeof value);
}

void sim_rows_hist(struct sim_rows *r, const char *metric, const char *during,
                   const struct sim_hist *h)
{
    for (uint32_t i = 0; h->buckets != NULL && i < SIM_HIST_BUCKETS; i++) {
        if (h->buckets[i] > 0) {
            put_tag(r, ROW_BUCKET);
            put_text(r, metric);
            put_text(r, during);
            put(r, &i, sizeof i);
            put(r, &h->buckets[i], sizeof h->buckets[i]);
        }
    }
}

void sim_rows_event(struct sim_rows *r, const struct sim_event_row *e)
{
    put_tag(r, ROW_EVENT);
    put(r, &e->at, sizeof e->at);
    put_text(r, e->entity);
    put_text(r, e->kind);
    put_text(r, e->peer);
    put_text(r, e->text);
    put(r, &e->a, sizeof e->a);
    put(r, &e->b, sizeof e->b);
}

void sim_rows_fault(struct sim_rows *r, const struct sim_fault_row *f)
{
    put_tag(r, ROW_FAULT);
    put(r, &f->began_at, sizeof f->began_at);
    put(r, &f->ended_at, sizeof f->ended_at);
    put_tag(r, f->drawn);
    put_text(r, f->kind);
    put_text(r, f->parameters);
}

void sim_rows_append(struct sim_rows *r, const struct sim_rows *more)
{
    put(r, more->blob.data, more->blob.len);
    r->failed = r->failed || more->failed;
}

/* ---- decoding ---- */

static void get(struct sw_rd *rd, void *out, size_t len)
{
    const uint8_t *p = sw_rd_bytes(rd, len);
    if (p != NULL) {
        memcpy(out, p, len);
    } else {
        memset(out, 0, len);
    }
}

static const char *get_text(struct sw_rd *rd)
{
    const uint8_t *from = rd->buf + rd->off;
    const uint8_t *end = sw_rd_left(rd) > 0 ? memchr(from, '\0', sw_rd_left(rd)) : NULL;
    if (end == NULL) {
        rd->fail = true;
        return "";
    }
    return (const char *)sw_rd_bytes(rd, (size_t)(end - from) + 1);
}

static int each_info(struct sw_rd *rd, const struct sim_row_handler *h)
{
    struct sim_run_info info;
    get(rd, &info, sizeof info);
    return rd->fail || h->info == NULL ? 0 : h->info(h->self, &info);
}

static int each_metric(struct sw_rd *rd, const struct sim_row_handler *h)
{
    const char *metric = get_text(rd);
    const char *during = get_text(rd);
    double value;
    get(rd, &value, sizeof value);
    return rd->fail || h->metric == NULL ? 0 : h->metric(h->self, metric, during, value);
}

static int each_sample(struct sw_rd *rd, const struct sim_row_handler *h)
{
    const char *metric = get_text(rd);
    const char *entity = get_text(rd);
    sw_time at;
    double value;
    get(rd, &at, sizeof at);
    get(rd, &value, sizeof value);
    return rd->fail || h->sample == NULL ? 0 : h->sample(h->self, metric, entity, at, value);
}

static int each_bucket(struct sw_rd *rd, const struct sim_row_handler *h)
{
    const char *metric = get_text(rd);
    const char *during = get_text(rd);
    uint32_t bucket;
    uint32_t count;
    get(rd, &bucket, sizeof bucket);
    get(rd, &count, sizeof count);
    return rd->fail || h->bucket == NULL ? 0 : h->bucket(h->self, metric, during, bucket, count);
}

static int each_event(struct sw_rd *rd, const struct sim_row_handler *h)
{
    struct sim_event_row e;
    get(rd, &e.at, sizeof e.at);
    e.entity = get_text(rd);
    e.kind = get_text(rd);
    e.peer = get_text(rd);
    e.text = get_text(rd);
    get(rd, &e.a, sizeof e.a);
    get(rd, &e.b, sizeof e.b);
    return rd->fail || h->event == NULL ? 0 : h->event(h->self, &e);
}

static int each_fault(struct sw_rd *rd, const struct sim_row_handler *h)
{
    struct sim_fault_row f;
    get(rd, &f.began_at, sizeof f.began_at);
    get(rd, &f.ended_at, sizeof f.ended_at);
    f.drawn = sw_rd_u8(rd) != 0;
    f.kind = get_text(rd);
    f.parameters = get_text(rd);
    return rd->fail || h->fault == NULL ? 0 : h->fault(h->self, &f);
}

int sim_rows_each(struct sw_bytes rows, const struct sim_row_handler *h)
{
    static int (*const each[])(struct sw_rd *, const struct sim_row_handler *) = {
        [ROW_INFO] = each_info,     [ROW_METRIC] = each_metric, [ROW_SAMPLE] = each_sample,
        [ROW_BUCKET] = each_bucket, [ROW_EVENT] = each_event,   [ROW_FAULT] = each_fault,
    };
    struct sw_rd rd = { .buf = rows.data, .len = rows.len };
    int err = 0;
    while (err == 0 && sw_rd_left(&rd) > 0) {
        const uint8_t tag = sw_rd_u8(&rd);
        if (tag >= SW_LEN(each) || each[tag] == NULL) {
            return SW_ERR_MALFORMED;
        }
        err = each[tag](&rd, h);
        if (rd.fail) {
            return SW_ERR_MALFORMED;
        }
    }
    return err;
}
