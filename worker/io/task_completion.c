#include "worker/io/task_completion.h"

#include "shared/core/alloc.h"
#include "shared/io/log.h"
#include "shared/io/redis_script.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

enum {
    RETRY_MS = 500,
    NUMBER_TEXT = 24,
    BATCHES_IN_FLIGHT_MAX = 2 /* Redis then has the next batch at hand when it ends one */
};

struct entry {
    TAILQ_ENTRY(entry) link;
    char *id;
    char *reason;                 /* of a dead letter */
    char deliveries[NUMBER_TEXT]; /* of a dead letter */
    struct ps_fields fields;
    void *item;
};

TAILQ_HEAD(entry_list, entry);

/* One kind of answer: its script, and the entries that wait for the next batch. */
struct queue {
    struct ps_task_completion *completion;
    enum ps_script script;
    size_t batch_max;
    struct entry_list waiting;
    size_t waiting_count;
    size_t batches_in_flight;
    bool retrying; /* the last batch failed: only the timer or a reconnect sends again */
    struct ps_timer *timer;
};

/* A batch that was sent. Replies need not arrive in the order of sending, because a script that
 * Redis does not know yet is sent a second time; so each batch carries its own entries. */
struct batch {
    struct queue *queue;
    struct entry_list entries;
};

enum { QUEUE_FINISH, QUEUE_BURY, QUEUE_RETURN, QUEUE_PASS_ON, QUEUES };

struct ps_task_completion {
    struct ps_task_completion_options options;
    struct queue queues[QUEUES];
    uint64_t round_trips;
};

static void entry_free(struct entry *entry)
{
    free(entry->id);
    free(entry->reason);
    ps_fields_clear(&entry->fields);
    free(entry);
}

/* A script's arguments; the texts are borrowed from the entries. */
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

/* Names are pushed every second item from 0, values every second item from 1. */
static void push_every_second(struct args *args, const struct ps_fields *fields, size_t first)
{
    for (size_t i = first; i < fields->len; i += 2)
        push(args, fields->items[i]);
}

static void push_entry(struct args *args, const struct queue *queue, const struct entry *entry,
                       const char *dead_max)
{
    push(args, entry->id);
    if (queue->script == PS_SCRIPT_TASK_FINISH) {
        push_every_second(args, &entry->fields, 1);
    } else if (queue->script == PS_SCRIPT_TASK_BURY) {
        push(args, entry->reason);
        push(args, entry->deliveries);
        push(args, queue->completion->options.instance);
        push(args, dead_max);
        for (size_t i = 0; i < entry->fields.len; i++)
            push(args, entry->fields.items[i]);
    }
}

/* A full batch is sent in the loop's next turn, not in this one. A read that this turn asks for
 * then reaches Redis first, so that the next tasks arrive while Redis still works on this batch. */
static void schedule_flush(struct queue *queue)
{
    if (queue->retrying || queue->batches_in_flight == BATCHES_IN_FLIGHT_MAX)
        return;
    if (queue->waiting_count >= queue->batch_max)
        ps_timer_set(queue->timer, 0);
    else if (queue->waiting_count > 0 && queue->batches_in_flight == 0 &&
             !ps_timer_pending(queue->timer))
        ps_timer_set(queue->timer, PS_TASK_COMPLETION_WAIT_MS);
}

/* The reply's number says how many entries counted. The others were claimed and completed by
 * another worker meanwhile, and are just as final for this one. */
static void on_batch_reply(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct batch *batch = cookie;
    struct queue *queue = batch->queue;
    const struct ps_task_completion_options *options = &queue->completion->options;
    struct entry *entry;

    (void)reply;
    queue->batches_in_flight--;
    if (err != NULL && err->code == PS_REDIS_ERR_REPLY)
        PS_LOG(TASK_ERROR, F_TEXT("what", ps_scripts[queue->script].name), F_ERR(err));
    while ((entry = TAILQ_FIRST(&batch->entries)) != NULL) {
        TAILQ_REMOVE(&batch->entries, entry, link);
        if (err != NULL) {
            TAILQ_INSERT_TAIL(&queue->waiting, entry, link);
            queue->waiting_count++;
        } else {
            options->fn(options->cookie, entry->item);
            entry_free(entry);
        }
    }
    free(batch);
    if (err != NULL) {
        queue->retrying = true;
        ps_timer_set(queue->timer, RETRY_MS);
    } else {
        schedule_flush(queue);
    }
}

/* Sends the next batch. While Redis is down nothing happens: ps_task_completion_on_redis flushes
 * again. */
