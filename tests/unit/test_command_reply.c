#include "notifier/core/command_reply.h"

#include "shared/core/mrkdwn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const int64_t now = INT64_C(1795424707000); /* 2026-11-23T09:05:07Z */

static void expect(struct ps_command_reply *reply, const char *want)
{
    assert_int_equal(reply->len, 1);
    assert_string_equal(reply->parts[0], want);
    ps_command_reply_clear(reply);
    assert_int_equal(reply->len, 0);
}

static void short_answers(void **state)
{
    struct ps_command_reply reply = { .len = 0 };

    (void)state;
    ps_command_reply_version("1.2.3", &reply);
    expect(&reply, "Paperscout v1.2.3");
    ps_command_reply_uptime(now - 93784000, now, &reply);
    expect(&reply, "Paperscout started 1d 2h 3m 4s ago (2026-11-22 07:02 UTC)");
    ps_command_reply_unknown(&(struct ps_user_command){ .kind = PS_USER_COMMAND_UNKNOWN }, &reply);
    expect(&reply, "Unknown command. Try `help` for usage.");
    ps_command_reply_unknown(
        &(struct ps_user_command){ .kind = PS_USER_COMMAND_UNKNOWN, .suggestion = "watch <`x`>" },
        &reply);
    expect(&reply, "Unknown command. Did you mean `watch &lt;'x'&gt;`? Try `help` for usage.");
    ps_command_reply_hello(&reply);
    assert_non_null(strstr(reply.parts[0], "`watch P2300`"));
    ps_command_reply_clear(&reply);
    ps_command_reply_wrong(
        &(struct ps_user_command){ .kind = PS_USER_COMMAND_WRONG, .problem = "no <b> & `" },
        &reply);
    expect(&reply, "That did not work: no &lt;b&gt; &amp; '");
    ps_command_reply_wrong(
        &(struct ps_user_command){ .kind = PS_USER_COMMAND_WRONG, .problem = "Usage: why P1234R0" },
        &reply);
    expect(&reply, "Usage: why P1234R0");
    ps_command_reply_wrong(
        &(struct ps_user_command){ .kind = PS_USER_COMMAND_WRONG,
                                   .problem = "a & b; did you mean `P1`, `x<y`?" },
        &reply);
    expect(&reply, "That did not work: a &amp; b; did you mean `P1`, `x&lt;y`?");
}

static void help_names_what_works_there(void **state)
{
    struct ps_command_reply reply = { .len = 0 };

    (void)state;
    ps_command_reply_help(PS_PLACE_DIRECT, &reply);
    assert_non_null(strstr(reply.parts[0], "`watchlist add|remove|list [entry]`"));
    assert_non_null(strstr(reply.parts[0], "`digest daily"));
    ps_command_reply_clear(&reply);
    ps_command_reply_help(PS_PLACE_CHANNEL, &reply);
    assert_null(strstr(reply.parts[0], "watchlist add"));
    assert_non_null(strstr(reply.parts[0], "`status`"));
    assert_non_null(strstr(reply.parts[0], "`version`, `uptime`, `help`"));
    assert_non_null(strstr(reply.parts[0], "direct message"));
    ps_command_reply_clear(&reply);
}

