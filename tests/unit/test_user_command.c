#include "notifier/core/user_command.h"

#include "shared/core/utc_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define HOUR INT64_C(3600000)

static const int64_t now = INT64_C(1795424707000); /* 2026-11-23T09:05:07Z */

static struct ps_user_command parse(const char *words)
{
    struct ps_user_command ask;

    ps_user_command_parse(words, now, &ask);
    return ask;
}

static void every_command_and_what_it_says(void **state)
{
    static const struct {
        const char *words;
        enum ps_user_command_kind kind;
        enum ps_watch_kind rule;
        const char *text;
    } rows[] = {
        {"",                              PS_USER_COMMAND_HELP,       PS_WATCH_KIND_NUMBER,   ""            },
        { "   ",                          PS_USER_COMMAND_HELP,       PS_WATCH_KIND_NUMBER,   ""            },
        { "help",                         PS_USER_COMMAND_HELP,       PS_WATCH_KIND_NUMBER,   ""            },
        { "HELP me",                      PS_USER_COMMAND_HELP,       PS_WATCH_KIND_NUMBER,   ""            },
        { "status",                       PS_USER_COMMAND_STATUS,     PS_WATCH_KIND_NUMBER,   ""            },
        { "Version",                      PS_USER_COMMAND_VERSION,    PS_WATCH_KIND_NUMBER,   ""            },
        { "uptime",                       PS_USER_COMMAND_UPTIME,     PS_WATCH_KIND_NUMBER,   ""            },
        { "what",                         PS_USER_COMMAND_UNKNOWN,    PS_WATCH_KIND_NUMBER,   ""            },
        { "statuses",                     PS_USER_COMMAND_UNKNOWN,    PS_WATCH_KIND_NUMBER,   ""            },
        { "watchlist",                    PS_USER_COMMAND_LIST,       PS_WATCH_KIND_NUMBER,   ""            },
        { "watchlist list",               PS_USER_COMMAND_LIST,       PS_WATCH_KIND_NUMBER,   ""            },
        { "watchlist add 02300",          PS_USER_COMMAND_ADD,        PS_WATCH_KIND_NUMBER,   "2300"        },
        { "watchlist add  Eric Niebler ", PS_USER_COMMAND_ADD,        PS_WATCH_KIND_AUTHOR,
         "eric niebler"                                                                                     },
        { "watchlist add /a/",            PS_USER_COMMAND_ADD,        PS_WATCH_KIND_PATTERN,  "a"           },
        { "watchlist add subgroup LEWG",  PS_USER_COMMAND_ADD,        PS_WATCH_KIND_SUBGROUP, "lewg"        },
        { "watchlist add author all",     PS_USER_COMMAND_ADD,        PS_WATCH_KIND_AUTHOR,   "all"         },
        { "watchlist add P2300",          PS_USER_COMMAND_ADD,        PS_WATCH_KIND_PAPER,    "P2300"       },
        { "watch lwg4000",                PS_USER_COMMAND_ADD,        PS_WATCH_KIND_PAPER,    "LWG4000"     },
        { "unwatch p2300r10",             PS_USER_COMMAND_REMOVE,     PS_WATCH_KIND_PAPER,    "P2300"       },
        { "mute D2300R11.pdf",            PS_USER_COMMAND_MUTE,       PS_WATCH_KIND_PAPER,    "P2300"       },
        { "unmute N5007",                 PS_USER_COMMAND_UNMUTE,     PS_WATCH_KIND_PAPER,    "N5007"       },
        { "Watchlist Remove 2300",        PS_USER_COMMAND_REMOVE,     PS_WATCH_KIND_NUMBER,   "2300"        },
        { "watch",                        PS_USER_COMMAND_LIST,       PS_WATCH_KIND_NUMBER,   ""            },
        { "watch all",                    PS_USER_COMMAND_ADD,        PS_WATCH_KIND_ALL,      ""            },
        { "unwatch everything",           PS_USER_COMMAND_REMOVE,     PS_WATCH_KIND_ALL,      ""            },
        { "watch subgroup LEWG",          PS_USER_COMMAND_ADD,        PS_WATCH_KIND_SUBGROUP, "lewg"        },
        { "watch /Co.*ne/",               PS_USER_COMMAND_ADD,        PS_WATCH_KIND_PATTERN,  "Co.*ne"      },
        { "watch regex \\bexecut(or|e)",  PS_USER_COMMAND_ADD,        PS_WATCH_KIND_PATTERN,
         "\\bexecut(or|e)"                                                                                  },
        { "watch köppe",                 PS_USER_COMMAND_ADD,        PS_WATCH_KIND_AUTHOR,   "köppe"      },
        { "unwatch subgroup sg14",        PS_USER_COMMAND_REMOVE,     PS_WATCH_KIND_SUBGROUP, "sg14"        },
        { "unwatch /x+/",                 PS_USER_COMMAND_REMOVE,     PS_WATCH_KIND_PATTERN,  "x+"          },
        { "mute köppe",                  PS_USER_COMMAND_MUTE,       PS_WATCH_KIND_AUTHOR,   "köppe"      },
        { "mute all",                     PS_USER_COMMAND_MUTE,       PS_WATCH_KIND_ALL,      ""            },
        { "unmute",                       PS_USER_COMMAND_UNMUTE,     PS_WATCH_KIND_ALL,      ""            },
        { "unsnooze 1234",                PS_USER_COMMAND_UNMUTE,     PS_WATCH_KIND_NUMBER,   "1234"        },
        { "add 2300",                     PS_USER_COMMAND_ADD,        PS_WATCH_KIND_NUMBER,   "2300"        },
        { "Add Eric Niebler",             PS_USER_COMMAND_ADD,        PS_WATCH_KIND_AUTHOR,   "eric niebler"},
        { "subscribe P2300",              PS_USER_COMMAND_ADD,        PS_WATCH_KIND_PAPER,    "P2300"       },
        { "follow subgroup LEWG",         PS_USER_COMMAND_ADD,        PS_WATCH_KIND_SUBGROUP, "lewg"        },
        { "remove 2300",                  PS_USER_COMMAND_REMOVE,     PS_WATCH_KIND_NUMBER,   "2300"        },
        { "unsubscribe P2300",            PS_USER_COMMAND_REMOVE,     PS_WATCH_KIND_PAPER,    "P2300"       },
        { "list",                         PS_USER_COMMAND_LIST,       PS_WATCH_KIND_NUMBER,   ""            },
        { "list my papers",               PS_USER_COMMAND_LIST,       PS_WATCH_KIND_NUMBER,   ""            },
        { "stop",                         PS_USER_COMMAND_MUTE,       PS_WATCH_KIND_ALL,      ""            },
        { "STOP",                         PS_USER_COMMAND_MUTE,       PS_WATCH_KIND_ALL,      ""            },
        { "stop P2300",                   PS_USER_COMMAND_MUTE,       PS_WATCH_KIND_PAPER,    "P2300"       },
        { "unsubscribe",                  PS_USER_COMMAND_MUTE,       PS_WATCH_KIND_ALL,      ""            },
        { "subscribe",                    PS_USER_COMMAND_UNMUTE,     PS_WATCH_KIND_ALL,      ""            },
        { "start",                        PS_USER_COMMAND_UNMUTE,     PS_WATCH_KIND_ALL,      ""            },
        { "hi",                           PS_USER_COMMAND_HELLO,      PS_WATCH_KIND_NUMBER,   ""            },
        { "Hello paperscout!",            PS_USER_COMMAND_HELLO,      PS_WATCH_KIND_NUMBER,   ""            },
        { "P2300",                        PS_USER_COMMAND_SEARCH,     PS_WATCH_KIND_NUMBER,   ""            },
        { "2300",                         PS_USER_COMMAND_SEARCH,     PS_WATCH_KIND_NUMBER,   ""            },
        { "https://wg21.link/n5007",      PS_USER_COMMAND_SEARCH,     PS_WATCH_KIND_NUMBER,   ""            },
        { "digest now",                   PS_USER_COMMAND_DIGEST_NOW, PS_WATCH_KIND_NUMBER,   ""            },
        { "digest off",                   PS_USER_COMMAND_DIGEST_OFF, PS_WATCH_KIND_NUMBER,   ""            },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_user_command ask = parse(rows[i].words);

        assert_int_equal(ask.kind, rows[i].kind);
        assert_int_equal(ask.rules.items[0].kind, rows[i].rule);
        assert_string_equal(ask.rules.items[0].text, rows[i].text);
        assert_int_equal(ask.until_ms, 0);
    }
}

