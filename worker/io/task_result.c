#include "worker/io/task_result.h"

#include "shared/core/alloc.h"
#include "shared/core/text_normalize.h"
#include "shared/io/log.h"

#include <stdlib.h>
#include <string.h>

void ps_task_result_log(struct ps_failure_log *failures, const struct ps_task *task,
                        const struct ps_probe_report *end)
{
    if (ps_outcome_is_hit(end->outcome) && !ps_tier_is_planned(task->tier))
        return; /* as expected, and no news */
    switch (end->outcome) {
    case PS_OUTCOME_HIT_RECENT:
    case PS_OUTCOME_HIT_OLD:
    case PS_OUTCOME_HIT_NO_LM:
        PS_LOG(PROBE_HIT, F_TEXT("trace", task->task), F_TEXT("url", end->url),
               F_TEXT("outcome", ps_outcome_name(end->outcome)),
               F_TEXT("last_modified", end->last_modified == NULL ? "" : end->last_modified),
               F_BOOL("front_text", end->document != NULL && end->document->words != NULL));
        break;
    case PS_OUTCOME_SUSPECT:
        PS_LOG(PROBE_SUSPECT, F_TEXT("trace", task->task), F_TEXT("url", end->url),
               F_ERR(end->err));
        break;
    case PS_OUTCOME_DEFERRED:
    case PS_OUTCOME_ERROR:
        PS_LOG(PROBE_ERR, F_TEXT("trace", task->task), F_TEXT("url", end->url),
               F_INT("status", end->status), F_INT("attempts", end->attempts), F_ERR(end->err));
        ps_failure_log_add(failures, ps_event_name(PS_EVENT_PROBE_ERR), end->err, end->url,
                           end->status);
        break;
    case PS_OUTCOME_MISS:
    case PS_OUTCOME_COUNT:
        break;
    }
}

/* A host may send anything; what the scheduler could not read would leave the task unsettled. */
static char *header_of(const char *value)
{
    char *clean, *cut;

    if (value == NULL)
        return NULL;
    clean = ps_utf8_clean(value, strlen(value));
    cut = ps_alloc_copy(clean, ps_utf8_cut(clean, strlen(clean), PS_RESULT_HEADER_MAX));
    free(clean);
    return cut;
}

static void add_document(const struct ps_document *document, struct ps_result *result)
{
    const char **names = ps_alloc_zero(document->author_count + 1, sizeof(*names));

    for (size_t i = 0; i < document->author_count; i++)
        names[i] = document->authors[i];
    result->front_text = ps_alloc_text(document->words);
    result->title = ps_alloc_text(document->title);
    result->authors = ps_result_authors_format(names, document->author_count);
    free(names);
}

void ps_task_result_format(const char *instance, const struct ps_task *task,
                           const struct ps_probe_report *end, struct ps_fields *fields)
{
    /* task's texts are borrowed for the call, the others copied: struct ps_result owns its own */
    struct ps_result result = { .task = *task,
                                .outcome = end->outcome,
                                .status = end->status,
                                .last_modified = header_of(end->last_modified),
                                .etag = header_of(end->etag),
                                .content_length = end->content_length,
                                .answered_ms = end->answered_ms,
                                .failed = end->err != NULL && end->outcome == PS_OUTCOME_ERROR,
                                .attempts = end->attempts,
                                .latency_ms = end->latency_ms,
                                .worker = ps_alloc_text(instance) };

    if (end->document != NULL)
        add_document(end->document, &result);
    if (result.failed)
        result.category = end->err->category;
    ps_result_format(&result, fields);
    free(result.last_modified);
    free(result.etag);
    free(result.worker);
    free(result.front_text);
    free(result.title);
    free(result.authors);
}

struct ps_probe_report ps_task_result_without_request(const struct ps_task *task,
                                                      const struct ps_err *err)
{
    return (struct ps_probe_report){
        .url = task->url, .outcome = PS_OUTCOME_ERROR, .content_length = -1, .err = err
    };
}
