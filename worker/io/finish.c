#include "worker/io/finish.h"

#include "shared/core/alloc.h"
#include "shared/io/log.h"
#include "shared/io/redis_script.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

enum { AGAIN_MS = 500, NUMBER_TEXT = 24 };

struct entry {
    TAILQ_ENTRY(entry) link;
    char *id;
    char *reason;             /* to bury */
    char number[NUMBER_TEXT]; /* deliveries, to bury */
    struct ps_fields fields;
    void *item;
};

TAILQ_HEAD(entry_list, entry);

/* One script, its queue, and the batch that is under way. */
struct lane {
    struct ps_finish *finish;
    enum ps_script script;
    size_t batch;
    size_t names; /* of the batch's fields */
    char names_text[NUMBER_TEXT];
    struct entry_list waiting;
    size_t waiting_count;
    struct entry_list sent;
    bool in_flight;
    struct ps_timer *timer;
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

static void flush(struct lane *lane);

static void put_back(struct lane *lane)
{
    struct entry *entry;

    while ((entry = TAILQ_LAST(&lane->sent, entry_list)) != NULL) {
        TAILQ_REMOVE(&lane->sent, entry, link);
        TAILQ_INSERT_HEAD(&lane->waiting, entry, link);
        lane->waiting_count++;
    }
}

static void on_taken(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct lane *lane = cookie;
    struct entry *entry;

    (void)reply; /* how many counted: the others were claimed and settled by somebody else */
    if (err != NULL) {
        lane->in_flight = false;
        if (err->code == PS_REDIS_ERR_REPLY)
            PS_LOG(TASK_ERROR, F_TEXT("what", ps_scripts[lane->script].name), F_ERR(err));
        put_back(lane);
        ps_timer_set(lane->timer, AGAIN_MS);
        return;
    }
    while ((entry = TAILQ_FIRST(&lane->sent)) != NULL) {
        TAILQ_REMOVE(&lane->sent, entry, link);
        lane->finish->options.fn(lane->finish->options.cookie, entry->item);
        entry_free(entry);
    }
    lane->in_flight = false;
    if (lane->waiting_count >= lane->batch)
        flush(lane);
    else if (lane->waiting_count > 0 && !ps_timer_pending(lane->timer))
        ps_timer_set(lane->timer, PS_FINISH_WAIT_MS);
}

static void flush(struct lane *lane)
{
    const struct ps_finish_options *options = &lane->finish->options;
    bool passes = lane == &lane->finish->lanes[LANE_PASS];
    const char *keys[] = { ps_key(options->keys, PS_KEY_TASKS),
                           ps_key(options->keys, passes ? PS_KEY_TASKS : PS_KEY_RESULTS),
                           ps_key(options->keys, PS_KEY_TASKS_DEAD) };
    struct args args = { NULL, 0, 0 };
    struct entry *entry;

    if (lane->in_flight || lane->waiting_count == 0 || !ps_redis_up(options->redis))
        return; /* its answer, the next entry, or Redis coming back leads here again */
    ps_timer_cancel(lane->timer);
    push(&args, PS_GROUP_WORKERS);
    if (lane->script == PS_SCRIPT_TASK_RETURN)
        push(&args, options->instance);
    else if (lane->script == PS_SCRIPT_TASK_FINISH)
        push_names(&args, lane);
    for (size_t i = 0; i < lane->batch && (entry = TAILQ_FIRST(&lane->waiting)) != NULL; i++) {
        TAILQ_REMOVE(&lane->waiting, entry, link);
        TAILQ_INSERT_TAIL(&lane->sent, entry, link);
        lane->waiting_count--;
        push_entry(&args, lane, entry);
    }
    lane->in_flight = true;
    lane->finish->trips++;
    ps_script_run(options->redis, lane->script, keys, ps_scripts[lane->script].key_count,
                  args.items, args.len, on_taken, lane);
    free(args.items);
}

static void on_timer(void *cookie)
{
    flush(cookie);
}

static void add(struct lane *lane, struct entry *entry)
{
    TAILQ_INSERT_TAIL(&lane->waiting, entry, link);
    lane->waiting_count++;
    if (lane->waiting_count >= lane->batch)
        flush(lane);
    else if (!lane->in_flight && !ps_timer_pending(lane->timer))
        ps_timer_set(lane->timer, PS_FINISH_WAIT_MS);
}

static void lane_init(struct lane *lane, struct ps_finish *finish, enum ps_script script,
                      size_t batch)
{
    lane->finish = finish;
    lane->script = script;
    lane->batch = batch;
    TAILQ_INIT(&lane->waiting);
    TAILQ_INIT(&lane->sent);
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
        put_back(&finish->lanes[i]);
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