static void a_typo_gets_a_suggestion(void **state)
{
    static const struct {
        const char *words, *suggestion;
    } rows[] = {
        {"watchlst add 2300", "watchlist add 2300"},
        { "wacth P2300",      "watch P2300"       },
        { "Satus",            "status"            },
        { "snoze 3d",         "snooze 3d"         },
        { "lits",             "list"              },
        { "serach ranges",    "search ranges"     },
        { "what",             ""                  },
        { "goodbye",          ""                  },
        { "x",                ""                  },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_user_command ask = parse(rows[i].words);

        assert_int_equal(ask.kind, PS_USER_COMMAND_UNKNOWN);
        assert_string_equal(ask.suggestion, rows[i].suggestion);
    }
}

/* A date is one of the person's zone; a span is the same everywhere. */
static void times_are_those_of_the_zone(void **state)
{
    struct ps_user_command ask = parse("mute 1234 until 2026-12-31 09:00"), utc = ask;

    (void)state;
    assert_true(ps_user_command_needs_zone(&ask));
    ps_user_command_set_zone(&ask, "Europe/Berlin", HOUR, now);
    assert_int_equal(ask.until_ms, utc.until_ms - HOUR);
    assert_false(ps_user_command_needs_zone(&ask));
    ask = parse("mute 1234 3d");
    assert_false(ps_user_command_needs_zone(&ask));
    ask = parse("digest daily 07:30");
    assert_true(ps_user_command_needs_zone(&ask));
    ps_user_command_set_zone(&ask, "America/New_York", -5 * HOUR, now);
    assert_int_equal(ask.minute, 450);
    assert_string_equal(ask.zone, "America/New_York");
}

