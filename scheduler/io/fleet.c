/* Reads what the page shows: Redis every second, instances and PostgreSQL every second turn, and
 * everything once a minute while nobody looks; what this scheduler knows itself, incidents above
 * all, is then shown every ten seconds. Each part is printed once and compared with the text
 * before, so a subscriber is sent only what has changed. */
#include "scheduler/io/fleet.h"

#include "scheduler/core/reader_pages.h"
#include "scheduler/io/fleet_now.h"
#include "scheduler/io/fleet_redis.h"
#include "scheduler/io/fleet_stored.h"
#include "scheduler/io/scheduler_state.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/url.h"
#include "shared/core/utc_time.h"
#include "shared/io/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OFTEN_MS = 1000,
    SELDOM_MS = 10 * 1000,
    READ_MS = 60 * 1000,   /* between two readings of the servers while nobody looks */
    LOOKED_MS = 60 * 1000, /* after a request, somebody counts as looking for this long */
    SLOW_TURNS = 2         /* instances and PostgreSQL are read in every second turn */
};

struct ps_fleet {
    const struct ps_scheduler_state *state; /* borrowed */
    struct ps_timer *timer;
    int64_t looked_ms; /* monotonic; -LOOKED_MS: nobody did */
    unsigned turn;
    char hosts[2][256]; /* hosts whose pauses are shown */
    const char *host_names[2];
    size_t host_count;
    cJSON *redis; /* what was read last; NULL: never read */
    bool redis_out, stored_out;
    int64_t read_ms;             /* monotonic: when the servers were asked last; 0: never */
    int64_t redis_ms, stored_ms; /* wall clock: when read; 0 for never */
    struct ps_fleet_stored stored;
    char verdict[8]; /* of the last NOW; "" before */
    size_t notices;  /* and how many troubles it names */
    int64_t next_poll_ms;
    struct {
        char *text;
        uint64_t version;
    } parts[PS_FLEET_PART_COUNT];
    void (*changed)(void *cookie);
    void *cookie;
};

static const struct ps_daemon *daemon_of(const struct ps_fleet *fleet)
{
    return fleet->state->daemon;
}

/* Takes value. */
static void keep_part(struct ps_fleet *fleet, enum ps_fleet_part part, cJSON *value)
{
    char *text = ps_json_print(value);

    cJSON_Delete(value);
    if (fleet->parts[part].text != NULL && strcmp(fleet->parts[part].text, text) == 0) {
        free(text);
        return;
    }
    free(fleet->parts[part].text);
    fleet->parts[part].text = text;
    fleet->parts[part].version++;
}

static void keep_now(struct ps_fleet *fleet)
{
    cJSON *now = ps_fleet_now(&(struct ps_fleet_view){ .state = fleet->state,
                                                       .redis = fleet->redis,
                                                       .stored = &fleet->stored,
                                                       .redis_ms = fleet->redis_ms,
                                                       .stored_ms = fleet->stored_ms });
    const char *next = ps_json_text(now, "next_poll_at"), *verdict = ps_json_text(now, "verdict");

    (void)snprintf(fleet->verdict, sizeof(fleet->verdict), "%s", verdict == NULL ? "" : verdict);
    fleet->notices = (size_t)cJSON_GetArraySize(ps_json_member(now, "troubles"));
    if (next == NULL || !ps_utc_time_parse_time(next, &fleet->next_poll_ms))
        fleet->next_poll_ms = 0;
    keep_part(fleet, PS_FLEET_NOW, now);
}

static void make_parts(struct ps_fleet *fleet)
{
    const cJSON *instances = ps_json_member(fleet->redis, "instances");
    cJSON *recent = cJSON_CreateObject(), *failed = cJSON_CreateObject();

    keep_now(fleet);
    keep_part(fleet, PS_FLEET_INSTANCES,
              instances == NULL ? cJSON_CreateNull() : cJSON_Duplicate(instances, true));
    keep_part(fleet, PS_FLEET_DAY, ps_chart_series_json(&fleet->stored.day));
    ps_json_add_copy(recent, "drafts", fleet->stored.drafts);
    ps_json_add_copy(recent, "papers", fleet->stored.papers);
    keep_part(fleet, PS_FLEET_RECENT, recent);
    ps_json_add_copy(failed, "failures", ps_json_member(fleet->redis, "failures"));
    ps_json_add_copy(failed, "dead_tasks", ps_json_member(fleet->redis, "dead_tasks"));
    ps_json_add_copy(failed, "dead_messages", ps_json_member(fleet->redis, "dead_messages"));
    keep_part(fleet, PS_FLEET_FAILED, failed);
    if (fleet->changed != NULL)
        fleet->changed(fleet->cookie);
}

/* Parts that were not read this time stay as they were. */
static void on_redis_read(void *cookie, cJSON *read, const struct ps_err *err)
{
    struct ps_fleet *fleet = cookie;

    fleet->redis_out = false;
    if (err != NULL)
        return;
    if (!cJSON_HasObjectItem(read, "instances") && cJSON_HasObjectItem(fleet->redis, "instances"))
        cJSON_AddItemToObject(read, "instances",
                              cJSON_DetachItemFromObject(fleet->redis, "instances"));
    cJSON_Delete(fleet->redis);
    fleet->redis = read;
    fleet->redis_ms = ps_clock_wall_ms();
    make_parts(fleet);
}

static void on_stored_read(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_fleet *fleet = cookie;

    fleet->stored_out = false;
    if (err != NULL)
        return;
    fleet->stored_ms = ps_clock_wall_ms();
    ps_fleet_stored_read(&fleet->stored, rows, fleet->stored_ms);
}

