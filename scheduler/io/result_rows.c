#include "scheduler/io/result_rows.h"

#include "shared/core/civil.h"

#include <string.h>

struct draft_match {
    const struct ps_draft_found *draft;
    const char *task;
    struct ps_row_list *list;
};

static void on_match(void *cookie, const char *user, const char *reason, bool by_author)
{
    const struct draft_match *match = cookie;

    ps_compose_watch_draft(match->draft, user, reason, by_author,
                           ps_row_list_next(match->list, match->task));
}

static bool tell_channel(const struct ps_config *config, enum ps_tier tier)
{
    if (config->notification_channel[0] == '\0')
        return false;
    return tier == PS_TIER_FRONTIER ? config->notify_on_frontier_hit : config->notify_on_any_draft;
}

void ps_result_rows(const struct ps_office *office, const struct ps_result *result,
                    struct ps_row_list *list)
{
    const struct ps_config *config = office->daemon->config;
    const struct ps_task *task = &result->task;
    struct ps_paper_id id = { .kind = task->prefix[0] == 'D' ? PS_PAPER_D : PS_PAPER_P,
                              .number = task->number,
                              .revision = task->revision };
    struct ps_draft_found draft = { .url = task->url,
                                    .tier = task->tier,
                                    .last_modified = result->last_modified,
                                    .paper = ps_index_latest(office->index, task->number),
                                    .front_text = result->front_text };
    struct draft_match match = { .draft = &draft, .task = task->task, .list = list };
    char paper_id[PS_PAPER_ID_TEXT];

    if (ps_urlset_has(office->discovered, task->url))
        return;
    memcpy(id.prefix, task->prefix, sizeof(id.prefix));
    ps_paper_id_format(&id, paper_id);
    draft.paper_id = paper_id;
    if (result->last_modified == NULL ||
        !ps_civil_parse_http(result->last_modified, &draft.modified_ms))
        draft.modified_ms = 0;
    if (tell_channel(config, task->tier))
        ps_compose_draft(&draft, config->notification_channel, task->tier == PS_TIER_FRONTIER,
                         ps_row_list_next(list, task->task));
    ps_watchlists_match(
        office->watch,
        &(struct ps_match_item){ .number = task->number,
                                 .author = draft.paper == NULL ? NULL : draft.paper->author,
                                 .text = result->front_text },
        on_match, &match);
}
