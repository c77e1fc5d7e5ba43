#include "worker/io/finish.h"

#include "shared/core/alloc.h"
#include "shared/io/log.h"
#include "shared/io/redis_script.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

enum {
    AGAIN_MS = 500,
    NUMBER_TEXT = 24,
    FLIGHTS_MAX = 2 /* Redis has the next batch at hand when it is done with one */
};

struct entry {
    TAILQ_ENTRY(entry) link;
    char *id;
    char *reason;             /* to bury */
    char number[NUMBER_TEXT]; /* deliveries, to bury */
    struct ps_fields fields;
    void *item;
};

TAILQ_HEAD(entry_list, entry);

/* One script, its queue, and how many batches are under way. */
struct lane {
    struct ps_finish *finish;
    enum ps_script script;
    size_t batch;
    size_t names; /* of the batch's fields */
    char names_text[NUMBER_TEXT];
    struct entry_list waiting;
    size_t waiting_count;
    size_t flights;
    bool again; /* Redis would not, or was not there: only the timer tries again */
    struct ps_timer *timer;
};

/* A batch under way. Answers need not come in the order of sending: a script that Redis does not
 * know yet is sent twice. */
struct flight {
    struct lane *lane;
    struct entry_list entries;
};

enum { LANE_RESULT, LANE_BURY, LANE_RETURN, LANE_PASS, LANES };

struct ps_finish {
    struct ps_finish_options options;
    struct lane lanes[LANES];
    char kept[NUMBER_TEXT];
    uint64_t trips;
};

struct args {
    struct ps_str *items;
    size_t len;
    size_t size;
};

static void push(struct args *args, const char *text)
{
    if (args->len == args->size) {
        args->size = args->size == 0 ? 256 : args->size * 2;
        args->items = ps_alloc_array(args->items, args->size, sizeof(*args->items));
    }
    args->items[args->len++] = ps_str_of(text);
}

/* All entries of a lane have the same fields, so that their names go once. */
static void push_names(struct args *args, struct lane *lane)
{
    const struct ps_fields *fields = &TAILQ_FIRST(&lane->waiting)->fields;

    lane->names = fields->len / 2;
    (void)snprintf(lane->names_text, sizeof(lane->names_text), "%zu", lane->names);
    push(args, lane->names_text);
    for (size_t i = 0; i < fields->len; i += 2)
        push(args, fields->items[i]);
}

static void push_values(struct args *args, const struct lane *lane, const struct ps_fields *fields)
{
    assert(fields->len == 2 * lane->names);
    for (size_t i = 1; i < fields->len; i += 2)
        push(args, fields->items[i]);
}

static void push_entry(struct args *args, const struct lane *lane, struct entry *entry)
{
    push(args, entry->id);
    switch (lane - lane->finish->lanes) {
    case LANE_RESULT:
    case LANE_PASS:
        push_values(args, lane, &entry->fields);
        break;
    case LANE_BURY:
        push(args, entry->reason);
        push(args, entry->number);
        push(args, lane->finish->options.instance);
        push(args, lane->finish->kept);
        for (size_t i = 0; i < entry->fields.len; i++)
            push(args, entry->fields.items[i]);
        break;
    default:
        break;
    }
}

static void entry_free(struct entry *entry)
{
    free(entry->id);
    free(entry->reason);
    ps_fields_clear(&entry->fields);
    free(entry);
}

/* A full batch goes on the loop's next turn: a read that was asked for in this one is at Redis
 * before it then, and the next tasks come while Redis works on these. */
static void plan_flush(struct lane *lane)
{
    if (lane->again || lane->flights == FLIGHTS_MAX)
        return;
    if (lane->waiting_count >= lane->batch)
        ps_timer_set(lane->timer, 0);
    else if (lane->waiting_count > 0 && lane->flights == 0 && !ps_timer_pending(lane->timer))
        ps_timer_set(lane->timer, PS_FINISH_WAIT_MS);
}

static void on_taken(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct flight *flight = cookie;
    struct lane *lane = flight->lane;
    struct entry *entry;

    (void)reply; /* how many counted: the others were claimed and settled by somebody else */
    lane->flights--;
    if (err != NULL && err->code == PS_REDIS_ERR_REPLY)
        PS_LOG(TASK_ERROR, F_TEXT("what", ps_scripts[lane->script].name), F_ERR(err));
    while ((entry = TAILQ_FIRST(&flight->entries)) != NULL) {
        TAILQ_REMOVE(&flight->entries, entry, link);
        if (err != NULL) {
            TAILQ_INSERT_TAIL(&lane->waiting, entry, link);
            lane->waiting_count++;
        } else {
            lane->finish->options.fn(lane->finish->options.cookie, entry->item);
            entry_free(entry);
        }
    }
    free(flight);
    if (err != NULL) {
        lane->again = true;
        ps_timer_set(lane->timer, AGAIN_MS);
    } else {
        plan_flush(lane);
    }
}

