/* Any entry of tasks or results, with a name or a value on each line: it is rejected with the name
   of a field, or it formats to the same entry again. */
#include "shared/core/result.h"
#include "shared/core/text_normalize.h"
#include "shared/core/url.h"

#include <assert.h>
#include <string.h>

enum { ITEMS_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_task(const struct ps_task *task)
{
    assert(task->task[0] != '\0' && strlen(task->task) <= PS_TASK_ID_MAX);
    assert(ps_utf8_valid(task->task, strlen(task->task)));
    assert(task->cycle > 0 && task->epoch >= 0);
    assert(ps_url_is_http(task->url) && strlen(task->url) <= PS_TASK_URL_MAX);
    assert((unsigned)task->tier < PS_TIER_COUNT);
    assert(task->number >= 0 && task->revision >= 0);
    assert(task->ext[0] == '.' && strchr(task->ext, '/') == NULL);
}

static void check_result(const struct ps_result *result)
{
    struct ps_str views[2 * PS_RESULT_FIELDS];
    struct ps_fields fields, again;
    struct ps_result back;
    struct ps_err err;
    size_t i;

    check_task(&result->task);
    assert(result->worker != NULL && result->latency_ms >= 0 && result->attempts >= 0);
    ps_fields_init(&fields);
    ps_fields_init(&again);
    ps_result_format(result, &fields);
    for (i = 0; i < fields.len; i++)
        views[i] = ps_str_of(fields.items[i]);
    assert(ps_result_parse(views, fields.len, &back, &err));
    ps_result_format(&back, &again);
    for (i = 0; i < fields.len; i++)
        assert(strcmp(fields.items[i], again.items[i]) == 0);
    ps_result_clear(&back);
    ps_fields_clear(&fields);
    ps_fields_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ps_str items[ITEMS_MAX], rest = { (const char *)data, size };
    struct ps_result result;
    struct ps_task task;
    struct ps_err err = { .what = "" };
    size_t count = 0;

    while (count < ITEMS_MAX && ps_str_next(&rest, '\n', &items[count]))
        count++;
    if (ps_task_parse(items, count, &task, &err)) {
        check_task(&task);
        ps_task_clear(&task);
    } else {
        assert(strncmp(err.what, "task: ", 6) == 0 && task.task == NULL && task.url == NULL);
    }
    if (ps_result_parse(items, count, &result, &err)) {
        check_result(&result);
        ps_result_clear(&result);
    } else {
        assert(err.what[0] != '\0' && result.worker == NULL && result.task.ext == NULL);
    }
    return 0;
}