static void a_change_has_a_text_for_what_became_of_it(void **state)
{
    static const struct {
        struct ps_user_command ask;
        const char *done, *same;
    } rows[] = {
        {{ .kind = PS_USER_COMMAND_ADD,
            .rules = { .len = 1, .items = { { .kind = PS_WATCH_KIND_AUTHOR, .text = "a<b" } } } },
         "Added *a&lt;b* (author) to your watchlist.",                        "*a&lt;b* (author) is already on your watchlist."},
        { { .kind = PS_USER_COMMAND_ADD,
            .rules = { .len = 1,
                       .items = { { .kind = PS_WATCH_KIND_PAPER, .text = "LWG4000" } } } },
         "Added *LWG4000* (issue) to your watchlist.",                        "*LWG4000* (issue) is already on your watchlist."},
        { { .kind = PS_USER_COMMAND_REMOVE,
            .rules = { .len = 1, .items = { { .kind = PS_WATCH_KIND_NUMBER, .text = "42" } } } },
         "Removed *42* (paper number) from your watchlist.",                  "*42* (paper number) was not on your watchlist." },
        { { .kind = PS_USER_COMMAND_MUTE,
            .rules = { .len = 1, .items = { { .kind = PS_WATCH_KIND_PATTERN, .text = "x" } } } },
         "Muted: */x/* (pattern) until you `unmute` it.",                     "Nothing to change."                             },
        { { .kind = PS_USER_COMMAND_MUTE,
            .snooze = true,
            .until_ms = INT64_C(1795424707000),
            .rules = { .len = 1, .items = { { .kind = PS_WATCH_KIND_ALL } } } },
         "Snoozed: everything until 2026-11-23 09:05 UTC. Matches that arrive meanwhile are "
          "delivered when the snooze ends.",                                  "Nothing to change."                             },
        { { .kind = PS_USER_COMMAND_UNMUTE,
            .rules = { .len = 1, .items = { { .kind = PS_WATCH_KIND_SUBGROUP, .text = "ewg" } } } },
         "*ewg* (subgroup) is unmuted. You will be notified about it again.", "*ewg* (subgroup) is not muted or snoozed."      },
        { { .kind = PS_USER_COMMAND_DIGEST_DAILY, .minute = 485 },
         "You will get your matches in one message a day, at 08:05 UTC.",     "Your digest is at 08:05 UTC already."           },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        char *texts[PS_WATCH_CHANGE_COUNT];

        ps_command_reply_change(&rows[i].ask, 0, texts);
        assert_string_equal(texts[PS_WATCH_DONE], rows[i].done);
        assert_string_equal(texts[PS_WATCH_SAME], rows[i].same);
        for (size_t k = 0; k < PS_WATCH_CHANGE_COUNT; k++)
            free(texts[k]);
    }
}

static void a_list_shows_what_is_quiet_and_when_it_is_sent(void **state)
{
    const struct ps_command_reply_entry entries[] = {
        {.kind = "number",  .value = "42", .watched = true},
        { .kind = "author",
         .value = "köppe",
         .watched = true,
         .quiet = true,
         .snooze = true,
         .until_ms = now },
        { .kind = "number",    .value = "7",                  .quiet = true                               },
    };
    struct ps_command_reply reply = { .len = 0 };

    (void)state;
    ps_command_reply_list(entries, 3, &(struct ps_command_reply_digest){ 480, "Europe/Berlin" },
                          &reply);
    expect(&reply,
           "Your watchlist:\n• *42* (paper number)\n"
           "• *köppe* (author), snoozed until 2026-11-23 09:05 UTC\nAlso muted or snoozed:\n"
           "• *7* (paper number), muted\nYou get your matches in one message a day, at 08:00 "
           "Europe/Berlin.");
    ps_command_reply_list(entries, 1, &(struct ps_command_reply_digest){ -1, "UTC" }, &reply);
    expect(&reply, "Your watchlist:\n• *42* (paper number)");
    ps_command_reply_list(entries, 0, &(struct ps_command_reply_digest){ -1, "UTC" }, &reply);
    expect(&reply, "Your watchlist is empty.\nUse `watchlist add <author-name>` or `watchlist add "
                   "<paper-number>` to add entries. `watch P2300`, `watch subgroup LEWG` and "
                   "`watch /pattern/` work too.");
}

