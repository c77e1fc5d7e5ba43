#include "notifier/io/delivery_record.h"

#include "notifier/core/dead_letter.h"
#include "shared/core/alloc.h"
#include "shared/core/backoff.h"
#include "shared/core/text_normalize.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { RETRY_BASE_MS = 200, RETRY_CAP_MS = 5000 };

enum step { MARK_SENT, ACKNOWLEDGE, MARK_DEAD, DUPLICATES, END };

struct entry {
    struct ps_delivery_record *record;
    struct ps_outgoing_message *message; /* NULL for a buried one */
    enum ps_close close;
    enum step step;
    bool asked;   /* an answer is awaited */
    int failures; /* in a row */
    char *raw;    /* owned, of a buried one */
    size_t raw_len;
    char *id, *channel;                    /* owned; of the outbox, or NULL */
    int64_t created_ms;                    /* with them */
    char *letter;                          /* owned; NULL but for a dead one */
    char *reason;                          /* owned, as the letter */
    struct ps_outgoing_message *duplicate; /* settled next */
    struct ps_outgoing_message *first,
        *until; /* of the duplicates settled now, and the first of those before */
    struct ps_timer *again;
    struct entry *prev, *next;
};

struct ps_delivery_record {
    struct ps_delivery_record_options options;
    struct entry *entries;
    bool hurried;
};

static void advance(void *cookie);

struct ps_delivery_record *
ps_delivery_record_create(const struct ps_delivery_record_options *options)
{
    struct ps_delivery_record *record = ps_alloc_zero(1, sizeof(*record));

    record->options = *options;
    return record;
}

static void entry_destroy(struct entry *entry)
{
    DL_DELETE(entry->record->entries, entry);
    ps_timer_destroy(entry->again);
    free(entry->raw);
    free(entry->id);
    free(entry->channel);
    free(entry->letter);
    free(entry->reason);
    free(entry);
}

void ps_delivery_record_destroy(struct ps_delivery_record *record)
{
    struct entry *entry, *next;

    if (record == NULL)
        return;
    DL_FOREACH_SAFE (record->entries, entry, next)
        entry_destroy(entry);
    free(record);
}

static void end(struct entry *entry)
{
    struct ps_delivery_record *record = entry->record;
    struct ps_outgoing_message *message = entry->message;

    if (entry->close == PS_CLOSE_DEAD)
        ps_signals_send(record->options.signals, PS_SIGNAL_STATS);
    entry_destroy(entry);
    if (message != NULL)
        record->options.closed(record->options.cookie, message);
    record->options.idle(record->options.cookie);
}

/* Always waits for the timer: the callback may run inside the end of a connection, where no command
 * may be sent. */
static void try_later(struct entry *entry)
{
    if (entry->record->hurried)
        entry->step = END;
    entry->failures++;
    ps_timer_set(entry->again, entry->record->hurried
                                   ? 0
                                   : ps_backoff_ms(RETRY_BASE_MS, RETRY_CAP_MS, entry->failures,
                                                   ps_clock_random()));
}

static void on_settled(void *cookie, bool held, const struct ps_err *err)
{
    struct entry *entry = cookie;

    entry->asked = false;
    if (err != NULL) {
        try_later(entry);
        return;
    }
    entry->failures = 0;
    if (entry->step == ACKNOWLEDGE)
        /* If the message was no longer in the in-flight list, another notifier has it, comes to the
         * same outcome and stores that. */
        entry->step =
            entry->close == PS_CLOSE_DEAD && held && entry->id != NULL ? MARK_DEAD : DUPLICATES;
    else
        entry->duplicate = entry->duplicate->next;
    advance(entry);
}

static void on_marked(void *cookie, const struct ps_err *err)
{
    struct entry *entry = cookie;

    entry->asked = false;
    if (err != NULL) {
        if (err->code == PS_PG_ERR_SQL || entry->failures == 0)
            PS_LOG(MQ_ERROR, F_TEXT("what", "mark"), F_TEXT("id", entry->id), F_ERR(err));
        if (entry->record->hurried && entry->step == MARK_SENT) {
            entry->step = ACKNOWLEDGE;
            ps_timer_set(entry->again, 0);
            return;
        }
        try_later(entry);
        return;
    }
    entry->failures = 0;
    entry->step = entry->step == MARK_SENT ? ACKNOWLEDGE : DUPLICATES;
    advance(entry);
}

static void settle(struct entry *entry)
{
    const struct ps_outgoing_message *message = entry->message;
    struct ps_acknowledgement settling = {
        .how = entry->close == PS_CLOSE_DEAD ? PS_ACKNOWLEDGE_DEAD : PS_ACKNOWLEDGE_DONE,
        .raw = {entry->raw, entry->raw_len},
        .letter = entry->letter
    };

    if (message != NULL) {
        settling.raw = (struct ps_str){ message->raw, message->raw_len };
        settling.channel = message->content.channel;
        settling.id = message->content.id;
        settling.slack_id = entry->close == PS_CLOSE_SENT ? message->slack_channel : NULL;
    }
    if (settling.raw.data == NULL) { /* a message of our own is in no list */
        entry->step = DUPLICATES;
        advance(entry);
        return;
    }
    entry->asked = true;
    ps_notify_queue_settle(entry->record->options.notify_queue, &settling, on_settled, entry);
}

