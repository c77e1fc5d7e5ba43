#include "shared/core/library.h"

#include "shared/core/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define DAY INT64_C(86400000)
#define T0  INT64_C(1780000000000)

static void put_paper(struct ps_library *library, const char *name, const char *title,
                      const char *authors, const char *subgroup, int64_t found_ms)
{
    ps_library_put(library, &(struct ps_document){ .kind = PS_DOCUMENT_PAPER,
                                                   .name = name,
                                                   .title = title,
                                                   .authors = authors,
                                                   .subgroup = subgroup,
                                                   .date = "2018-02-12",
                                                   .type = "paper",
                                                   .url = "https://wg21.link/x",
                                                   .found_ms = found_ms });
}

static void put_draft(struct ps_library *library, const char *name, const char *title,
                      int64_t found_ms, int64_t changed_ms)
{
    ps_library_put(library, &(struct ps_document){ .kind = PS_DOCUMENT_DRAFT,
                                                   .name = name,
                                                   .title = title,
                                                   .type = "hit_recent",
                                                   .url = "https://isocpp.org/files/papers/x",
                                                   .found_ms = found_ms,
                                                   .changed_ms = changed_ms });
}

static struct ps_library *make(void)
{
    struct ps_library *library = ps_library_create();

    put_paper(library, "P2300R9", "std::execution", "Eric Niebler, Michał Dominiak", "LEWG", T0);
    put_paper(library, "P2300R10", "std::execution: senders", "Eric Niebler, Kirk Shoop",
              "LEWG, LWG", T0 + DAY);
    put_paper(library, "P0843R1", "inplace_vector", "Thomas Köppe", "LEWGI", T0);
    put_paper(library, "N4950", "Working Draft", "Thomas Koeppe", "WG21", T0);
    put_paper(library, "LWG4000", "nothing to do", "Nobody", "LWG", T0);
    put_draft(library, "D2300R11.pdf", "", T0 + 2 * DAY, T0 + 4 * DAY);
    put_draft(library, "D9999R0.html", "A strange new thing", T0 + 3 * DAY, 0);
    return library;
}

static void a_query_finds_groups_by_the_beginning_of_words(void **state)
{
    static const struct {
        const char *query, *found;
    } cases[] = {
        {"execution",                "P2300"      },
        { "EXEC",                    "P2300"      },
        { "exec nieb",               "P2300"      },
        { "exec nobody",             ""           },
        { "kirk senders",            "P2300"      },
        { "p2300",                   "P2300"      },
        { "P2300R10",                "P2300"      },
        { "d2300r11",                "P2300"      },
        { "D2300R11.pdf",            "P2300"      },
        { "230",                     "P2300"      },
        { "843",                     "P0843"      },
        { "p843",                    "P0843"      },
        { "koppe",                   "P0843 N4950"},
        { "Köpp",                   "P0843 N4950"},
        { "koeppe",                  "P0843 N4950"},
        { "lwg4000",                 "LWG4000"    },
        { "4000",                    "LWG4000"    },
        { "strange",                 "P9999"      },
        { "lewg",                    "P2300 P0843"},
        { "",                        ""           },
        { "   ",                     ""           },
        { "::",                      ""           },
        { "\xff\xfe",                ""           },
        { "https://wg21.link/n4950", "N4950"      },
    };
    struct ps_library *library = make();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct ps_library_group *groups[10];
        size_t count = ps_library_search(library, cases[i].query, groups, 10);
        char text[200] = "";
        size_t at = 0;

        for (size_t k = 0; k < count; k++)
            at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", k > 0 ? " " : "",
                                   ps_group_key(groups[k]));
        assert_string_equal(text, cases[i].found);
    }
    ps_library_destroy(library);
}

static void a_named_number_comes_first_and_all_are_counted(void **state)
{
    struct ps_library *library = make();
    struct ps_library_group *groups[1];

    (void)state;
    put_paper(library, "P3000R0", "About 2300 things", "A", "EWG", T0 + 9 * DAY);
    assert_int_equal(ps_library_search(library, "2300", groups, 1), 2);
    assert_string_equal(ps_group_key(groups[0]), "P2300");
    ps_library_destroy(library);
}

static void finds_are_events_by_time(void **state)
{
    struct ps_library *library = make();
    struct ps_find finds[10];
    size_t count = ps_library_finds(library, &(struct ps_find_filter){ .since_ms = 0 }, finds, 10);

    (void)state;
    assert_int_equal(count, 8);
    assert_string_equal(finds[0].document->name, "D2300R11.pdf");
    assert_int_equal(finds[0].kind, PS_FIND_CHANGED);
    assert_int_equal(finds[0].at_ms, T0 + 4 * DAY);
    assert_string_equal(finds[1].document->name, "D9999R0.html");
    assert_string_equal(finds[2].document->name, "D2300R11.pdf");
    assert_int_equal(finds[2].kind, PS_FIND_NEW);
    assert_string_equal(finds[3].document->name, "P2300R10");
    assert_false(finds[3].initial);
    assert_true(finds[4].initial); /* came with the first download: as of its date */
    assert_int_equal(finds[4].at_ms, INT64_C(17574) * DAY);
    assert_int_equal(
        ps_library_finds(library, &(struct ps_find_filter){ .since_ms = T0 + DAY }, finds, 10), 4);
    ps_library_destroy(library);
}