static void a_long_list_is_several_messages_within_slacks_limit(void **state)
{
    struct ps_command_reply_entry entries[300];
    struct ps_command_reply reply = { .len = 0 };
    char name[PS_WATCH_ENTRY_MAX + 1], more[40];
    const char *last;
    size_t lines = 0;

    (void)state;
    memset(name, '&', PS_WATCH_ENTRY_MAX); /* the longest when escaped */
    name[PS_WATCH_ENTRY_MAX] = '\0';
    for (size_t i = 0; i < PS_COUNT_OF(entries); i++)
        entries[i] =
            (struct ps_command_reply_entry){ .kind = "author", .value = name, .watched = true };
    ps_command_reply_list(entries, PS_COUNT_OF(entries),
                          &(struct ps_command_reply_digest){ -1, "UTC" }, &reply);
    assert_true(reply.len > 1 && reply.len <= PS_COMMAND_REPLY_PARTS_MAX);
    for (size_t i = 0; i < reply.len; i++) {
        assert_true(ps_mrkdwn_chars(reply.parts[i]) <= PS_COMMAND_REPLY_CHARS_MAX);
        for (const char *at = reply.parts[i]; (at = strstr(at, "(author)")) != NULL; at++)
            lines++;
    }
    assert_int_equal(lines + reply.dropped, PS_COUNT_OF(entries));
    assert_true(reply.dropped > 0);
    (void)snprintf(more, sizeof(more), "\n... and %zu more", reply.dropped);
    last = reply.parts[reply.len - 1];
    assert_string_equal(last + strlen(last) - strlen(more), more);
    assert_null(strstr(reply.parts[0], "... and"));
    ps_command_reply_clear(&reply);
}

static void why_shows_what_matched_and_what_became_of_it(void **state)
{
    const struct ps_command_reply_match matches[] = {
        {.id = "D0042R1", .by = "author", .reason = "köppe", .at_ms = now, .sent_ms = now },
        { .id = "D0042R0",
         .by = "number",
         .reason = "42",
         .at_ms = now,
         .dead = "muted",
         .updated = true },
        { .id = "P0042R1", .by = "subgroup",                 .reason = "ewg",                                  .at_ms = now                              },
    };
    const struct ps_command_reply_draft draft = { .url =
                                                      "https://isocpp.org/files/papers/D0042R1.pdf",
                                                  .id = "D0042R1",
                                                  .at_ms = now,
                                                  .cycle = 9 };
    struct ps_user_command ask = { .kind = PS_USER_COMMAND_WHY, .number = 42 };
    struct ps_command_reply reply = { .len = 0 };

    (void)state;
    ps_command_reply_why(&ask,
                         &(struct ps_command_reply_why){
                             .matches = matches, .match_len = 3, .drafts = &draft, .draft_len = 1 },
                         &reply);
    expect(
        &reply,
        "*P0042*, and you:\n"
        "• D0042R1 was sent to you 2026-11-23 09:05 UTC, because you watch *köppe* (author)\n"
        "• D0042R0 (changed) matched and was muted, 2026-11-23 09:05 UTC, because you watch *42* "
        "(paper number)\n"
        "• P0042R1 is waiting to be sent, since 2026-11-23 09:05 UTC, because you watch *ewg* "
        "(subgroup)\nIts drafts on isocpp.org:\n"
        "• <https://isocpp.org/files/papers/D0042R1.pdf|D0042R1> was found 2026-11-23 09:05 UTC, "
        "in cycle 9");
    ps_command_reply_why(&ask, &(struct ps_command_reply_why){ .match_len = 0 }, &reply);
    expect(&reply, "You were not notified about *P0042*.\nIt is neither in the index nor among the "
                   "drafts that were found.");
}