static void acknowledge_duplicate(struct entry *entry)
{
    const struct ps_outgoing_message *duplicate = entry->duplicate;
    struct ps_acknowledgement settling = {
        .how = PS_ACKNOWLEDGE_DONE,
        .raw = {duplicate->raw, duplicate->raw_len},
        .channel = duplicate->content.channel,
        .id = duplicate->content.id
    };

    PS_LOG(MQ_DUPLICATE, F_TEXT("id", duplicate->content.id),
           F_TEXT("trace", ps_outgoing_message_trace(duplicate)));
    entry->asked = true;
    ps_notify_queue_settle(entry->record->options.notify_queue, &settling, on_settled, entry);
}

/* Duplicates that arrived meanwhile are acknowledged too. They are at the head of the list, before
 * the earlier ones. */
static bool more_duplicates(struct entry *entry)
{
    struct ps_outgoing_message *first = entry->message != NULL ? entry->message->duplicates : NULL;

    if (first == entry->first)
        return false;
    entry->until = entry->first;
    entry->first = entry->duplicate = first;
    return true;
}

static void advance(void *cookie)
{
    struct entry *entry = cookie;
    struct ps_delivery_record *record = entry->record;

    switch (entry->step) {
    case MARK_SENT:
        entry->asked = true;
        ps_outbox_claims_sent(record->options.claims, entry->message, on_marked, entry);
        break;
    case ACKNOWLEDGE:
        settle(entry);
        break;
    case MARK_DEAD:
        entry->asked = true;
        ps_outbox_claims_dead(
            record->options.claims,
            (struct ps_outbox_claims_name){ entry->id, entry->channel, entry->created_ms },
            entry->reason, on_marked, entry);
        break;
    case DUPLICATES:
        if (entry->duplicate == entry->until && !more_duplicates(entry)) {
            end(entry);
            break;
        }
        acknowledge_duplicate(entry);
        break;
    case END:
        end(entry);
        break;
    }
}

static struct entry *entry_create(struct ps_delivery_record *record, enum ps_close close)
{
    struct entry *entry = ps_alloc_zero(1, sizeof(*entry));

    entry->record = record;
    entry->close = close;
    entry->step = ACKNOWLEDGE;
    entry->again = ps_timer_create(record->options.loop, advance, entry);
    DL_APPEND(record->entries, entry);
    return entry;
}

static void keep_name(struct entry *entry, struct ps_outbox_claims_name name)
{
    entry->id = ps_alloc_text(name.id);
    entry->channel = ps_alloc_text(name.channel);
    entry->created_ms = name.created_ms;
}

void ps_delivery_record_close(struct ps_delivery_record *record, enum ps_close close,
                              struct ps_outgoing_message *message)
{
    struct entry *entry = entry_create(record, close);

    entry->message = message;
    if (message->outbox)
        keep_name(entry, ps_outbox_claims_name_of(&message->content));
    if (close == PS_CLOSE_SENT && message->outbox)
        entry->step = MARK_SENT;
    if (close == PS_CLOSE_DEAD) {
        entry->letter = ps_dead_letter_format(message, ps_clock_wall_ms());
        entry->reason = ps_alloc_text(message->reason);
    }
    advance(entry);
}

void ps_delivery_record_bury(struct ps_delivery_record *record, struct ps_str raw,
                             const char *reason)
{
    struct entry *entry = entry_create(record, PS_CLOSE_DEAD);
    struct ps_dead_letter given;

    entry->raw = ps_alloc_copy(raw.data, raw.len);
    entry->raw_len = raw.len;
    entry->letter = ps_dead_letter_format_raw(raw.data, raw.len, reason, ps_clock_wall_ms());
    entry->reason = ps_alloc_text(reason);
    /* The names come from the entry itself. An id alone does not lead to a row: channel and time
     * must match too. */
    ps_dead_letter_parse(raw.data, raw.len, &given);
    if (ps_outgoing_message_is_outbox(given.id) &&
        ps_utf8_valid(given.channel, strlen(given.channel)))
        keep_name(entry,
                  (struct ps_outbox_claims_name){ given.id, given.channel, given.created_ms });
    ps_dead_letter_clear(&given);
    advance(entry);
}

bool ps_delivery_record_holds(const struct ps_delivery_record *record, struct ps_str raw)
{
    const struct entry *entry;

    DL_FOREACH (record->entries, entry)
        if (entry->raw != NULL && entry->raw_len == raw.len &&
            memcmp(entry->raw, raw.data, raw.len) == 0)
            return true;
    return false;
}

size_t ps_delivery_record_busy(const struct ps_delivery_record *record)
{
    const struct entry *entry;
    size_t count = 0;

    DL_FOREACH (record->entries, entry)
        count++;
    return count;
}

void ps_delivery_record_hurry(struct ps_delivery_record *record)
{
    struct entry *entry;

    record->hurried = true;
    DL_FOREACH (record->entries, entry) {
        if (!entry->asked) {
            entry->step = entry->step == MARK_SENT ? ACKNOWLEDGE : END;
            ps_timer_set(entry->again, 0);
        }
    }
}
