#include "scheduler/cli/cmd_diff.h"

#include "scheduler/cli/input.h"
#include "scheduler/core/index_diff.h"
#include "shared/core/json.h"
#include "shared/io/print.h"

#include <stdio.h>
#include <stdlib.h>

static bool print_ids(const char *what, const struct ps_paper *const *papers, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ps_print(stdout, "%s %s\n", what, papers[i]->id);
    return fflush(stdout) == 0;
}

static cJSON *ids(const struct ps_paper *const *papers, size_t len)
{
    cJSON *list = cJSON_CreateArray();

    for (size_t i = 0; i < len; i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(papers[i]->id));
    return list;
}

static bool print_json(const struct ps_index_diff *diff)
{
    cJSON *json = cJSON_CreateObject();

    cJSON_AddItemToObject(json, "new", ids(diff->added, diff->added_len));
    cJSON_AddItemToObject(json, "updated", ids(diff->updated, diff->updated_len));
    ps_print_json(stdout, json);
    return fflush(stdout) == 0;
}

static int run(int argc, char **argv, void *env)
{
    const char *before_path = NULL, *after_path = NULL, *json = NULL;
    const struct ps_input_option options[] = {
        {"before", &before_path, PS_INPUT_REQUIRED},
        { "after", &after_path,  PS_INPUT_REQUIRED},
        { "json",  &json,        PS_INPUT_FLAG    }
    };
    struct ps_paper_index *before, *after = NULL;
    int status = PS_EXIT_FAILED;
    struct ps_index_diff diff;

    (void)env;
    if (!ps_input_options(argc, argv, options, PS_COUNT_OF(options)))
        return PS_EXIT_USAGE;
    before = ps_input_index(before_path);
    if (before)
        after = ps_input_index(after_path);
    if (after) {
        ps_index_diff_make(before, after, &diff);
        if (json != NULL ? print_json(&diff)
                         : print_ids("new", diff.added, diff.added_len) &&
                               print_ids("updated", diff.updated, diff.updated_len))
            status = PS_EXIT_OK;
        ps_index_diff_clear(&diff);
    }
    ps_paper_index_destroy(before);
    ps_paper_index_destroy(after);
    return status;
}

const struct ps_command ps_cmd_diff = { .text = &ps_command_texts[PS_COMMAND_DIFF], .run = run };
