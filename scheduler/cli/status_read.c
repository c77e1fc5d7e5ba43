#include "scheduler/cli/status_read.h"

#include "scheduler/cli/cycle_table.h"
#include "scheduler/io/fleet_facts.h"
#include "scheduler/io/fleet_redis.h"
#include "scheduler/io/store.h"
#include "shared/core/url.h"
#include "shared/io/clock.h"

#include <string.h>

struct reader {
    struct ps_cli_session *sync;
    struct ps_err *err;
    bool failed; /* a server did not answer: err says which */
};

/* Once Redis did not answer, nothing more is asked. */
static void send_now(void *cookie, const char *const *args, size_t count, ps_redis_fn fn,
                     void *fn_cookie)
{
    struct reader *reader = cookie;
    const struct redisReply *reply =
        reader->failed ? NULL : ps_cli_session_redis(reader->sync, args, count, reader->err);
    struct ps_err err = *reader->err;

    reader->failed = reader->failed || (reply == NULL && err.code != PS_REDIS_ERR_REPLY &&
                                        err.code != PS_REDIS_ERR_NOGROUP);
    fn(fn_cookie, reply, reply == NULL ? &err : NULL);
}

static void on_read(void *cookie, cJSON *read, const struct ps_err *err)
{
    cJSON **out_read = cookie;

    (void)err; /* the reader has it */
    *out_read = read;
}

/* What `status` called workers before there was a list of all instances. */
static void add_workers(cJSON *status)
{
    const cJSON *instances = cJSON_GetObjectItem(status, "instances"), *instance;
    cJSON *workers = cJSON_AddArrayToObject(status, "workers");

    for (instance = instances->child; instance != NULL; instance = instance->next) {
        int64_t in_flight;
        cJSON *worker;

        if (strcmp(ps_json_text(instance, "component"), "worker") != 0)
            continue;
        worker = cJSON_CreateObject();
        ps_json_add_text(worker, "name", ps_json_text(instance, "id"));
        ps_json_add_int(worker, "in_flight",
                        ps_json_int(instance, "in_flight", 0, INT64_MAX, &in_flight) ? in_flight
                                                                                     : 0);
        cJSON_AddItemToArray(workers, worker);
    }
}

static cJSON *read_redis(struct reader *reader)
{
    char host[256];
    const char *hosts[] = { host };
    bool named =
        ps_url_host(ps_cli_session_config(reader->sync)->iso_base_url, host, sizeof(host), NULL);
    const struct ps_fleet_ask ask = { .keys = ps_cli_session_keys(reader->sync),
                                      .hosts = hosts,
                                      .host_count = named ? 1 : 0,
                                      .instances = true,
                                      .send = send_now,
                                      .send_cookie = reader };
    cJSON *status = NULL;

    ps_fleet_redis_read(&ask, on_read, &status);
    if (status == NULL)
        return NULL;
    cJSON_AddItemToObject(status, "standbys", ps_fleet_standbys(status));
    add_workers(status);
    return status;
}

/* Whether something is stuck only a program that runs can tell: /health does. */
static void add_troubles(const struct reader *reader, cJSON *status, int64_t last_good_ms)
{
    const struct ps_config *config = ps_cli_session_config(reader->sync);
    const cJSON *cycle = cJSON_GetArrayItem(cJSON_GetObjectItem(status, "cycles"), 0);
    int64_t now_ms = ps_clock_wall_ms();
    struct ps_trouble_facts facts = { .now_ms = now_ms,
                                      .interval_ms = ps_config_poll_interval_ms(config),
                                      .launched_ms = now_ms,
                                      .redis_up = true,
                                      .database_up = true,
                                      .last_good_ms = last_good_ms,
                                      .queue_warn = config->mq_backpressure_threshold,
                                      .queue_max = config->mq_max_size };
    cJSON *troubles;

    ps_fleet_facts(status, &facts);
    if (cycle != NULL && strcmp(ps_json_text(cycle, "status"), "running") == 0)
        cycle = cycle->next;
    facts.last_status = ps_json_text(cycle, "status");
    facts.last_error = ps_json_text(cycle, "error");
    troubles = ps_trouble_find(&facts);
    ps_json_add_text(status, "verdict", ps_trouble_worst(troubles));
    cJSON_AddItemToObject(status, "troubles", troubles);
}

static void add_stored(struct reader *reader, cJSON *status)
{
    const struct ps_pg_rows *rows;

    rows = ps_cli_session_pg(reader->sync, ps_store_overview(PS_STATUS_CYCLES), reader->err);
    reader->failed = rows == NULL;
    if (rows == NULL)
        return;
    ps_json_add_int(status, "papers", ps_pg_int(rows, 0, 0, 0, 0));
    ps_json_add_int(status, "discovered", ps_pg_int(rows, 0, 0, 1, 0));
    ps_json_add_int(status, "outbox_pending", ps_pg_int(rows, 0, 0, 2, 0));
    ps_json_add_int(status, "poll_count", ps_pg_int(rows, 0, 0, 4, 0));
    ps_json_add_time(status, "last_successful_poll", ps_pg_int(rows, 0, 0, 3, 0));
    ps_json_add_time(status, "index_fetched_at", ps_pg_int(rows, 0, 0, 5, 0));
    cJSON_AddItemToObject(status, "cycles", ps_cycle_table_read(rows));
    add_troubles(reader, status, ps_pg_int(rows, 0, 0, 3, 0));
}

cJSON *ps_status_read(struct ps_cli_session *sync, struct ps_err *err)
{
    struct reader reader = { .sync = sync, .err = err };
    cJSON *status;

    *err = (struct ps_err){ .code = 0 };
    status = read_redis(&reader);
    if (status != NULL)
        add_stored(&reader, status);
    if (!reader.failed)
        return status;
    cJSON_Delete(status);
    return NULL;
}
