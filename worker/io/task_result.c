#include "worker/io/task_result.h"

#include "shared/core/alloc.h"
#include "shared/core/text_normalize.h"
#include "shared/io/log.h"

#include <stdlib.h>
#include <string.h>

void ps_task_result_log(struct ps_failure_log *failures, const struct ps_task *task,
                        const struct ps_probe_report *report)
{
    if (ps_outcome_is_hit(report->outcome) && !ps_tier_is_planned(task->tier))
        return;
    switch (report->outcome) {
    case PS_OUTCOME_HIT_RECENT:
    case PS_OUTCOME_HIT_OLD:
    case PS_OUTCOME_HIT_NO_LM:
        PS_LOG(PROBE_HIT, F_TEXT("trace", task->task), F_TEXT("url", report->url),
               F_TEXT("outcome", ps_outcome_name(report->outcome)),
               F_TEXT("last_modified", report->last_modified == NULL ? "" : report->last_modified),
               F_BOOL("front_text", report->document != NULL && report->document->words != NULL));
        break;
    case PS_OUTCOME_SUSPECT:
        PS_LOG(PROBE_SUSPECT, F_TEXT("trace", task->task), F_TEXT("url", report->url),
               F_ERR(report->err));
        break;
    case PS_OUTCOME_DEFERRED:
    case PS_OUTCOME_ERROR:
        PS_LOG(PROBE_ERR, F_TEXT("trace", task->task), F_TEXT("url", report->url),
               F_INT("status", report->status), F_INT("attempts", report->attempts),
               F_ERR(report->err));
        ps_failure_log_add(failures, ps_event_name(PS_EVENT_PROBE_ERR), report->err, report->url,
                           report->status);
        break;
    case PS_OUTCOME_MISS:
    case PS_OUTCOME_COUNT:
        break;
    }
}

/* Gives the header as valid UTF-8 within the limit that the scheduler's parser has; NULL for NULL.
 */
static char *clean_header(const char *value)
{
    char *clean, *cut;

    if (value == NULL)
        return NULL;
    clean = ps_utf8_clean(value, strlen(value));
    cut = ps_alloc_copy(clean, ps_utf8_cut(clean, strlen(clean), PS_RESULT_HEADER_MAX));
    free(clean);
    return cut;
}

void ps_task_result_format(const char *instance, const struct ps_task *task,
                           const struct ps_probe_report *report, struct ps_fields *fields)
{
    const struct ps_document *document = report->document;
    /* The task's texts are borrowed, all others owned; so the cleanup below leaves the task out. */
    struct ps_result result = { .task = *task,
                                .outcome = report->outcome,
                                .status = report->status,
                                .last_modified = clean_header(report->last_modified),
                                .etag = clean_header(report->etag),
                                .content_length = report->content_length,
                                .answered_ms = report->answered_ms,
                                .failed =
                                    report->err != NULL && report->outcome == PS_OUTCOME_ERROR,
                                .attempts = report->attempts,
                                .latency_ms = report->latency_ms,
                                .worker = ps_alloc_text(instance) };

    if (result.failed)
        result.category = report->err->category;
    if (document != NULL) {
        const char **names = ps_alloc_zero(document->author_count + 1, sizeof(*names));

        for (size_t i = 0; i < document->author_count; i++)
            names[i] = document->authors[i];
        result.front_text = ps_alloc_text(document->words);
        result.title = ps_alloc_text(document->title);
        result.authors = ps_result_authors_format(names, document->author_count);
        free(names);
    }
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
