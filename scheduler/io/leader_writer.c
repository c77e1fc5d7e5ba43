#include "scheduler/io/leader_writer.h"

#include "scheduler/io/election.h"
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/io/background.h"

#include <assert.h>
#include <stdlib.h>

enum { LOOK_MS = 200 /* for the end of a lease that may have ended */, DOUBLINGS_MAX = 3 };

struct ps_leader_writer {
    struct ps_leader_writer_options options;
    struct ps_timer *timer;
    int64_t epoch;    /* that it was started for; 0: stopped */
    int outstanding;  /* answers that have not arrived yet */
    int failures_row; /* failures since the last success */
    bool due;         /* the timer ran while an answer was outstanding */
};

/* One write between its sending and its answer. */
struct call {
    struct ps_leader_writer *writer;
    int64_t epoch, term; /* in which it was sent */
    const char *what;
    bool optional;
    ps_leader_rows_fn rows_fn;
    ps_leader_reply_fn reply_fn;
    struct ps_leader_work work;
};

bool ps_leader_writer_leads(const struct ps_leader_writer *writer)
{
    const struct ps_leadership *leadership = writer->options.leadership;

    return writer->epoch > 0 && leadership->epoch == writer->epoch &&
           ps_election_leads(leadership->election);
}

static void on_timer(void *cookie)
{
    struct ps_leader_writer *writer = cookie;

    if (writer->epoch == 0 || writer->options.step == NULL)
        return;
    if (writer->outstanding > 0) {
        writer->due = true;
        return;
    }
    /* Either the end of the lease is about to be noticed, which stops this writer, or the answer to
     * a renewal is late and the scheduler goes on leading: then the step must not be lost. */
    if (!ps_leader_writer_leads(writer))
        ps_timer_set(writer->timer, LOOK_MS);
    else
        writer->options.step(writer->options.cookie);
}

struct ps_leader_writer *ps_leader_writer_create(const struct ps_leader_writer_options *options)
{
    struct ps_leader_writer *writer = ps_alloc_zero(1, sizeof(*writer));

    writer->options = *options;
    writer->timer = ps_timer_create(options->leadership->daemon->loop, on_timer, writer);
    return writer;
}

void ps_leader_writer_destroy(struct ps_leader_writer *writer)
{
    if (writer == NULL)
        return;
    assert(writer->outstanding == 0);
    ps_timer_destroy(writer->timer);
    free(writer);
}

bool ps_leader_writer_start(struct ps_leader_writer *writer)
{
    if (writer->options.mirrors && writer->outstanding > 0)
        return false;
    writer->epoch = writer->options.leadership->epoch;
    writer->failures_row = 0;
    writer->due = false;
    return true;
}

void ps_leader_writer_stop(struct ps_leader_writer *writer)
{
    writer->epoch = 0;
    ps_timer_cancel(writer->timer);
}

bool ps_leader_writer_busy(const struct ps_leader_writer *writer)
{
    return writer->outstanding > 0;
}

int64_t ps_leader_writer_epoch(const struct ps_leader_writer *writer)
{
    return writer->epoch;
}

void ps_leader_writer_wait(struct ps_leader_writer *writer, int64_t ms)
{
    writer->due = false;
    ps_timer_set(writer->timer, ms);
}

static struct call *begin_call(struct ps_leader_writer *writer, const char *what, bool optional)
{
    struct call *call = ps_alloc_zero(1, sizeof(*call));

    writer->outstanding++;
    *call = (struct call){ .writer = writer,
                           .epoch = writer->epoch,
                           .term = writer->options.leadership->term,
                           .what = what,
                           .optional = optional };
    return call;
}

/* Decides whether an answer still counts. This is the one guard of the scheduler against answers
 * that come too late: after the lease has ended, for another epoch, or for mirrors that were
 * forgotten meanwhile. */
static bool counts(const struct call *call)
{
    struct ps_leader_writer *writer = call->writer;

    if (writer->options.mirrors && call->term != writer->options.leadership->term) {
        ps_leadership_overtaken(writer->options.leadership);
        return false;
    }
    if (call->epoch == writer->epoch && ps_leader_writer_leads(writer))
        return true;
    /* A restarted writer waits for this answer; now it may go on. */
    if (writer->epoch > 0 && !writer->options.mirrors && !ps_timer_pending(writer->timer))
        ps_timer_set(writer->timer, 0);
    return false;
}

/* Only a server that refuses makes the pause longer. One that is away may be back at any moment. */
static int64_t pause_ms(const struct ps_leader_writer *writer, const struct ps_err *err)
{
    int64_t pause_ms = writer->options.retry_ms;
    int doublings = writer->failures_row - 1;

    if (err->code == PS_REDIS_ERR_NOCYCLE)
        return 0; /* the cycle is opened again, which is not a failure */
    if (err->code != PS_REDIS_ERR_REPLY && err->code != PS_PG_ERR_SQL)
        return pause_ms;
    for (int i = 0; i < doublings && i < DOUBLINGS_MAX && 2 * pause_ms <= PS_LEADER_PAUSE_MAX_MS;
         i++)
        pause_ms *= 2;
    return pause_ms;
}