static void mute_and_snooze_by_entry_or_time(void **state)
{
    static const struct {
        const char *words;
        bool snooze;
        enum ps_watch_kind rule;
        const char *text;
        int64_t hours; /* 0: for good */
    } rows[] = {
        {"mute 1234",                   false, PS_WATCH_KIND_NUMBER,   "1234",   0       },
        { "mute 1234 3d",               false, PS_WATCH_KIND_NUMBER,   "1234",   72      },
        { "mute 2h",                    false, PS_WATCH_KIND_ALL,      "",       2       },
        { "mute /a b/ for 1 week",      false, PS_WATCH_KIND_PATTERN,  "a b",    168     },
        { "snooze 1d",                  true,  PS_WATCH_KIND_ALL,      "",       24      },
        { "snooze all for 2 hours",     true,  PS_WATCH_KIND_ALL,      "",       2       },
        { "snooze subgroup EWG 1d",     true,  PS_WATCH_KIND_SUBGROUP, "ewg",    24      },
        { "snooze köppe for 366 days", true,  PS_WATCH_KIND_AUTHOR,   "köppe", 366 * 24},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_user_command ask = parse(rows[i].words);

        assert_int_equal(ask.kind, PS_USER_COMMAND_MUTE);
        assert_int_equal(ask.snooze, rows[i].snooze);
        assert_int_equal(ask.rules.items[0].kind, rows[i].rule);
        assert_string_equal(ask.rules.items[0].text, rows[i].text);
        assert_int_equal(ask.until_ms, rows[i].hours == 0 ? 0 : now + rows[i].hours * HOUR);
    }
}

static void several_papers_are_one_command(void **state)
{
    struct ps_user_command ask = parse("watch P2300, 2301 and https://wg21.link/n5007");

    (void)state;
    assert_int_equal(ask.kind, PS_USER_COMMAND_ADD);
    assert_int_equal(ask.rules.len, 3);
    assert_string_equal(ask.rules.items[0].text, "P2300");
    assert_string_equal(ask.rules.items[1].text, "2301");
    assert_string_equal(ask.rules.items[2].text, "N5007");
    ask = parse("snooze P2300 P2301 for 3 days");
    assert_int_equal(ask.rules.len, 2);
    assert_int_equal(ask.until_ms, now + 72 * HOUR);
}

