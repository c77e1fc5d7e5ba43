#include "scheduler/core/index_match.h"
#include "shared/core/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct ps_paper entry = {
    .id = "P0050R0",
    .parsed = {.kind = PS_PAPER_P, .prefix = "P", .number = 50},
    .type = "paper",
    .title = "Lists",
    .author = "Jane Doe",
    .date = "2026-01-01",
    .subgroup = "EWG",
    .link = "",
    .long_link = "",
    .status = "",
};

static void on_match(void *cookie, const char *user, const char *reason, enum ps_watch_kind by)
{
    char *users = cookie;

    (void)snprintf(users + strlen(users), 200 - strlen(users), "%s:%s:%s ", user,
                   ps_watch_kind_name(by), reason);
}

static void watch(struct ps_watchlists *lists, const char *user, const char *kind,
                  const char *value)
{
    ps_watchlists_add_row(lists, &(struct ps_watch_row){ .user = user,
                                                         .kind = kind,
                                                         .value = value,
                                                         .watched = true,
                                                         .quiet = strcmp(user, "UMUTED") == 0 });
}

struct change {
    const char *title, *author, *subgroup, *date;
};

/* Wants that the change from entry is users to those users. */
static void want_users(const struct ps_watchlists *lists, const struct change *change,
                       const char *want)
{
    struct ps_paper after = entry;
    char users[200] = "";

    after.title = change->title ? change->title : entry.title;
    after.author = change->author ? change->author : entry.author;
    after.subgroup = change->subgroup ? change->subgroup : entry.subgroup;
    after.date = change->date ? change->date : entry.date;
    ps_index_match_changed(lists, &entry, &after, on_match, users);
    if (strcmp(users, want) != 0)
        fail_msg("\"%s\", wanted \"%s\"", users, want);
}

static void a_change_is_reported_to_whom_it_matches_now(void **state)
{
    struct ps_watchlists *lists = ps_watchlists_create();

    (void)state;
    watch(lists, "UAUTHOR", "author", "early");
    watch(lists, "UBOTH", "author", "early");
    watch(lists, "UBOTH", "number", "50");
    watch(lists, "UDOE", "author", "doe");
    watch(lists, "UNUMBER", "number", "50");
    watch(lists, "USUB", "subgroup", "lewg");
    watch(lists, "UPATTERN", "pattern", "vector");
    watch(lists, "UMUTED", "author", "early");
    /* Nothing changed that decides a match. */
    want_users(lists, &(struct change){ .date = NULL }, "");
    want_users(lists, &(struct change){ .date = "2026-02-02" }, "");
    /* It matches for the same reason as before, or for none. */
    want_users(lists, &(struct change){ .title = "Lists, again" }, "");
    want_users(lists, &(struct change){ .author = "Jane Doe, John Smith" }, "");
    want_users(lists, &(struct change){ .author = "", .subgroup = "" }, "");
    want_users(lists, &(struct change){ .author = "Jane Doe, Eve Early" },
               "UAUTHOR:author:early UBOTH:author:early ");
    want_users(lists, &(struct change){ .subgroup = "EWG, LEWG" }, "USUB:subgroup:lewg ");
    want_users(lists, &(struct change){ .title = "Vectors" }, "UPATTERN:pattern:vector ");
    want_users(
        lists, &(struct change){ .title = "Vectors", .author = "Eve Early", .subgroup = "LEWG" },
        "UAUTHOR:author:early UBOTH:author:early USUB:subgroup:lewg UPATTERN:pattern:vector ");
    ps_watchlists_destroy(lists);
}

static void changed_fields_are_named(void **state)
{
    struct ps_paper after = entry;
    char text[PS_INDEX_CHANGES_TEXT];

    (void)state;
    ps_index_changes(&entry, &after, text);
    assert_string_equal(text, "");
    after.author = "x";
    ps_index_changes(&entry, &after, text);
    assert_string_equal(text, "author");
    assert_true(ps_index_changes_matter(&entry, &after));
    after.link = "x";
    ps_index_changes(&entry, &after, text);
    assert_string_equal(text, "author and link");
    after = (struct ps_paper){ .type = "x",
                               .title = "x",
                               .author = "x",
                               .date = "x",
                               .subgroup = "x",
                               .link = "x",
                               .long_link = "x",
                               .status = "x" };
    ps_index_changes(&entry, &after, text);
    assert_string_equal(text, "title, author, subgroup, type, date, link and status");
    after = entry;
    after.long_link = "x";
    ps_index_changes(&entry, &after, text);
    assert_string_equal(text, "link");
    assert_false(ps_index_changes_matter(&entry, &after));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_is_reported_to_whom_it_matches_now),
        cmocka_unit_test(changed_fields_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