static void finds_can_be_filtered(void **state)
{
    struct ps_library *library = make();
    struct ps_find finds[10];

    (void)state;
#define COUNT(...) ps_library_finds(library, &(struct ps_find_filter){ __VA_ARGS__ }, finds, 10)
    assert_int_equal(COUNT(.drafts_only = true), 3);
    assert_int_equal(COUNT(.papers_only = true), 5);
    assert_int_equal(COUNT(.subgroup = "lewg"), 4); /* a draft belongs where its paper does */
    assert_int_equal(COUNT(.subgroup = "lwg"), 4);
    assert_int_equal(COUNT(.subgroup = "sg1"), 0);
    assert_int_equal(COUNT(.author = "Thomas Koppe"), 2);
    assert_int_equal(COUNT(.author = "Niebler"), 4);
    assert_int_equal(COUNT(.author = "Nieb"), 0);
    assert_int_equal(COUNT(.author = "Shoop Kirk"), 0);
    assert_int_equal(COUNT(.author = ""), 0);
    assert_int_equal(COUNT(.group = ps_library_find(library, "p2300")), 4);
#undef COUNT
    ps_library_destroy(library);
}

static void a_draft_has_what_its_paper_has(void **state)
{
    struct ps_library *library = make();
    const struct ps_document *draft =
        ps_group_newest(ps_library_find(library, "2300"), PS_DOCUMENT_DRAFT);

    (void)state;
    assert_string_equal(ps_document_title(draft), "std::execution: senders");
    assert_string_equal(ps_document_authors(draft), "Eric Niebler, Kirk Shoop");
    assert_string_equal(ps_document_subgroup(draft), "LEWG, LWG");
    ps_library_destroy(library);
}

static void what_is_put_again_replaces(void **state)
{
    struct ps_library *library = make();
    struct ps_library_group *groups[10];
    uint64_t version = ps_library_version(library);

    (void)state;
    put_paper(library, "P0843R1", "inplace_vector", "Thomas Köppe", "LEWGI", T0);
    assert_int_equal(ps_library_version(library), version);
    put_paper(library, "P0843R1", "static_vector", "Thomas Köppe", "LEWGI", T0);
    assert_true(ps_library_version(library) > version);
    assert_int_equal(ps_library_search(library, "inplace", groups, 10), 0);
    assert_int_equal(ps_library_search(library, "static", groups, 10), 1);
    assert_int_equal(ps_library_count(library, PS_DOCUMENT_PAPER), 5);
    put_paper(library, "not an id", "x", "x", "x", T0);
    assert_int_equal(ps_library_count(library, PS_DOCUMENT_PAPER), 5);
    ps_library_destroy(library);
}

static void drafts_that_are_not_put_again_go(void **state)
{
    struct ps_library *library = make();
    struct ps_library_group *groups[10];

    (void)state;
    ps_library_begin_drafts(library);
    put_draft(library, "D2300R11.pdf", "", T0 + 2 * DAY, T0 + 4 * DAY);
    ps_library_end_drafts(library);
    assert_int_equal(ps_library_count(library, PS_DOCUMENT_DRAFT), 1);
    assert_null(ps_library_find(library, "P9999"));
    assert_int_equal(ps_library_search(library, "strange", groups, 10), 0);
    ps_library_clear(library);
    assert_int_equal(ps_library_search(library, "execution", groups, 10), 0);
    ps_library_destroy(library);
}

/* The answer to a query is kept; it must not outlive a change of the library. */
static void a_kept_answer_ends_with_a_change(void **state)
{
    struct ps_library *library = make();
    struct ps_library_group *groups[10];

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ps_library_search(library, "koppe", groups, 10), 2);
        assert_int_equal(ps_library_search(library, "koppe", groups, 1), 2);
        assert_string_equal(ps_group_key(groups[0]), "P0843");
    }
    put_paper(library, "P0999R0", "another", "Thomas Köppe", "LEWG", T0 + 5 * DAY);
    assert_int_equal(ps_library_search(library, "koppe", groups, 10), 3);
    assert_string_equal(ps_group_key(groups[0]), "P0999");
    ps_library_destroy(library);
}

/* Papers may be read in any order: which of them the first download brought is known only when the
 * earliest one was read. */