static void send_command(void *cookie, const char *const *args, size_t length, ps_redis_fn fn,
                         void *fn_cookie)
{
    ps_redis_send_texts(cookie, args, length, fn, fn_cookie);
}

static void read_servers(struct ps_fleet *fleet)
{
    const struct ps_daemon *daemon = daemon_of(fleet);
    bool slow = fleet->turn++ % SLOW_TURNS == 0 || fleet->stored_ms == 0;

    if (!fleet->redis_out && ps_redis_up(daemon->redis)) {
        const struct ps_fleet_ask ask = { .keys = daemon->keys,
                                          .hosts = fleet->host_names,
                                          .host_count = fleet->host_count,
                                          .instances = slow || ps_json_member(fleet->redis,
                                                                              "instances") == NULL,
                                          .send = send_command,
                                          .send_cookie = daemon->redis };

        fleet->redis_out = true;
        ps_fleet_redis_read(&ask, on_redis_read, fleet);
    }
    if (slow && !fleet->stored_out && ps_pg_up(daemon->pg)) {
        fleet->stored_out = true;
        ps_pg_run(daemon->pg, ps_fleet_stored_ask(&fleet->stored), on_stored_read, fleet);
    }
}

static void on_timer(void *cookie)
{
    struct ps_fleet *fleet = cookie;
    int64_t now_ms = ps_loop_now(daemon_of(fleet)->loop);
    bool looked = now_ms - fleet->looked_ms < LOOKED_MS;
    bool early = fleet->redis_ms == 0 || fleet->stored_ms == 0;

    ps_timer_set_about(fleet->timer, looked || early ? OFTEN_MS : SELDOM_MS);
    if (!looked)
        fleet->turn = 0; /* the next turn reads everything */
    if (looked || early || now_ms - fleet->read_ms >= READ_MS) {
        fleet->read_ms = now_ms;
        read_servers(fleet);
    }
    if (!fleet->redis_out) /* otherwise they are made when Redis answers */
        make_parts(fleet);
}

static void add_host(struct ps_fleet *fleet, const char *url)
{
    char *host = fleet->hosts[fleet->host_count];

    if (!ps_url_host(url, host, sizeof(fleet->hosts[0]), NULL) ||
        (fleet->host_count > 0 && strcmp(host, fleet->hosts[0]) == 0))
        return;
    fleet->host_names[fleet->host_count++] = host;
}

struct ps_fleet *ps_fleet_create(const struct ps_scheduler_state *state)
{
    struct ps_fleet *fleet = ps_alloc_zero(1, sizeof(*fleet));
    const struct ps_daemon *daemon = state->daemon;

    fleet->state = state;
    fleet->looked_ms = -LOOKED_MS;
    ps_fleet_stored_init(&fleet->stored);
    add_host(fleet, daemon->config->iso_base_url);
    add_host(fleet, daemon->config->wg21_index_url);
    fleet->timer = ps_timer_create(daemon->loop, on_timer, fleet);
    make_parts(fleet);
    ps_timer_set(fleet->timer, 0);
    return fleet;
}

void ps_fleet_destroy(struct ps_fleet *fleet)
{
    if (fleet == NULL)
        return;
    ps_timer_destroy(fleet->timer);
    cJSON_Delete(fleet->redis);
    ps_fleet_stored_clear(&fleet->stored);
    for (int i = 0; i < PS_FLEET_PART_COUNT; i++)
        free(fleet->parts[i].text);
    free(fleet);
}

void ps_fleet_on_change(struct ps_fleet *fleet, void (*fn)(void *cookie), void *cookie)
{
    fleet->changed = fn;
    fleet->cookie = cookie;
}

void ps_fleet_looked_at(struct ps_fleet *fleet)
{
    int64_t now_ms = ps_loop_now(daemon_of(fleet)->loop);

    if (now_ms - fleet->looked_ms >= LOOKED_MS)
        ps_timer_set(fleet->timer, 0);
    fleet->looked_ms = now_ms;
}

const char *ps_fleet_part_name(enum ps_fleet_part part)
{
    static const char *const names[] = {
#define PS_X(id, name) name,
        PS_FLEET_PARTS(PS_X)
#undef PS_X
    };

    return names[part];
}

const char *ps_fleet_text(const struct ps_fleet *fleet, enum ps_fleet_part part,
                          uint64_t *out_version)
{
    *out_version = fleet->parts[part].version;
    return fleet->parts[part].text;
}

void ps_fleet_reader(const struct ps_fleet *fleet, struct ps_reader_fleet *out_fleet)
{
    const struct ps_stats_now *stats = ps_stats_now(fleet->state->stats);
    const struct ps_config *config = daemon_of(fleet)->config;

    *out_fleet = (struct ps_reader_fleet){
        .verdict = fleet->verdict[0] == '\0' ? NULL : fleet->verdict,
        .incidents = fleet->notices,
        .last_poll_ms = stats->last_finished_ms,
        .next_poll_ms = fleet->next_poll_ms,
        .upload_ms = fleet->stored.delay_drafts > 0 ? fleet->stored.delay_median_ms : 0,
        .probes_day = ps_fleet_stored_probes(&fleet->stored, fleet->stored_ms),
        .budget = ps_config_adaptive(config) ? config->probe_budget_per_day : 0,
        .polling = fleet->stored.number > 0 && fleet->stored.finished_ms == 0,
        .paused = stats->paused_ms > 0,
    };
}
