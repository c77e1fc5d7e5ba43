#include "scheduler/core/index_match.h"

#include "shared/core/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ps_index_match_added(const struct ps_watchlists *lists, const struct ps_paper *paper,
                          ps_watch_match_fn fn, void *cookie)
{
    ps_watchlists_match(lists,
                        &(struct ps_watch_candidate){ .prefix = paper->parsed.prefix,
                                                      .number = paper->parsed.number,
                                                      .author = paper->author,
                                                      .title = paper->title,
                                                      .subgroup = paper->subgroup },
                        fn, cookie);
}

/* Borrowed from the watchlists, which stay as they are while both states are matched. */
struct match {
    const char *user, *reason;
    enum ps_watch_kind by;
};

struct matches {
    struct match *items;
    size_t len, size;
    ps_watch_match_fn fn;
    void *cookie;
};

static void on_before(void *cookie, const char *user, const char *reason, enum ps_watch_kind by)
{
    struct matches *before = cookie;

    if (before->len == before->size) {
        before->size = before->size ? before->size * 2 : 16;
        before->items = ps_alloc_array(before->items, before->size, sizeof(*before->items));
    }
    before->items[before->len++] = (struct match){ user, reason, by };
}

/* Passes on only what the old state did not match for the same reason. Otherwise a subgroup that is
 * renamed in the whole index would notify everybody of every paper again. */
static void on_after(void *cookie, const char *user, const char *reason, enum ps_watch_kind by)
{
    const struct matches *before = cookie;

    for (size_t i = 0; i < before->len; i++)
        if (before->items[i].by == by && strcmp(before->items[i].reason, reason) == 0 &&
            strcmp(before->items[i].user, user) == 0)
            return;
    before->fn(before->cookie, user, reason, by);
}

void ps_index_match_changed(const struct ps_watchlists *lists, const struct ps_paper *before,
                            const struct ps_paper *after, ps_watch_match_fn fn, void *cookie)
{
    struct matches matches = { .fn = fn, .cookie = cookie };

    if (!ps_index_changes_matter(before, after))
        return;
    ps_index_match_added(lists, before, on_before, &matches);
    ps_index_match_added(lists, after, on_after, &matches);
    free(matches.items);
}

/* Only these fields are matched by watches. */
bool ps_index_changes_matter(const struct ps_paper *before, const struct ps_paper *after)
{
    return strcmp(before->title, after->title) != 0 || strcmp(before->author, after->author) != 0 ||
           strcmp(before->subgroup, after->subgroup) != 0;
}

void ps_index_changes(const struct ps_paper *before, const struct ps_paper *after,
                      char out_text[PS_INDEX_CHANGES_TEXT])
{
    const struct {
        const char *name;
        bool differs;
    } fields[] = {
        {"title",     strcmp(before->title,    after->title) != 0                       },
        { "author",   strcmp(before->author,   after->author) != 0                      },
        { "subgroup", strcmp(before->subgroup, after->subgroup) != 0                    },
        { "type",     strcmp(before->type,     after->type) != 0                        },
        { "date",     strcmp(before->date,     after->date) != 0                        },
        { "link",     strcmp(before->link,     after->link) != 0 ||
                      strcmp(before->long_link, after->long_link) != 0 },
        { "status",          strcmp(before->status,                         after->status) != 0                                   },
    };
    size_t left = 0, len = 0;

    for (size_t i = 0; i < PS_COUNT_OF(fields); i++)
        left += fields[i].differs;
    out_text[0] = '\0';
    for (size_t i = 0; i < PS_COUNT_OF(fields); i++) {
        if (!fields[i].differs)
            continue;
        left--;
        len += (size_t)snprintf(out_text + len, PS_INDEX_CHANGES_TEXT - len, "%s%s",
                                len == 0    ? ""
                                : left == 0 ? " and "
                                            : ", ",
                                fields[i].name);
    }
}
