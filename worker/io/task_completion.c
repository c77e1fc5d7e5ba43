#include "worker/io/task_completion.h"

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
struct queue {
    struct ps_task_completion *finish;
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
    struct queue *queue;
    struct entry_list entries;
};

enum { QUEUE_RESULT, QUEUE_BURY, QUEUE_RETURN, QUEUE_PASS, QUEUES };

struct ps_task_completion {
    struct ps_task_completion_options options;
    struct queue queues[QUEUES];
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

/* All entries of a channel queue have the same fields, so that their names go once. */
static void push_names(struct args *args, struct queue *queue)
{
    const struct ps_fields *fields = &TAILQ_FIRST(&queue->waiting)->fields;

    queue->names = fields->len / 2;
    (void)snprintf(queue->names_text, sizeof(queue->names_text), "%zu", queue->names);
    push(args, queue->names_text);
    for (size_t i = 0; i < fields->len; i += 2)
        push(args, fields->items[i]);
}

static void push_values(struct args *args, const struct queue *queue,
                        const struct ps_fields *fields)
{
    assert(fields->len == 2 * queue->names);
    for (size_t i = 1; i < fields->len; i += 2)
        push(args, fields->items[i]);
}

static void push_entry(struct args *args, const struct queue *queue, struct entry *entry)
{
    push(args, entry->id);
    switch (queue - queue->finish->queues) {
    case QUEUE_RESULT:
    case QUEUE_PASS:
        push_values(args, queue, &entry->fields);
        break;
    case QUEUE_BURY:
        push(args, entry->reason);
        push(args, entry->number);
        push(args, queue->finish->options.instance);
        push(args, queue->finish->kept);
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
static void plan_flush(struct queue *queue)
{
    if (queue->again || queue->flights == FLIGHTS_MAX)
        return;
    if (queue->waiting_count >= queue->batch)
        ps_timer_set(queue->timer, 0);
    else if (queue->waiting_count > 0 && queue->flights == 0 && !ps_timer_pending(queue->timer))
        ps_timer_set(queue->timer, PS_TASK_COMPLETION_WAIT_MS);
}

static void on_taken(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct flight *flight = cookie;
    struct queue *queue = flight->queue;
    struct entry *entry;

    (void)reply; /* how many counted: the others were claimed and settled by somebody else */
    queue->flights--;
    if (err != NULL && err->code == PS_REDIS_ERR_REPLY)
        PS_LOG(TASK_ERROR, F_TEXT("what", ps_scripts[queue->script].name), F_ERR(err));
    while ((entry = TAILQ_FIRST(&flight->entries)) != NULL) {
        TAILQ_REMOVE(&flight->entries, entry, link);
        if (err != NULL) {
            TAILQ_INSERT_TAIL(&queue->waiting, entry, link);
            queue->waiting_count++;
        } else {
            queue->finish->options.fn(queue->finish->options.cookie, entry->item);
            entry_free(entry);
        }
    }
    free(flight);
    if (err != NULL) {
        queue->again = true;
        ps_timer_set(queue->timer, AGAIN_MS);
    } else {
        plan_flush(queue);
    }
}

static void flush(struct queue *queue)
{
    const struct ps_task_completion_options *options = &queue->finish->options;
    bool passes = queue == &queue->finish->queues[QUEUE_PASS];
    const char *keys[] = { ps_key(options->keys, PS_KEY_TASKS),
                           ps_key(options->keys, passes ? PS_KEY_TASKS : PS_KEY_RESULTS),
                           ps_key(options->keys, PS_KEY_TASKS_DEAD) };
    struct args args = { NULL, 0, 0 };
    struct flight *flight;
    struct entry *entry;

    if (queue->flights == FLIGHTS_MAX || queue->waiting_count == 0 || !ps_redis_up(options->redis))
        return; /* its answer, the next entry, or Redis coming back leads here again */
    ps_timer_cancel(queue->timer);
    queue->again = false;
    flight = ps_alloc_zero(1, sizeof(*flight));
    flight->queue = queue;
    TAILQ_INIT(&flight->entries);
    push(&args, PS_GROUP_WORKERS);
    if (queue->script == PS_SCRIPT_TASK_RETURN)
        push(&args, options->instance);
    else if (queue->script == PS_SCRIPT_TASK_FINISH)
        push_names(&args, queue);
    for (size_t i = 0; i < queue->batch && (entry = TAILQ_FIRST(&queue->waiting)) != NULL; i++) {
        TAILQ_REMOVE(&queue->waiting, entry, link);
        TAILQ_INSERT_TAIL(&flight->entries, entry, link);
        queue->waiting_count--;
        push_entry(&args, queue, entry);
    }
    queue->flights++;
    queue->finish->trips++;
    ps_script_run(options->redis, queue->script, keys, ps_scripts[queue->script].key_count,
                  args.items, args.len, on_taken, flight);
    free(args.items);
    plan_flush(queue);
}

static void on_timer(void *cookie)
{
    flush(cookie);
}

static void add(struct queue *queue, struct entry *entry)
{
    TAILQ_INSERT_TAIL(&queue->waiting, entry, link);
    queue->waiting_count++;
    plan_flush(queue);
}

static void queue_init(struct queue *queue, struct ps_task_completion *finish,
                       enum ps_script script, size_t batch)
{
    queue->finish = finish;
    queue->script = script;
    queue->batch = batch;
    TAILQ_INIT(&queue->waiting);
    queue->timer = ps_timer_create(finish->options.loop, on_timer, queue);
}

struct ps_task_completion *
ps_task_completion_create(const struct ps_task_completion_options *options)
{
    struct ps_task_completion *finish = ps_alloc_zero(1, sizeof(*finish));

    finish->options = *options;
    (void)snprintf(finish->kept, sizeof(finish->kept), "%d", PS_TASK_COMPLETION_DEAD_MAX);
    queue_init(&finish->queues[QUEUE_RESULT], finish, PS_SCRIPT_TASK_FINISH,
               PS_TASK_COMPLETION_BATCH);
    queue_init(&finish->queues[QUEUE_BURY], finish, PS_SCRIPT_TASK_BURY, 1);
    queue_init(&finish->queues[QUEUE_PASS], finish, PS_SCRIPT_TASK_FINISH,
               PS_TASK_COMPLETION_BATCH);
    queue_init(&finish->queues[QUEUE_RETURN], finish, PS_SCRIPT_TASK_RETURN,
               4 * PS_TASK_COMPLETION_BATCH);
    return finish;
}

void ps_task_completion_destroy(struct ps_task_completion *finish)
{
    struct entry *entry;

    if (finish == NULL)
        return;
    for (size_t i = 0; i < QUEUES; i++) {
        assert(finish->queues[i].flights == 0); /* redis is gone: each was answered */
        while ((entry = TAILQ_FIRST(&finish->queues[i].waiting)) != NULL) {
            TAILQ_REMOVE(&finish->queues[i].waiting, entry, link);
            entry_free(entry);
        }
        ps_timer_destroy(finish->queues[i].timer);
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

void ps_task_completion_finish(struct ps_task_completion *finish, const char *id,
                               struct ps_fields *fields, void *item)
{
    add(&finish->queues[QUEUE_RESULT], entry_make(id, fields, item));
}

void ps_task_completion_bury(struct ps_task_completion *finish, const char *id, const char *reason,
                             int64_t deliveries, struct ps_fields *fields, void *item)
{
    struct entry *entry = entry_make(id, fields, item);

    entry->reason = ps_alloc_text(reason);
    (void)snprintf(entry->number, sizeof(entry->number), "%lld", (long long)deliveries);
    add(&finish->queues[QUEUE_BURY], entry);
}

void ps_task_completion_pass_on(struct ps_task_completion *finish, const char *id,
                                struct ps_fields *fields, void *item)
{
    add(&finish->queues[QUEUE_PASS], entry_make(id, fields, item));
}

void ps_task_completion_return(struct ps_task_completion *finish, const char *id, void *item)
{
    add(&finish->queues[QUEUE_RETURN], entry_make(id, NULL, item));
}

void ps_task_completion_on_redis(struct ps_task_completion *finish, bool up)
{
    for (size_t i = 0; up && i < QUEUES; i++)
        flush(&finish->queues[i]);
}

uint64_t ps_task_completion_round_trips(const struct ps_task_completion *finish)
{
    return finish->trips;
}