static void an_earlier_paper_changes_what_was_there_first(void **state)
{
    struct ps_library *library = ps_library_create();
    struct ps_find_filter all = { .papers_only = false };
    struct ps_find finds[10];

    (void)state;
    put_paper(library, "P0003R0", "three", "C", "LEWG", T0 + 2 * DAY);
    assert_int_equal(ps_library_finds(library, &all, finds, 10), 1);
    assert_true(finds[0].initial);
    put_paper(library, "P0001R0", "one", "A", "LEWG", T0);
    put_paper(library, "P0002R0", "two", "B", "LEWG", T0 + 30000);
    assert_int_equal(ps_library_finds(library, &all, finds, 10), 3);
    assert_string_equal(finds[0].document->name, "P0003R0");
    assert_false(finds[0].initial);
    assert_true(finds[0].at_ms == T0 + 2 * DAY);
    assert_string_equal(finds[1].document->name, "P0002R0");
    assert_true(finds[1].initial && finds[2].initial);
    ps_library_destroy(library);
}

/* A search lists the groups in the order in which the finds list their documents, and of many
 * groups the same first ones. */
static void a_search_ranks_as_the_finds_do(void **state)
{
    struct ps_library *library = ps_library_create();
    struct ps_library_group *groups[500], *first[30];
    struct ps_find finds[2000];
    size_t found, at = 0;

    (void)state;
    for (int i = 0; i < 900; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "P%04dR%d", i * 7 % 300, i % 5);
        put_paper(library, name, i % 3 == 0 ? "shared word" : "other", "A", "LEWG",
                  T0 + (i * 31 % 100) * DAY);
        (void)snprintf(name, sizeof(name), "D%04dR%d.%s", i * 11 % 300, i % 4,
                       i % 2 == 0 ? "pdf" : "html");
        put_draft(library, name, i % 5 == 0 ? "shared word" : "", T0 + (i * 17 % 90) * DAY,
                  i % 6 == 0 ? T0 + 200 * DAY : 0);
    }
    found = ps_library_search(library, "shared wo", groups, 500);
    assert_true(found > 100 && found < 300);
    assert_int_equal(ps_library_search(library, "shared wo", first, 20), found);
    assert_memory_equal(first, groups, 20 * sizeof(first[0]));
    assert_int_equal(ps_library_search(library, "shared wo", first, 30), found);
    assert_memory_equal(first, groups, 30 * sizeof(first[0]));
    for (size_t i = 0, len = ps_library_finds(library, &(struct ps_find_filter){ .since_ms = 0 },
                                              finds, 2000);
         i < len; i++) {
        bool seen = strcmp(finds[i].document->title, "shared word") != 0;

        for (size_t k = 0; k < at && !seen; k++)
            seen = groups[k] == finds[i].document->group;
        if (!seen)
            assert_ptr_equal(groups[at++], finds[i].document->group);
    }
    assert_int_equal(at, found);
    ps_library_destroy(library);
}

/* 6,000 papers: a search must not look at their texts. Compared with the time that a mere pass
 * over the texts takes on the same machine, so that a slow machine fails no test. */
static void a_large_library_is_searched_by_index(void **state)
{
    struct ps_library *library = ps_library_create();
    struct ps_library_group *groups[20];
    size_t found = 0;
    clock_t start;

    (void)state;
    for (int i = 0; i < 6000; i++) {
        char name[32], title[200];

        (void)snprintf(name, sizeof(name), "P%04dR%d", i / 3, i % 3);
        (void)snprintf(title, sizeof(title), "Paper about word%d and thing%d for everyone", i,
                       i % 97);
        put_paper(library, name, title, "Somebody Else, Another Person", "LEWG", T0 + i);
    }
    assert_int_equal(ps_library_search(library, "word5999", groups, 20), 1);
    start = clock();
    for (int i = 0; i < 1000; i++) {
        char query[32];

        (void)snprintf(query, sizeof(query), "word%d th", i);
        found += ps_library_search(library, query, groups, 20) > 0;
    }
    print_message("a search of 6,000 papers: %.3f ms\n",
                  1000.0 * (double)(clock() - start) / CLOCKS_PER_SEC / 1000);
    assert_int_equal(found, 1000);
    assert_true(ps_library_search(library, "p", groups, 20) == 2000);
    ps_library_destroy(library);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_finds_groups_by_the_beginning_of_words),
        cmocka_unit_test(a_named_number_comes_first_and_all_are_counted),
        cmocka_unit_test(finds_are_events_by_time),
        cmocka_unit_test(finds_can_be_filtered),
        cmocka_unit_test(a_draft_has_what_its_paper_has),
        cmocka_unit_test(what_is_put_again_replaces),
        cmocka_unit_test(drafts_that_are_not_put_again_go),
        cmocka_unit_test(a_kept_answer_ends_with_a_change),
        cmocka_unit_test(an_earlier_paper_changes_what_was_there_first),
        cmocka_unit_test(a_search_ranks_as_the_finds_do),
        cmocka_unit_test(a_large_library_is_searched_by_index),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
