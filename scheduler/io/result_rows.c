#include "scheduler/io/result_rows.h"

#include "scheduler/core/draft_facts.h"
#include "scheduler/core/webhook_rows.h"
#include "shared/core/utc_time.h"

#include <stdlib.h>
#include <string.h>

/* Which outbox rows follow from a draft: one for the channel, one for each webhook that wants it,
 * one for each person whose watches match. A draft that was just found and one that has changed
 * take the same path; only the latter has a fingerprint. */

struct draft_match {
    const struct ps_draft_found *draft;
    const char *print; /* fingerprint of an update; NULL: the draft was just found */
    const char *task;
    struct ps_outbox_rows *list;
};

static void on_match(void *cookie, const char *user, const char *reason, enum ps_watch_kind by)
{
    const struct draft_match *match = cookie;

    struct ps_outbox_row *row = ps_outbox_rows_next(match->list, match->task);

    if (match->print != NULL)
        ps_notification_watch_update(match->draft, match->print, user, reason, by, row);
    else
        ps_notification_watch_draft(match->draft, user, reason, by, row);
}

/* Settings decide whether the channel wants drafts of the frontier, and whether it wants others. */
static bool notifies_channel(const struct ps_config *config, enum ps_tier tier)
{
    if (config->notification_channel[0] == '\0')
        return false;
    return tier == PS_TIER_FRONTIER ? config->notify_on_frontier_hit : config->notify_on_any_draft;
}

static int64_t modified_of(const char *last_modified)
{
    int64_t modified_ms;

    return last_modified != NULL && ps_utc_time_parse_http(last_modified, &modified_ms)
               ? modified_ms
               : 0;
}

/* Matches the watchlists. What the document says about itself comes first; the entry of the index
 * with the same number supplies what the document lacks, and the subgroup, which no draft states.
 */
static void match_draft(const struct ps_leadership *leadership, int number, const char *front_text,
                        struct draft_match *match)
{
    const struct ps_draft_found *draft = match->draft;
    const struct ps_paper *paper = draft->paper;

    ps_watchlists_match(
        leadership->watch,
        &(struct ps_watch_candidate){ .number = number,
                                      .author = paper == NULL ? NULL : paper->author,
                                      .authors = draft->authors,
                                      .text = front_text,
                                      .title = draft->title != NULL ? draft->title
                                               : paper != NULL      ? paper->title
                                                                    : NULL,
                                      .subgroup = paper == NULL ? NULL : paper->subgroup },
        on_match, match);
}

static void on_webhook(void *cookie, const char *channel, enum ps_message_kind kind)
{
    const struct draft_match *match = cookie;
    struct ps_outbox_row *row = ps_outbox_rows_next(match->list, match->task);

    if (kind == PS_MESSAGE_DRAFT_UPDATE)
        ps_notification_update(match->draft, match->print, channel, row);
    else
        ps_notification_draft(match->draft, channel, kind == PS_MESSAGE_FRONTIER, row);
    ps_webhook_row_key(row);
}

static void add_webhooks(const struct ps_config *config, struct draft_match *match)
{
    const struct ps_draft_found *draft = match->draft;
    const struct ps_paper *paper = draft->paper;
    const struct ps_webhook_facts facts = { .kind = match->print != NULL ? PS_MESSAGE_DRAFT_UPDATE
                                                    : draft->tier == PS_TIER_FRONTIER
                                                        ? PS_MESSAGE_FRONTIER
                                                        : PS_MESSAGE_DRAFT,
                                            .authors = draft->authors != NULL ? draft->authors
                                                       : paper != NULL        ? paper->author
                                                                              : NULL,
                                            .subgroup = paper == NULL ? NULL : paper->subgroup };

    ps_webhook_rows(config, &facts, facts.kind, on_webhook, match);
}

void ps_result_rows(const struct ps_leadership *leadership, const struct ps_result *result,
                    struct ps_outbox_rows *list)
{
    const struct ps_config *config = leadership->daemon->config;
    const struct ps_task *task = &result->task;
    struct ps_paper_id id = { .kind = task->prefix[0] == 'D' ? PS_PAPER_D : PS_PAPER_P,
                              .number = task->number,
                              .revision = task->revision };
    struct ps_draft_found draft = { .url = task->url,
                                    .tier = task->tier,
                                    .last_modified = result->last_modified,
                                    .paper =
                                        ps_paper_index_latest(leadership->index, task->number) };
    struct draft_match match = { .draft = &draft, .task = task->task, .list = list };
    char paper_id[PS_PAPER_ID_TEXT];

    char *title, *authors;

    /* A known draft is no news. The statement that stores the draft checks it again, so a set that
     * is a little old can only cost a row that the dedupe key drops. */
    if (ps_url_set_has(leadership->discovered, task->url))
        return;
    memcpy(id.prefix, task->prefix, sizeof(id.prefix));
    ps_paper_id_format(&id, paper_id);
    draft.paper_id = paper_id;
    draft.modified_ms = modified_of(result->last_modified);
    draft.title = title = ps_draft_title(result->title);
    draft.authors = authors = ps_draft_authors(result->authors);
    if (notifies_channel(config, task->tier))
        ps_notification_draft(&draft, config->notification_channel, task->tier == PS_TIER_FRONTIER,
                              ps_outbox_rows_next(list, task->task));
    add_webhooks(config, &match);
    match_draft(leadership, task->number, result->front_text, &match);
    free(title);
    free(authors);
}

void ps_update_rows(const struct ps_leadership *leadership, const struct ps_updated *updated,
                    struct ps_outbox_rows *list)
{
    const struct ps_config *config = leadership->daemon->config;
    enum ps_tier tier = PS_TIER_COLD;
    struct ps_paper_id id = { .number = -1 };
    struct ps_draft_found draft = { .url = updated->url,
                                    .paper_id = updated->paper_id,
                                    .last_modified = updated->last_modified,
                                    .modified_ms = modified_of(updated->last_modified),
                                    .title = updated->title,
                                    .authors = updated->authors };
    struct draft_match match = { .draft = &draft, .print = updated->print, .list = list };

    if (ps_paper_id_parse(updated->paper_id, strlen(updated->paper_id), &id))
        draft.paper = ps_paper_index_latest(leadership->index, id.number);
    if (!ps_tier_parse(ps_str_of(updated->tier_name), &tier))
        tier = PS_TIER_COLD;
    if (notifies_channel(config, tier))
        ps_notification_update(&draft, updated->print, config->notification_channel,
                               ps_outbox_rows_next(list, NULL));
    add_webhooks(config, &match);
    if (updated->watchers)
        match_draft(leadership, id.number, updated->front_text, &match);
}