static void what_it_cannot_mean_is_refused(void **state)
{
    static const struct {
        const char *words, *part;
    } rows[] = {
        {"watchlist add",                              "Usage: watchlist"     },
        { "watchlist list all",                        "Usage: watchlist"     },
        { "watchlist adds 1",                          "Usage: watchlist"     },
        { "watchlist add x",                           "at least 2 characters"},
        { "watchlist add 0",                           "1 to 999999"          },
        { "watch LEWG",                                "`subgroup LEWG`"      },
        { "mute P3051 please",                         "`P3051`"              },
        { "unwatch",                                   "Usage: unwatch"       },
        { "watch subgroup L/E",                        "letters and digits"   },
        { "watch subgroup abcdefghijklmnopqrstuvwxyz", "2 to 20"              },
        { "watch /(/",                                 "not a regular"        },
        { "watch /a*/",                                "finds everything"     },
        { "watch //",                                  "1 to 100 bytes"       },
        { "mute",                                      "Usage: mute"          },
        { "snooze köppe",                             "Usage: snooze"        },
        { "snooze 367d",                               "more than a year"     },
        { "snooze until 2020-01-01",                   "is over"              },
        { "digest",                                    "Usage: digest"        },
        { "digest daily 25",                           "Usage: digest"        },
        { "digest now please",                         "Usage: digest"        },
        { "why",                                       "Usage: why"           },
        { "why me",                                    "Usage: why"           },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_user_command ask = parse(rows[i].words);

        assert_int_equal(ask.kind, PS_USER_COMMAND_WRONG);
        assert_non_null(strstr(ask.problem, rows[i].part));
    }
}

static void the_minute_of_a_digest(void **state)
{
    (void)state;
    assert_int_equal(parse("digest daily").minute, PS_DIGEST_MINUTE);
    assert_int_equal(parse("digest daily 7").minute, 7 * 60);
    assert_int_equal(parse("digest daily at 17:45").minute, 17 * 60 + 45);
    assert_int_equal(parse("digest daily at").kind, PS_USER_COMMAND_DIGEST_DAILY);
}

static void the_paper_of_a_why(void **state)
{
    static const struct {
        const char *words, *id;
        int number;
    } rows[] = {
        {"why p1234r0",  "P1234R0", 1234},
        { "why D0042R1", "D0042R1", 42  },
        { "why 1234",    "",        1234},
        { "why P1234",   "",        1234},
        { "why n4950",   "N4950",   -1  },
        { "why LWG1234", "LWG1234", -1  },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_user_command ask = parse(rows[i].words);

        assert_int_equal(ask.kind, PS_USER_COMMAND_WHY);
        assert_string_equal(ask.id, rows[i].id);
        assert_int_equal(ask.number, rows[i].number);
    }
}

static void the_words_of_a_search_are_bounded(void **state)
{
    struct ps_user_command ask = parse("search a bb ccc 4 5 6 7 8 9 10");

    (void)state;
    assert_int_equal(ask.word_count, PS_USER_COMMAND_WORDS_MAX);
    assert_string_equal(ask.words[2], "ccc");
    ask = parse("search öööööööööööööööööööööööööööööööööööööööööööö");
    assert_int_equal(ask.word_count, 1);
    assert_int_equal(strlen(ask.words[0]), PS_USER_COMMAND_WORD_MAX);
    assert_int_equal(parse("search").kind, PS_USER_COMMAND_HELP);
}