static void flush(struct lane *lane)
{
    const struct ps_finish_options *options = &lane->finish->options;
    bool passes = lane == &lane->finish->lanes[LANE_PASS];
    const char *keys[] = { ps_key(options->keys, PS_KEY_TASKS),
                           ps_key(options->keys, passes ? PS_KEY_TASKS : PS_KEY_RESULTS),
                           ps_key(options->keys, PS_KEY_TASKS_DEAD) };
    struct args args = { NULL, 0, 0 };
    struct flight *flight;
    struct entry *entry;

    if (lane->flights == FLIGHTS_MAX || lane->waiting_count == 0 || !ps_redis_up(options->redis))
        return; /* its answer, the next entry, or Redis coming back leads here again */
    ps_timer_cancel(lane->timer);
    lane->again = false;
    flight = ps_alloc_zero(1, sizeof(*flight));
    flight->lane = lane;
    TAILQ_INIT(&flight->entries);
    push(&args, PS_GROUP_WORKERS);
    if (lane->script == PS_SCRIPT_TASK_RETURN)
        push(&args, options->instance);
    else if (lane->script == PS_SCRIPT_TASK_FINISH)
        push_names(&args, lane);
    for (size_t i = 0; i < lane->batch && (entry = TAILQ_FIRST(&lane->waiting)) != NULL; i++) {
        TAILQ_REMOVE(&lane->waiting, entry, link);
        TAILQ_INSERT_TAIL(&flight->entries, entry, link);
        lane->waiting_count--;
        push_entry(&args, lane, entry);
    }
    lane->flights++;
    lane->finish->trips++;
    ps_script_run(options->redis, lane->script, keys, ps_scripts[lane->script].key_count,
                  args.items, args.len, on_taken, flight);
    free(args.items);
    plan_flush(lane);
}

static void on_timer(void *cookie)
{
    flush(cookie);
}

static void add(struct lane *lane, struct entry *entry)
{
    TAILQ_INSERT_TAIL(&lane->waiting, entry, link);
    lane->waiting_count++;
    plan_flush(lane);
}

static void lane_init(struct lane *lane, struct ps_finish *finish, enum ps_script script,
                      size_t batch)
{
    lane->finish = finish;
    lane->script = script;
    lane->batch = batch;
    TAILQ_INIT(&lane->waiting);
    lane->timer = ps_timer_create(finish->options.loop, on_timer, lane);
}

struct ps_finish *ps_finish_create(const struct ps_finish_options *options)
{
    struct ps_finish *finish = ps_alloc_zero(1, sizeof(*finish));

    finish->options = *options;
    (void)snprintf(finish->kept, sizeof(finish->kept), "%d", PS_FINISH_DEAD_KEPT);
    lane_init(&finish->lanes[LANE_RESULT], finish, PS_SCRIPT_TASK_FINISH, PS_FINISH_BATCH);
    lane_init(&finish->lanes[LANE_BURY], finish, PS_SCRIPT_TASK_BURY, 1);
    lane_init(&finish->lanes[LANE_PASS], finish, PS_SCRIPT_TASK_FINISH, PS_FINISH_BATCH);
    lane_init(&finish->lanes[LANE_RETURN], finish, PS_SCRIPT_TASK_RETURN, 4 * PS_FINISH_BATCH);
    return finish;
}

void ps_finish_destroy(struct ps_finish *finish)
{
    struct entry *entry;

    if (finish == NULL)
        return;
    for (size_t i = 0; i < LANES; i++) {
        assert(finish->lanes[i].flights == 0); /* redis is gone: each was answered */
        while ((entry = TAILQ_FIRST(&finish->lanes[i].waiting)) != NULL) {
            TAILQ_REMOVE(&finish->lanes[i].waiting, entry, link);
            entry_free(entry);
        }
        ps_timer_destroy(finish->lanes[i].timer);
    }
    free(finish);
}

static struct entry *entry_make(const char *id, struct ps_fields *fields, void *item)
{
    struct entry *entry = ps_alloc_zero(1, sizeof(*entry));

    entry->id = ps_alloc_text(id);
    entry->item = item;
    if (fields != NULL) {
        entry->fields = *fields;
        ps_fields_init(fields);
    }
    return entry;
}

void ps_finish_result(struct ps_finish *finish, const char *id, struct ps_fields *fields,
                      void *item)
{
    add(&finish->lanes[LANE_RESULT], entry_make(id, fields, item));
}

void ps_finish_bury(struct ps_finish *finish, const char *id, const char *reason,
                    int64_t deliveries, struct ps_fields *fields, void *item)
{
    struct entry *entry = entry_make(id, fields, item);

    entry->reason = ps_alloc_text(reason);
    (void)snprintf(entry->number, sizeof(entry->number), "%lld", (long long)deliveries);
    add(&finish->lanes[LANE_BURY], entry);
}

void ps_finish_pass(struct ps_finish *finish, const char *id, struct ps_fields *fields, void *item)
{
    add(&finish->lanes[LANE_PASS], entry_make(id, fields, item));
}

void ps_finish_return(struct ps_finish *finish, const char *id, void *item)
{
    add(&finish->lanes[LANE_RETURN], entry_make(id, NULL, item));
}

void ps_finish_redis(struct ps_finish *finish, bool up)
{
    for (size_t i = 0; up && i < LANES; i++)
        flush(&finish->lanes[i]);
}

uint64_t ps_finish_trips(const struct ps_finish *finish)
{
    return finish->trips;
}