/* Why nobody was notified, of a draft and of an entry of the index: the first reason that holds. */
static void why_shows_why_not(void **state)
{
    static const struct ps_command_reply_watch author = { "author", "köppe", 1000 },
                                               late = { "number", "42", 1795424707000 },
                                               group = { "subgroup", "lewg", 1000 },
                                               other = { "paper", "P0043", 1000 },
                                               muted = { "paper", "P0042", 1000 },
                                               all = { "all", "", 1000 };
    static const struct {
        bool silent, old;
        const struct ps_command_reply_watch *watch, *mute;
        const char *want;
    } rows[] = {
        {true,   false, &author, NULL,    "by the first poll, which records everything"          },
        { true,  false, &late,   NULL,    "notifies nobody. It matches *42* (paper number)."     },
        { false, true,  &author, NULL,    "older than the alert window of 24 hours by then"      },
        { false, true,  &author, NULL,    "(modified Mon, 02 Nov). It matches *köppe* (author)."},
        { false, true,  &late,   NULL,    "before you added *42* (paper number) on 2026-11-23"   },
        { false, false, &author, &muted,  "you have muted *P0042* (paper)."                      },
        { false, true,  &author, &all,    "you have muted everything."                           },
        { false, false, &author, &author, "you have muted *köppe* (author)."                    },
        { false, false, &author, &other,  "no message about it is on record"                     },
        { false, false, &author, NULL,    "no message about it is on record"                     },
        { false, false, &other,  NULL,    "It matched nothing on your watchlist."                },
        { false, false, &group,  NULL,    "It matched nothing on your watchlist."                },
    };
    const struct ps_command_reply_known paper = { .id = "P0042R1",
                                                  .author = "Thomas Koeppe",
                                                  .subgroup = "EWG, LEWG",
                                                  .seen_ms = now - 3600000 };
    struct ps_user_command ask = { .kind = PS_USER_COMMAND_WHY, .number = 42 };
    struct ps_command_reply reply = { .len = 0 };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_command_reply_draft draft = { .silent = rows[i].silent, .old = rows[i].old };
        struct ps_command_reply_why why = { .drafts = &draft,
                                            .draft_len = 1,
                                            .watches = rows[i].watch,
                                            .watch_len = 1,
                                            .mutes = rows[i].mute,
                                            .mute_len = rows[i].mute != NULL ? 1 : 0,
                                            .alert_hours = 24 };

        draft.url = "https://isocpp.org/files/papers/D0042R1.pdf";
        draft.id = "D0042R1";
        draft.authors = "Thomas KÖPPE";
        draft.at_ms = now - 3600000;
        draft.modified = "Mon, 02 Nov";
        ps_command_reply_why(&ask, &why, &reply);
        assert_non_null(strstr(reply.parts[0], "You were not notified about *P0042*.\n"));
        assert_non_null(strstr(reply.parts[0], rows[i].want));
        ps_command_reply_clear(&reply);
    }
    ps_command_reply_why(&ask,
                         &(struct ps_command_reply_why){
                             .papers = &paper, .paper_len = 1, .watches = &group, .watch_len = 1 },
                         &reply);
    assert_non_null(
        strstr(reply.parts[0], "P0042R1 was found 2026-11-23 08:05 UTC. It matches *lewg*"));
    ps_command_reply_clear(&reply);
}

static void a_search_shows_papers_and_how_many_more(void **state)
{
    struct ps_library *library = ps_library_create();
    struct ps_library_group *groups[2];
    struct ps_command_reply reply = { .len = 0 };

    (void)state;
    ps_command_reply_search(groups, 0, 0, &reply);
    expect(&reply, "No paper of the index and no draft has all of these words.");
    ps_library_put(library, &(struct ps_document){ .kind = PS_DOCUMENT_PAPER,
                                                   .name = "P0042R1",
                                                   .title = "A <T> type",
                                                   .authors = "J. Doe",
                                                   .date = "2026-01-02",
                                                   .url = "https://wg21.link/p0042r1",
                                                   .found_ms = now - 3600000 });
    assert_int_equal(ps_library_search(library, "type", groups, 2), 1);
    ps_command_reply_search(groups, 1, 1, &reply);
    expect(&reply, "• <https://wg21.link/p0042r1|P0042R1> A &lt;T&gt; type — J. Doe, 2026-01-02");
    ps_command_reply_search(groups, 1, 12, &reply);
    assert_non_null(strstr(reply.parts[0], "… and 11 more; another word narrows it down."));
    ps_command_reply_clear(&reply);
    /* The newest document speaks for its number; what it lacks is the paper's. */
    ps_library_put(library, &(struct ps_document){ .kind = PS_DOCUMENT_DRAFT,
                                                   .name = "D0042R2.pdf",
                                                   .title = "A <T> draft",
                                                   .url = "https://isocpp.org/D0042R2.pdf",
                                                   .found_ms = now });
    assert_int_equal(ps_library_search(library, "d0042", groups, 2), 1);
    ps_command_reply_search(groups, 1, 1, &reply);
    expect(&reply, "• <https://isocpp.org/D0042R2.pdf|D0042R2> (draft, found 2026-11-23 09:05 UTC) "
                   "A &lt;T&gt; draft — J. Doe");
    ps_library_destroy(library);
}