/* Every command in every kind of channel. */
static void who_may_ask_what_where(void **state)
{
    static const struct {
        enum ps_user_command_kind kind;
        enum ps_user_command_permission leave[PS_PLACE_COUNT]; /* direct, group, channel */
    } rows[] = {
        {PS_USER_COMMAND_HELP,          { PS_USER_COMMAND_RUN, PS_USER_COMMAND_RUN, PS_USER_COMMAND_RUN }},
        { PS_USER_COMMAND_STATUS,
         { PS_USER_COMMAND_RUN, PS_USER_COMMAND_RUN, PS_USER_COMMAND_RUN }                               },
        { PS_USER_COMMAND_VERSION,
         { PS_USER_COMMAND_RUN, PS_USER_COMMAND_RUN, PS_USER_COMMAND_RUN }                               },
        { PS_USER_COMMAND_UPTIME,
         { PS_USER_COMMAND_RUN, PS_USER_COMMAND_RUN, PS_USER_COMMAND_RUN }                               },
        { PS_USER_COMMAND_SEARCH,
         { PS_USER_COMMAND_RUN, PS_USER_COMMAND_RUN, PS_USER_COMMAND_RUN }                               },
        { PS_USER_COMMAND_HELLO,
         { PS_USER_COMMAND_RUN, PS_USER_COMMAND_RUN, PS_USER_COMMAND_RUN }                               },
        { PS_USER_COMMAND_UNKNOWN,
         { PS_USER_COMMAND_RUN, PS_USER_COMMAND_RUN, PS_USER_COMMAND_RUN }                               },
        { PS_USER_COMMAND_LIST,
         { PS_USER_COMMAND_RUN, PS_USER_COMMAND_REFUSE, PS_USER_COMMAND_IGNORE }                         },
        { PS_USER_COMMAND_ADD,
         { PS_USER_COMMAND_RUN, PS_USER_COMMAND_REFUSE, PS_USER_COMMAND_IGNORE }                         },
        { PS_USER_COMMAND_REMOVE,
         { PS_USER_COMMAND_RUN, PS_USER_COMMAND_REFUSE, PS_USER_COMMAND_IGNORE }                         },
        { PS_USER_COMMAND_MUTE,
         { PS_USER_COMMAND_RUN, PS_USER_COMMAND_REFUSE, PS_USER_COMMAND_IGNORE }                         },
        { PS_USER_COMMAND_UNMUTE,
         { PS_USER_COMMAND_RUN, PS_USER_COMMAND_REFUSE, PS_USER_COMMAND_IGNORE }                         },
        { PS_USER_COMMAND_DIGEST_DAILY,
         { PS_USER_COMMAND_RUN, PS_USER_COMMAND_REFUSE, PS_USER_COMMAND_IGNORE }                         },
        { PS_USER_COMMAND_DIGEST_OFF,
         { PS_USER_COMMAND_RUN, PS_USER_COMMAND_REFUSE, PS_USER_COMMAND_IGNORE }                         },
        { PS_USER_COMMAND_DIGEST_NOW,
         { PS_USER_COMMAND_RUN, PS_USER_COMMAND_REFUSE, PS_USER_COMMAND_IGNORE }                         },
        { PS_USER_COMMAND_WHY,
         { PS_USER_COMMAND_RUN, PS_USER_COMMAND_REFUSE, PS_USER_COMMAND_IGNORE }                         },
        { PS_USER_COMMAND_WRONG,
         { PS_USER_COMMAND_RUN, PS_USER_COMMAND_REFUSE, PS_USER_COMMAND_IGNORE }                         },
    };

    int found[PS_USER_COMMAND_COUNT] = { 0 };

    (void)state;
    assert_int_equal(PS_COUNT_OF(rows), PS_USER_COMMAND_COUNT);
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        assert_int_equal(found[rows[i].kind]++, 0);
        for (size_t place = 0; place < PS_PLACE_COUNT; place++)
            assert_int_equal(ps_user_command_permission(rows[i].kind, (enum ps_place)place),
                             rows[i].leave[place]);
    }
}

/* A duration is as long in each zone, and a digest's minute is that of the zone already. */
static void a_zone_moves_only_a_date(void **state)
{
    static const char *const rows[] = { "mute 1234 3d", "mute 1234", "digest daily 08:00",
                                        "unmute 1234" };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_user_command ask = parse(rows[i]), before = ask;

        ps_user_command_set_zone(&ask, "Europe/Berlin", 3600000, 0);
        assert_int_equal(ask.kind, before.kind);
        assert_true(ask.until_ms == before.until_ms);
        assert_string_equal(ask.zone, "Europe/Berlin");
    }
}

static void no_words_ask_for_help(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct ps_user_command ask = parse(i == 0 ? "" : " \t ");

        assert_int_equal(ask.kind, PS_USER_COMMAND_HELP);
        assert_string_equal(ask.suggestion, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_and_what_it_says),
        cmocka_unit_test(mute_and_snooze_by_entry_or_time),
        cmocka_unit_test(a_typo_gets_a_suggestion),
        cmocka_unit_test(times_are_those_of_the_zone),
        cmocka_unit_test(several_papers_are_one_command),
        cmocka_unit_test(what_it_cannot_mean_is_refused),
        cmocka_unit_test(the_minute_of_a_digest),
        cmocka_unit_test(the_paper_of_a_why),
        cmocka_unit_test(the_words_of_a_search_are_bounded),
        cmocka_unit_test(who_may_ask_what_where),
        cmocka_unit_test(a_zone_moves_only_a_date),
        cmocka_unit_test(no_words_ask_for_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
