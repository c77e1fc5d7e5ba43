#include "scheduler/cli/status_read.h"

#include "embedded/shared_sql.h"
#include "scheduler/cli/cycle_table.h"
#include "scheduler/io/fleet_facts.h"
#include "scheduler/io/fleet_redis.h"
#include "scheduler/io/operator_store.h"
#include "scheduler/io/store.h"
#include "shared/core/url.h"
#include "shared/io/clock.h"

#include <string.h>

struct reader {
    struct ps_cli_session *sync;
    struct ps_err *err;
    bool failed; /* a server did not answer; err says which */
};

/* After Redis has not answered once, nothing more is asked. */
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

    (void)err; /* the reader owns it */
    *out_read = read;
}

/* The workers, under the name that `status` used before there was a list of all instances. */
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

/* Redis answers, but does it take writes? A running program could not report that through Redis. */
static void note_writes(const struct reader *reader, struct ps_incident_set *set)
{
    const char *key = ps_key(ps_cli_session_keys(reader->sync), PS_KEY_INCIDENTS);
    const char *args[] = { "HSET", key, "checked_at", "0" };
    struct ps_pg_batch *batch = ps_pg_batch_create();
    struct ps_err err;

    if (ps_cli_session_redis(reader->sync, args, PS_COUNT_OF(args), &err) == NULL)
        ps_incidents_note(set, PS_INCIDENT_REDIS_REFUSES_WRITES, true, err.what);
    ps_sql_write_check(batch);
    if (ps_cli_session_pg(reader->sync, batch, &err) == NULL)
        ps_incidents_note(set, PS_INCIDENT_POSTGRES_REFUSES_WRITES, true, err.what);
}

/* The running programs share what they observe; `status` adds what it reads itself. */
static void add_troubles(const struct reader *reader, cJSON *status,
                         const struct ps_fleet_facts *stored)
{
    struct ps_fleet_facts facts = *stored;
    struct ps_incident_set set = { 0 };
    cJSON *troubles;

    ps_fleet_facts(status, &facts);
    ps_fleet_facts_incidents(status, facts.now_ms, &set);
    if (facts.schedulers <= 0)
        ps_fleet_incidents_find(&facts, &set);
    note_writes(reader, &set);
    troubles = ps_fleet_incidents_troubles(&set, &facts);
    ps_json_add_text(status, "verdict", ps_fleet_incidents_worst(troubles));
    cJSON_AddItemToObject(status, "troubles", troubles);
    cJSON_DeleteItemFromObject(status, "incidents");
    cJSON_AddItemToObject(status, "incidents", ps_incidents_json(&set, PS_SEVERITY_TICKET));
    cJSON_AddItemToObject(status, "notes", ps_incidents_json(&set, PS_SEVERITY_NOTE));
}

static void read_facts(const struct reader *reader, const struct ps_pg_rows *rows,
                       struct ps_fleet_facts *out_facts)
{
    const struct ps_config *config = ps_cli_session_config(reader->sync);
    const struct ps_operator_wishes wishes =
        ps_operator_wishes_read(rows, PS_STORE_OVERVIEW_WISHES);
    int count = ps_pg_row_count(rows, PS_STORE_OVERVIEW_CYCLES), last = 0;

    while (last < count &&
           strcmp(ps_pg_text(rows, PS_STORE_OVERVIEW_CYCLES, last, PS_SQL_OVERVIEW_CYCLES_STATUS),
                  "running") == 0)
        last++;
    *out_facts = (struct ps_fleet_facts){
        .now_ms = ps_clock_wall_ms(),
        .interval_ms = ps_config_poll_interval_ms(config),
        .after_ms = ps_config_alert_after_ms(config),
        .stored_read = true,
        .last_good_ms =
            ps_pg_int(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_LAST_SUCCESSFUL_POLL, 0),
        .index_refused = ps_pg_text(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_INDEX_REFUSED),
        .dead_messages = ps_pg_int(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_DEAD_MESSAGES, 0),
        .oldest_message_ms =
            ps_pg_int(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_OLDEST_MESSAGE, 0),
        .news_late_ms = ps_config_adaptive(config)
                            ? ps_pg_int(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_NEWS_LATE, 0)
                            : 0,
        .reads_open_std = config->enable_bulk_openstd,
        .open_std_lost = ps_pg_text(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_OPEN_STD_LOST),
        .queue_warn = config->mq_backpressure_threshold,
        .queue_max = config->mq_max_size
    };
    out_facts->probing_paused_ms = wishes.paused_ms;
    out_facts->probing_paused_why = wishes.why;
    out_facts->settled_ms = out_facts->last_good_ms > 0 ? 1 : out_facts->now_ms;
    if (last == count)
        return;
    out_facts->last_status =
        ps_pg_text(rows, PS_STORE_OVERVIEW_CYCLES, last, PS_SQL_OVERVIEW_CYCLES_STATUS);
    out_facts->last_error =
        ps_pg_text(rows, PS_STORE_OVERVIEW_CYCLES, last, PS_SQL_OVERVIEW_CYCLES_ERROR);
    out_facts->last_cause =
        ps_pg_text(rows, PS_STORE_OVERVIEW_CYCLES, last, PS_SQL_OVERVIEW_CYCLES_CAUSE);
}

static void add_stored(struct reader *reader, cJSON *status)
{
    const struct ps_pg_rows *rows;
    struct ps_operator_wishes wishes;
    struct ps_pg_rows *copy;
    struct ps_fleet_facts facts;

    rows = ps_cli_session_pg(reader->sync, ps_store_overview(PS_STATUS_CYCLES), reader->err);
    reader->failed = rows == NULL;
    if (rows == NULL)
        return;
    ps_json_add_int(status, "papers",
                    ps_pg_int(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_PAPERS, 0));
    ps_json_add_int(status, "discovered",
                    ps_pg_int(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_DRAFTS, 0));
    ps_json_add_int(status, "outbox_pending",
                    ps_pg_int(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_OUTBOX_PENDING, 0));
    ps_json_add_int(status, "poll_count",
                    ps_pg_int(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_POLL_COUNT, 0));
    ps_json_add_time(
        status, "last_successful_poll",
        ps_pg_int(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_LAST_SUCCESSFUL_POLL, 0));
    ps_json_add_time(status, "index_fetched_at",
                     ps_pg_int(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_INDEX_FETCHED_AT, 0));
    wishes = ps_operator_wishes_read(rows, PS_STORE_OVERVIEW_WISHES);
    ps_json_add_time(status, "probing_paused_since", wishes.paused_ms);
    ps_json_add_text(status, "probing_paused_reason", wishes.paused_ms == 0 ? NULL : wishes.why);
    cJSON_AddItemToObject(status, "cycles", ps_cycle_table_read(rows));
    copy = ps_pg_rows_copy(rows); /* facts borrow from it, and status asks more */
    read_facts(reader, copy, &facts);
    add_troubles(reader, status, &facts);
    ps_pg_rows_destroy(copy);
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