/* Of a document as of the index: neither answer shows an address. */
static void no_answer_holds_an_e_mail_address(void **state)
{
    static const char *const hostile[] = { "Leak <leak@leak.org>", "leak (at) leak dot org",
                                           "leak at leak.org" };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(hostile); i++) {
        struct ps_library *library = ps_library_create();
        struct ps_library_group *group;
        const struct ps_command_reply_draft draft = { .url = "https://x.org/?leak@leak.org",
                                                      .id = "D0042R1",
                                                      .title = hostile[i],
                                                      .authors = hostile[i],
                                                      .at_ms = now };
        struct ps_user_command ask = { .kind = PS_USER_COMMAND_WHY, .number = 42 };
        struct ps_command_reply reply = { .len = 0 };

        ps_library_put(library, &(struct ps_document){ .kind = PS_DOCUMENT_PAPER,
                                                       .name = "P0042R1",
                                                       .title = hostile[i],
                                                       .authors = hostile[i],
                                                       .date = hostile[i],
                                                       .url = "https://leak@leak.org/" });
        assert_int_equal(ps_library_search(library, "P0042", &group, 1), 1);
        ps_command_reply_search(&group, 1, 1, &reply);
        ps_library_destroy(library);
        ps_command_reply_why(
            &ask, &(struct ps_command_reply_why){ .drafts = &draft, .draft_len = 1 }, &reply);
        for (size_t part = 0; part < reply.len; part++) {
            assert_null(strstr(reply.parts[part], "leak@"));
            assert_null(strstr(reply.parts[part], "leak (at)"));
            assert_null(strstr(reply.parts[part], "leak at"));
        }
        ps_command_reply_clear(&reply);
    }
}

static void status_says_never_before_the_first_poll(void **state)
{
    struct ps_command_reply_status status = { .circuit = "closed", .version = "1" };
    struct ps_command_reply reply = { .len = 0 };

    (void)state;
    ps_command_reply_status(&status, now, &reply);
    assert_non_null(strstr(reply.parts[0], "Last successful poll: never"));
    assert_null(strstr(reply.parts[0], "Cycle"));
    assert_non_null(strstr(reply.parts[0], "queued; Slack accepts them\n"));
    ps_command_reply_clear(&reply);
    status = (struct ps_command_reply_status){ .papers = 13118,
                                               .drafts = 3,
                                               .polls = 5,
                                               .waiting = 2,
                                               .depth = 1,
                                               .index_ms = now - 5000,
                                               .poll_ms = now - 60000,
                                               .cycle = 5,
                                               .cycle_status = "success",
                                               .cycle_ms = now - 90000,
                                               .probes = 1640,
                                               .circuit = "open",
                                               .version = "1",
                                               .poll_interval_seconds = 1800,
                                               .probing = true,
                                               .alert_hours = 24 };
    ps_command_reply_status(&status, now, &reply);
    expect(&reply, "*Paperscout status*\n"
                   "• Papers in the index: 13118, read 2026-11-23 09:05 UTC, 5s ago\n"
                   "• Last successful poll: 2026-11-23 09:04 UTC, 1m 0s ago (5 polls in all)\n"
                   "• Cycle 5: drafts found, 1640 probes, begun 2026-11-23 09:03 UTC, 1m 30s ago\n"
                   "• Drafts found by probing: 3\n"
                   "• Poll interval: 30 minutes\n"
                   "• Probing isocpp.org: on\n"
                   "• Alert window: drafts modified within the last 24 hours\n"
                   "• Messages not sent yet: 2, 1 of them queued; Slack has failed several "
                   "times; sending pauses for a moment\n"
                   "• Version: 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_answers),
        cmocka_unit_test(help_names_what_works_there),
        cmocka_unit_test(a_change_has_a_text_for_what_became_of_it),
        cmocka_unit_test(a_list_shows_what_is_quiet_and_when_it_is_sent),
        cmocka_unit_test(a_long_list_is_several_messages_within_slacks_limit),
        cmocka_unit_test(why_shows_what_matched_and_what_became_of_it),
        cmocka_unit_test(why_shows_why_not),
        cmocka_unit_test(a_search_shows_papers_and_how_many_more),
        cmocka_unit_test(no_answer_holds_an_e_mail_address),
        cmocka_unit_test(status_says_never_before_the_first_poll),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
