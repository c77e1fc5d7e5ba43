#include "scheduler/io/publish.h"

#include "scheduler/io/script_args.h"
#include "shared/core/alloc.h"
#include "shared/core/civil.h"
#include "shared/core/paper_id.h"
#include "shared/io/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { RETRY_MS = 500, ENDS_ARG = 2 /* of task_publish: the position after the batch */ };

struct ps_publish {
    struct ps_office *office;
    struct ps_timer *timer; /* after a failure */
    bool wanted;
    bool busy;        /* a script is out */
    bool open;        /* Redis knows the cycle */
    int64_t op_epoch; /* of the script that is out, and its cycle */
    int64_t op_cycle;
    size_t next;       /* first position not published for sure */
    size_t batch_ends; /* of the batch that is out */
};

static void step(struct ps_publish *publish);

static void on_timer(void *cookie)
{
    step(cookie);
}

static void run_script(struct ps_publish *publish, enum ps_script script, size_t key_count,
                       struct ps_script_args *args, ps_redis_fn fn)
{
    const struct ps_keys *names = publish->office->daemon->keys;
    const char *keys[3] = { ps_key(names, PS_KEY_EPOCH), ps_key(names, PS_KEY_CYCLE),
                            ps_key(names, PS_KEY_TASKS) };

    publish->busy = true;
    publish->op_epoch = publish->office->epoch;
    publish->op_cycle = publish->office->run->ledger.cycle;
    ps_script_run(publish->office->daemon->redis, script, keys, key_count, args->items, args->len,
                  fn, publish);
    ps_script_args_clear(args);
}

/* Is the answer for the cycle that is being published now? */
static bool mine(struct ps_publish *publish)
{
    const struct ps_office *office = publish->office;

    publish->busy = false;
    return publish->wanted && ps_office_leads(office, publish->op_epoch) && office->run != NULL &&
           office->run->ledger.cycle == publish->op_cycle;
}

static void failed(struct ps_publish *publish, const char *what, const struct ps_err *err)
{
    publish->open = false;
    if (err->code != PS_REDIS_ERR_OFFLINE && err->code != PS_REDIS_ERR_NOCYCLE)
        ps_office_failed(publish->office, PS_EVENT_REDIS_ERROR, what, err);
    ps_timer_set(publish->timer, err->code == PS_REDIS_ERR_NOCYCLE ? 0 : RETRY_MS);
}

static void on_batch(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_publish *publish = cookie;

    (void)reply;
    if (!mine(publish)) {
        step(publish);
        return;
    }
    if (err != NULL) {
        failed(publish, "tasks were not published", err);
        return;
    }
    publish->next = publish->batch_ends;
    ps_office_moved(publish->office);
    step(publish);
}

static void add_task(struct ps_script_args *args, const struct ps_run *run, size_t position)
{
    const struct ps_run_item *item = &run->items[position];
    char *task = ps_alloc_format("%" PRId64 ":%s", run->ledger.cycle, item->file);

    ps_script_args_int(args, (int64_t)position);
    ps_script_args_text(args, task);
    ps_script_args_text(args, item->url);
    ps_script_args_text(args, ps_tier_name(item->tier));
    ps_script_args_text(args, item->prefix);
    ps_script_args_int(args, item->number);
    ps_script_args_int(args, item->revision);
    ps_script_args_text(args, item->ext);
    free(task);
}

static void send_batch(struct ps_publish *publish)
{
    const struct ps_run *run = publish->office->run;
    size_t at = publish->next;
    struct ps_script_args args;

    ps_script_args_init(&args);
    ps_script_args_int(&args, publish->office->epoch);
    ps_script_args_int(&args, run->ledger.cycle);
    ps_script_args_int(&args, 0);
    for (size_t count = 0; count < PS_PUBLISH_BATCH; count++) {
        at = ps_run_next_open(run, at);
        if (at == run->len)
            break;
        add_task(&args, run, at++);
    }
    publish->batch_ends = ps_run_next_open(run, at);
    ps_script_args_set_int(&args, ENDS_ARG, (int64_t)publish->batch_ends);
    run_script(publish, PS_SCRIPT_TASK_PUBLISH, 3, &args, on_batch);
}

static void on_open(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_publish *publish = cookie;

    if (!mine(publish)) {
        step(publish);
        return;
    }
    if (err != NULL) {
        failed(publish, "the cycle was not opened", err);
        return;
    }
    publish->open = true;
    publish->next = (size_t)ps_reply_int(reply, 0);
    step(publish);
}

/* What the file's name says of itself, where it is a draft's; a set one may be anything. */
static void add_control(struct ps_script_args *args, int64_t cycle,
                        const struct ps_control *control)
{
    const char *file = ps_control_file(control);
    char *task = ps_alloc_format("%" PRId64 ":%s", cycle, file);
    struct ps_paper_id id = { .prefix = "D" };
    const char *ext = ".pdf";

    if (!ps_paper_id_parse_file(file, &id, &ext)) {
        id = (struct ps_paper_id){ .prefix = "D" };
        ext = strrchr(file, '.') == NULL ? ".pdf" : strrchr(file, '.');
    }
    ps_script_args_text(args, task);
    ps_script_args_text(args, control->url);
    ps_script_args_text(args, id.prefix);
    ps_script_args_int(args, id.number);
    ps_script_args_int(args, id.revision);
    ps_script_args_text(args, ext);
    free(task);
}

static void send_open(struct ps_publish *publish)
{
    const struct ps_ledger *ledger = &publish->office->run->ledger;
    const struct ps_controls *controls = &publish->office->run->controls;
    char started[PS_CIVIL_TEXT], deadline[PS_CIVIL_TEXT];
    struct ps_script_args args;

    ps_civil_format_time(ledger->started_ms, started);
    ps_civil_format_time(ledger->deadline_ms, deadline);
    ps_script_args_init(&args);
    ps_script_args_int(&args, publish->office->epoch);
    ps_script_args_int(&args, ledger->cycle);
    ps_script_args_int(&args, (int64_t)ledger->planned);
    ps_script_args_text(&args, started);
    ps_script_args_text(&args, deadline);
    for (size_t i = 0; i < controls->len; i++)
        if (!controls->items[i].settled)
            add_control(&args, ledger->cycle, &controls->items[i]);
    run_script(publish, PS_SCRIPT_CYCLE_OPEN, 3, &args, on_open);
}

static void step(struct ps_publish *publish)
{
    const struct ps_office *office = publish->office;

    if (!publish->wanted || publish->busy || office->run == NULL ||
        !ps_office_leads(office, office->epoch))
        return;
    if (!publish->open)
        send_open(publish);
    else if (publish->next < office->run->len)
        send_batch(publish);
    else
        publish->wanted = false;
}

struct ps_publish *ps_publish_create(struct ps_office *office)
{
    struct ps_publish *publish = ps_alloc_zero(1, sizeof(*publish));

    publish->office = office;
    publish->timer = ps_timer_create(office->daemon->loop, on_timer, publish);
    return publish;
}

void ps_publish_destroy(struct ps_publish *publish)
{
    if (publish == NULL)
        return;
    ps_timer_destroy(publish->timer);
    free(publish);
}

void ps_publish_start(struct ps_publish *publish)
{
    publish->wanted = true;
    publish->open = false;
    step(publish);
}

void ps_publish_stop(struct ps_publish *publish)
{
    publish->wanted = false;
    ps_timer_cancel(publish->timer);
}