static void fail(const struct call *call, const struct ps_err *err)
{
    struct ps_leader_writer *writer = call->writer;
    struct ps_leadership *leadership = writer->options.leadership;
    bool fenced = err->code == PS_REDIS_ERR_FENCED || err->code == PS_PG_ERR_FENCED;
    /* A Redis that is away is reported by the daemon, once, and not by each part. */
    bool known = err->code == PS_REDIS_ERR_OFFLINE || err->code == PS_REDIS_ERR_NOCYCLE;

    writer->failures_row++;
    if (writer->options.on_failed != NULL)
        writer->options.on_failed(writer->options.cookie, err);
    if (call->rows_fn != NULL && writer->options.mirrors) {
        ps_leadership_failed(leadership, writer->options.event, call->what, err);
        ps_leadership_overtaken(leadership);
        return;
    }
    if (fenced || (!known && (!writer->options.report_once || writer->failures_row == 1)))
        ps_leadership_failed(leadership, writer->options.event, call->what, err);
    if (writer->options.step != NULL)
        ps_timer_set(writer->timer, pause_ms(writer, err));
}

static void end_call(struct call *call)
{
    struct ps_leader_writer *writer = call->writer;

    free(call);
    if (!writer->due || writer->outstanding > 0)
        return;
    writer->due = false;
    if (writer->epoch > 0 && !ps_timer_pending(writer->timer))
        ps_timer_set(writer->timer, 0);
}

static void on_rows(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct call *call = cookie;
    struct ps_leader_writer *writer = call->writer;

    writer->outstanding--;
    if (counts(call)) {
        if (err != NULL) {
            fail(call, err);
        } else {
            writer->failures_row = 0;
            call->rows_fn(writer->options.cookie, rows);
        }
    }
    end_call(call);
}

static void on_reply(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct call *call = cookie;
    struct ps_leader_writer *writer = call->writer;

    writer->outstanding--;
    if (counts(call)) {
        if (err != NULL && (!call->optional || err->code == PS_REDIS_ERR_FENCED)) {
            fail(call, err);
        } else {
            if (err == NULL)
                writer->failures_row = 0;
            call->reply_fn(writer->options.cookie, reply);
        }
    }
    end_call(call);
}

struct ps_pg_batch *ps_leader_writer_begin(const struct ps_leader_writer *writer)
{
    return ps_store_begin(writer->epoch);
}

struct ps_pg_batch *ps_leader_writer_begin_meta(const struct ps_leader_writer *writer)
{
    return ps_store_begin_meta(writer->epoch);
}

void ps_leader_writer_run(struct ps_leader_writer *writer, struct ps_pg_batch *batch,
                          const char *what, ps_leader_rows_fn fn)
{
    struct call *call = begin_call(writer, what, false);

    call->rows_fn = fn;
    ps_pg_run(writer->options.leadership->daemon->pg, batch, on_rows, call);
}

static void on_worked(void *cookie, void *job)
{
    struct call *call = cookie;
    struct ps_leader_writer *writer = call->writer;

    writer->outstanding--;
    if (counts(call))
        call->work.done(writer->options.cookie, job);
    call->work.destroy(job);
    end_call(call);
}

void ps_leader_writer_work(struct ps_leader_writer *writer, const struct ps_leader_work *work,
                           void *job)
{
    struct call *call = begin_call(writer, NULL, true);

    call->work = *work;
    ps_background_run(
        writer->options.leadership->daemon->background,
        &(struct ps_background_job){ .work = work->work, .done = on_worked, .cookie = call }, job);
}

void ps_leader_writer_args(const struct ps_leader_writer *writer, struct ps_script_args *args)
{
    ps_script_args_init(args);
    ps_script_args_int(args, writer->epoch);
}

void ps_leader_writer_script(struct ps_leader_writer *writer, const struct ps_leader_script *script,
                             struct ps_script_args *args)
{
    const struct ps_daemon *daemon = writer->options.leadership->daemon;
    const char *keys[1 + PS_COUNT_OF(script->keys)] = { ps_key(daemon->keys, PS_KEY_EPOCH) };
    size_t key_count = ps_scripts[script->script].key_count;
    struct call *call = begin_call(writer, script->what, script->optional);

    assert(key_count >= 1 && key_count <= PS_COUNT_OF(keys));
    call->reply_fn = script->fn;
    for (size_t i = 1; i < key_count; i++)
        keys[i] = ps_key(daemon->keys, script->keys[i - 1]);
    ps_script_run(daemon->redis, script->script, keys, key_count, args->items, args->len, on_reply,
                  call);
    ps_script_args_clear(args);
}

void ps_leader_writer_command(struct ps_leader_writer *writer, ps_leader_reply_fn fn,
                              const char *const *texts, size_t count)
{
    struct call *call = begin_call(writer, NULL, true);

    call->reply_fn = fn;
    ps_redis_send_texts(writer->options.leadership->daemon->redis, texts, count, on_reply, call);
}