static void flush(void *cookie)
{
    struct queue *queue = cookie;
    struct ps_task_completion *completion = queue->completion;
    const struct ps_task_completion_options *options = &completion->options;
    bool pass_on = queue == &completion->queues[QUEUE_PASS_ON];
    const char *keys[] = { ps_key(options->keys, PS_KEY_TASKS),
                           ps_key(options->keys, pass_on ? PS_KEY_TASKS : PS_KEY_RESULTS),
                           ps_key(options->keys, PS_KEY_TASKS_DEAD) };
    char names[NUMBER_TEXT], dead_max[NUMBER_TEXT];
    struct args args = { NULL, 0, 0 };
    struct batch *batch;
    struct entry *entry = TAILQ_FIRST(&queue->waiting);
    size_t fields_len;

    if (entry == NULL || queue->batches_in_flight == BATCHES_IN_FLIGHT_MAX ||
        !ps_redis_up(options->redis))
        return;
    ps_timer_cancel(queue->timer);
    queue->retrying = false;
    fields_len = entry->fields.len;
    (void)snprintf(names, sizeof(names), "%zu", fields_len / 2);
    (void)snprintf(dead_max, sizeof(dead_max), "%d", PS_TASK_COMPLETION_DEAD_MAX);
    push(&args, PS_GROUP_WORKERS);
    if (queue->script == PS_SCRIPT_TASK_RETURN) {
        push(&args, options->instance);
    } else if (queue->script == PS_SCRIPT_TASK_FINISH) {
        /* The entries of one batch have the same field names, so the names are sent once. */
        push(&args, names);
        push_every_second(&args, &entry->fields, 0);
    }
    batch = ps_alloc_zero(1, sizeof(*batch));
    batch->queue = queue;
    TAILQ_INIT(&batch->entries);
    for (size_t i = 0; i < queue->batch_max && (entry = TAILQ_FIRST(&queue->waiting)) != NULL;
         i++) {
        /* Only some of the tasks are traced while tracing is switched on or off. */
        if (queue->script == PS_SCRIPT_TASK_FINISH && entry->fields.len != fields_len)
            break;
        TAILQ_REMOVE(&queue->waiting, entry, link);
        TAILQ_INSERT_TAIL(&batch->entries, entry, link);
        queue->waiting_count--;
        push_entry(&args, queue, entry, dead_max);
    }
    queue->batches_in_flight++;
    completion->round_trips++;
    ps_script_run(options->redis, queue->script, keys, ps_scripts[queue->script].key_count,
                  args.items, args.len, on_batch_reply, batch);
    free(args.items);
    schedule_flush(queue);
}

struct ps_task_completion *
ps_task_completion_create(const struct ps_task_completion_options *options)
{
    static const struct {
        enum ps_script script;
        size_t batch_max;
    } kinds[QUEUES] = {
        [QUEUE_FINISH] = {PS_SCRIPT_TASK_FINISH,  PS_TASK_COMPLETION_BATCH    },
        [QUEUE_BURY] = { PS_SCRIPT_TASK_BURY,   1                           },
        [QUEUE_PASS_ON] = { PS_SCRIPT_TASK_FINISH, PS_TASK_COMPLETION_BATCH    },
        [QUEUE_RETURN] = { PS_SCRIPT_TASK_RETURN, 4 * PS_TASK_COMPLETION_BATCH},
    };
    struct ps_task_completion *completion = ps_alloc_zero(1, sizeof(*completion));

    completion->options = *options;
    for (size_t i = 0; i < QUEUES; i++) {
        struct queue *queue = &completion->queues[i];

        queue->completion = completion;
        queue->script = kinds[i].script;
        queue->batch_max = kinds[i].batch_max;
        TAILQ_INIT(&queue->waiting);
        queue->timer = ps_timer_create(options->loop, flush, queue);
    }
    return completion;
}

void ps_task_completion_destroy(struct ps_task_completion *completion)
{
    struct entry *entry;

    if (completion == NULL)
        return;
    for (size_t i = 0; i < QUEUES; i++) {
        struct queue *queue = &completion->queues[i];

        assert(queue->batches_in_flight == 0); /* the connection's end answered each of them */
        while ((entry = TAILQ_FIRST(&queue->waiting)) != NULL) {
            TAILQ_REMOVE(&queue->waiting, entry, link);
            entry_free(entry);
        }
        ps_timer_destroy(queue->timer);
    }
    free(completion);
}

static void add(struct queue *queue, const char *id, const char *reason, int64_t deliveries,
                struct ps_fields *fields, void *item)
{
    struct entry *entry = ps_alloc_zero(1, sizeof(*entry));

    entry->id = ps_alloc_text(id);
    entry->reason = ps_alloc_text(reason);
    (void)snprintf(entry->deliveries, sizeof(entry->deliveries), "%lld", (long long)deliveries);
    entry->item = item;
    if (fields != NULL) {
        entry->fields = *fields;
        ps_fields_init(fields);
    }
    TAILQ_INSERT_TAIL(&queue->waiting, entry, link);
    queue->waiting_count++;
    schedule_flush(queue);
}

void ps_task_completion_finish(struct ps_task_completion *completion, const char *id,
                               struct ps_fields *fields, void *item)
{
    add(&completion->queues[QUEUE_FINISH], id, NULL, 0, fields, item);
}

void ps_task_completion_bury(struct ps_task_completion *completion, const char *id,
                             const char *reason, int64_t deliveries, struct ps_fields *fields,
                             void *item)
{
    add(&completion->queues[QUEUE_BURY], id, reason, deliveries, fields, item);
}

void ps_task_completion_pass_on(struct ps_task_completion *completion, const char *id,
                                struct ps_fields *fields, void *item)
{
    add(&completion->queues[QUEUE_PASS_ON], id, NULL, 0, fields, item);
}

void ps_task_completion_return(struct ps_task_completion *completion, const char *id, void *item)
{
    add(&completion->queues[QUEUE_RETURN], id, NULL, 0, NULL, item);
}

void ps_task_completion_on_redis(struct ps_task_completion *completion, bool up)
{
    for (size_t i = 0; up && i < QUEUES; i++)
        flush(&completion->queues[i]);
}

uint64_t ps_task_completion_round_trips(const struct ps_task_completion *completion)
{
    return completion->round_trips;
}
