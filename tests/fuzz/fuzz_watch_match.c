/* An entry (the first line) against an item of an index and a draft made of the other lines:
 * author, authors, text, title, subgroup. At most one match, and the same one whatever stands
 * around. */
#include "scheduler/core/watch_match.h"
#include "shared/core/alloc.h"
#include "shared/core/name_words.h"
#include "shared/core/subgroup.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_match(void *cookie, const char *user, const char *reason, enum ps_watch_kind by)
{
    int *count = cookie;

    (*count)++;
    assert(strcmp(user, "U1") == 0 && reason[0] != '\0' && by != PS_WATCH_KIND_ALL);
}

/* No comma or bracket, nor a character that stands for one in another width or script. */
static bool is_one_part(const char *name)
{
    for (; *name != '\0'; name++)
        if (strchr(",;()[]<>{}|/", *name) != NULL || (unsigned char)*name >= 0xcd)
            return false;
    return true;
}

/* A name is found in itself, and where it stands between other names. */
static void check_names(const char *name)
{
    char *between = ps_alloc_format("someone else, %s, and others", name);
    struct ps_name_words *words = ps_name_words_create(name, strlen(name), SIZE_MAX);
    struct ps_name_words *text = ps_name_words_create(between, strlen(between), SIZE_MAX);

    if (ps_name_words_count(words) > 0 && is_one_part(name)) {
        assert(ps_name_words_contain(words, words));
        assert(ps_name_words_contain(text, words));
        ps_name_words_index(text);
        assert(ps_name_words_contain(text, words));
    }
    ps_name_words_destroy(words);
    ps_name_words_destroy(text);
    free(between);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = ps_alloc_copy((const char *)data, size), *at = copy;
    const char *lines[LINES] = { "", "", "", "", "", "" };
    struct ps_watchlists *lists = ps_watchlists_create();
    char *key;
    int count = 0;

    for (size_t i = 0; i < LINES && at != NULL; i++) {
        char *end = i + 1 < LINES ? strchr(at, '\n') : NULL;

        lines[i] = at;
        at = end != NULL ? end + 1 : NULL;
        if (end != NULL)
            *end = '\0';
    }
    ps_watchlists_add(lists, "U1", lines[0]);
    ps_watchlists_match(lists,
                        &(struct ps_watch_candidate){ .number = 2300,
                                                      .author = lines[1],
                                                      .authors = lines[2],
                                                      .text = lines[3],
                                                      .title = lines[4],
                                                      .subgroup = lines[5] },
                        on_match, &count);
    assert(count <= 1);
    check_names(lines[0]);
    check_names(lines[1]);
    key = ps_name_key(lines[1], strlen(lines[1]));
    assert(strlen(key) <= 3 * strlen(lines[1]) * 4);
    free(key);
    (void)ps_subgroup_named(lines[5], lines[0]);
    ps_watchlists_destroy(lists);
    free(copy);
    return 0;
}
