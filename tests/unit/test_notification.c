#include "scheduler/core/notification.h"
#include "shared/core/alloc.h"
#include "shared/core/mrkdwn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BASE "https://isocpp.org/files/papers/"

enum { MODIFIED_MS_SECONDS = 1530090245 }; /* 2018-06-27T09:04:05Z */
/* Three hours and a bit later. */
#define NOW_MS (INT64_C(1000) * (MODIFIED_MS_SECONDS + 3 * 3600 + 59))

static const struct ps_paper paper = { .id = "P1234R0",
                                       .title = "Vectors & <spans>",
                                       .author = "Thomas K\xc3\xb6ppe",
                                       .link = "https://wg21.link/p1234r0",
                                       .long_link = "https://open-std.org/p1234r0.html" };

static struct ps_draft_found draft_of(const char *url, const char *id)
{
    return (struct ps_draft_found){ .url = url,
                                    .paper_id = id,
                                    .tier = PS_TIER_FRONTIER,
                                    .last_modified = "Wed, 27 Jun 2018 09:04:05 GMT",
                                    .modified_ms = INT64_C(1000) * MODIFIED_MS_SECONDS };
}

static struct ps_messages messages_of(enum ps_message_kind kind, const struct ps_outbox_row *rows,
                                      size_t len)
{
    const char **data = ps_alloc_zero(len + 1, sizeof(char *));
    const char **keys = ps_alloc_zero(len + 1, sizeof(char *));
    struct ps_messages messages;

    for (size_t i = 0; i < len; i++) {
        data[i] = rows[i].data;
        keys[i] = rows[i].dedupe_key;
    }
    ps_notification_messages(kind, &(struct ps_notification_rows){ data, keys, len, NOW_MS },
                             &messages);
    free(data);
    free(keys);
    return messages;
}

/* Composes the rows, wants one message of that text, and clears them. */
static void want_text(struct ps_outbox_row *rows, size_t len, const char *want)
{
    struct ps_messages messages = messages_of(rows[0].kind, rows, len);

    assert_int_equal(messages.len, 1);
    assert_string_equal(messages.texts[0], want);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(messages.row_message[i], 0);
    ps_messages_clear(&messages);
    for (size_t i = 0; i < len; i++)
        ps_outbox_row_clear(&rows[i]);
}

/* Finds of several kinds are one post with a section each; rows keep their message. */
static void the_kinds_of_one_poll_are_one_post(void **state)
{
    struct ps_draft_found draft = draft_of(BASE "D1234R1.pdf", "D1234R1");
    struct ps_paper ranges = { .id = "P0050R0",
                               .title = "Ranges",
                               .author = "J. Doe",
                               .link = "",
                               .long_link = "",
                               .date = "" };
    struct ps_outbox_row rows[2];
    struct ps_messages all = { 0 }, part;

    (void)state;
    ps_notification_draft(&draft, "C1", true, &rows[0]);
    ps_notification_new_paper(&ranges, "C1", &rows[1]);
    assert_string_equal(rows[1].dedupe_key, "new:P0050R0");
    for (size_t i = 0; i < 2; i++) {
        part = messages_of(rows[i].kind, &rows[i], 1);
        ps_messages_append(&all, &part, i, 1);
        assert_int_equal(part.len, 0);
    }
    assert_int_equal(all.len, 1);
    assert_int_equal(all.row_message[1], 0);
    assert_non_null(strstr(all.texts[0], "*New draft near"));
    assert_non_null(
        strstr(all.texts[0],
               "\n\n*New paper in the index*\n• <https://wg21.link/P0050R0|P0050R0> Ranges"));
    /* What does not fit is a message of its own. */
    free(all.texts[0]);
    all.texts[0] = ps_alloc_zero(PS_POST_BYTES_MAX, 1);
    memset(all.texts[0], 'x', PS_POST_BYTES_MAX - 1);
    part = messages_of(rows[1].kind, &rows[1], 1);
    ps_messages_append(&all, &part, 2, 1);
    assert_int_equal(all.len, 2);
    assert_int_equal(all.row_message[2], 1);
    ps_messages_clear(&all);
    ps_outbox_row_clear(&rows[0]);
    ps_outbox_row_clear(&rows[1]);
}

static void keys_name_the_fact_and_the_recipient(void **state)
{
    struct ps_draft_found draft = draft_of(BASE "D1234R1.pdf", "D1234R1");
    struct ps_outbox_row row;

    (void)state;
    ps_notification_draft(&draft, "C1", true, &row);
    assert_string_equal(row.dedupe_key, "draft:" BASE "D1234R1.pdf");
    assert_int_equal(row.kind, PS_MESSAGE_FRONTIER);
    assert_string_equal(row.channel, "C1");
    ps_outbox_row_clear(&row);
    ps_notification_draft(&draft, "C1", false, &row);
    assert_string_equal(row.dedupe_key, "draft:" BASE "D1234R1.pdf");
    assert_int_equal(row.kind, PS_MESSAGE_DRAFT);
    ps_outbox_row_clear(&row);
    ps_notification_transition(&paper, BASE "D1234R0.pdf", "C1", &row);
    assert_string_equal(row.dedupe_key, "dp:P1234R0");
    assert_int_equal(row.kind, PS_MESSAGE_DP_TRANSITION);
    ps_outbox_row_clear(&row);
    ps_notification_watch_paper(&paper, "U1", "1234", false, &row);
    assert_string_equal(row.dedupe_key, "watch:U1:P1234R0");
    assert_int_equal(row.kind, PS_MESSAGE_WATCHLIST);
    assert_string_equal(row.channel, "U1");
    ps_outbox_row_clear(&row);
    ps_notification_watch_draft(&draft, "U1", "1234", false, &row);
    assert_string_equal(row.dedupe_key, "watch:U1:D1234R1");
    ps_outbox_row_clear(&row);
    ps_notification_text(PS_MESSAGE_OPS_ALERT, "stale:7", "C9", "text", &row);
    assert_string_equal(row.dedupe_key, "stale:7");
    assert_int_equal(row.kind, PS_MESSAGE_OPS_ALERT);
    ps_outbox_row_clear(&row);
    assert_null(row.data);
}

static void a_draft_is_announced_with_title_author_and_date(void **state)
{
    struct ps_draft_found draft = draft_of(BASE "D1234R1.pdf", "D1234R1");
    struct ps_outbox_row row;

    (void)state;
    draft.paper = &paper;
    ps_notification_draft(&draft, "C1", false, &row);
    want_text(&row, 1,
              "*New draft*\n\xe2\x80\xa2 <" BASE "D1234R1.pdf|D1234R1> Vectors &amp; &lt;spans&gt; "
              "\xe2\x80\x94 Thomas K\xc3\xb6ppe (modified 2018-06-27 09:04 UTC, 3 hours ago; "
              "<https://wg21.link/p1234|index>)");
}

static void a_draft_that_changed_is_announced_as_such(void **state)
{
    struct ps_draft_found draft = draft_of(BASE "D1234R1.pdf", "D1234R1");
    struct ps_outbox_row rows[2];

    (void)state;
    ps_notification_update(&draft, "0123456789abcdef", "C1", &rows[0]);
    assert_string_equal(rows[0].dedupe_key, "update:" BASE "D1234R1.pdf:0123456789abcdef");
    assert_int_equal(rows[0].kind, PS_MESSAGE_DRAFT_UPDATE);
    draft.url = BASE "D1234R1.html";
    ps_notification_update(&draft, "00", "C1", &rows[1]);
    want_text(rows, 2,
              "*Draft that has changed*\n\xe2\x80\xa2 <" BASE "D1234R1.pdf|D1234R1> (<" BASE
              "D1234R1.html|html>) (modified 2018-06-27 09:04 UTC, 3 hours ago)");
    ps_notification_watch_update(&draft, "00", "U1", "1234", false, &rows[0]);
    assert_string_equal(rows[0].dedupe_key, "watch:U1:D1234R1:00");
    assert_int_equal(rows[0].kind, PS_MESSAGE_WATCHLIST);
    want_text(rows, 1,
              "*New on your watchlist*\n\xe2\x80\xa2 <" BASE
              "D1234R1.html|D1234R1> (updated draft; modified 2018-06-27 09:04 UTC, 3 hours ago; "
              "paper 1234)");
}

static void an_unknown_draft_is_announced_by_what_its_document_says(void **state)
{
    struct ps_draft_found draft = draft_of(BASE "D3000R0.pdf", "D3000R0");
    struct ps_outbox_row row;

    (void)state;
    draft.modified_ms = 0;
    draft.last_modified = NULL;
    ps_notification_draft(&draft, "C1", true, &row);
    want_text(&row, 1,
              "*New draft near the highest paper numbers*\n\xe2\x80\xa2 <" BASE
              "D3000R0.pdf|D3000R0>");
    draft.title = "A <plain> title";
    draft.authors = "Jane Doe, John Smith";
    ps_notification_draft(&draft, "C1", true, &row);
    want_text(&row, 1,
              "*New draft near the highest paper numbers*\n\xe2\x80\xa2 <" BASE
              "D3000R0.pdf|D3000R0> A &lt;plain&gt; title \xe2\x80\x94 Jane Doe, John Smith");
}

static void what_the_document_says_comes_before_the_index(void **state)
{
    struct ps_draft_found draft = draft_of(BASE "D1234R1.pdf", "D1234R1");
    struct ps_outbox_row rows[2];

    (void)state;
    draft.modified_ms = 0;
    draft.paper = &paper;
    draft.title = "Vectors, revised";
    ps_notification_draft(&draft, "C1", false, &rows[0]);
    want_text(rows, 1,
              "*New draft*\n\xe2\x80\xa2 <" BASE "D1234R1.pdf|D1234R1> Vectors, revised "
              "\xe2\x80\x94 Thomas K\xc3\xb6ppe (<https://wg21.link/p1234|index>)");
    /* The file that was read speaks for the one that was not. */
    draft.paper = NULL;
    draft.title = NULL;
    ps_notification_draft(&draft, "C1", false, &rows[0]);
    draft.url = BASE "D1234R1.html";
    draft.title = "Vectors, revised";
    ps_notification_draft(&draft, "C1", false, &rows[1]);
    want_text(rows, 2,
              "*New draft*\n\xe2\x80\xa2 <" BASE "D1234R1.pdf|D1234R1> (<" BASE
              "D1234R1.html|html>) Vectors, revised");
}

/* A row that a scheduler of the version before stored. */
static void the_first_words_of_a_document_are_never_shown(void **state)
{
    static const char *const data =
        "{\"id\":\"D3000R0\",\"url\":\"" BASE "D3000R0.pdf\",\"title\":\"\",\"author\":\"\","
        "\"draft\":true,\"begins\":\"Document number: D3000R0 Reply-To: jane\"}";
    const char *key = "draft:" BASE "D3000R0.pdf";
    struct ps_messages messages;

    (void)state;
    ps_notification_messages(PS_MESSAGE_DRAFT, &(struct ps_notification_rows){ &data, &key, 1, 0 },
                             &messages);
    assert_string_equal(messages.texts[0],
                        "*New draft*\n\xe2\x80\xa2 <" BASE "D3000R0.pdf|D3000R0>");
    ps_messages_clear(&messages);
}

static void lines_come_by_number(void **state)
{
    static const char *const ids[] = { "D2001R1", "LWG4000", "D0300R0", "P0300R2",
                                       "D2001R0", "N5007",   "D12345R0" };
    static const char *const sorted[] = { "D0300R0", "P0300R2", "D2001R0", "D2001R1",
                                          "LWG4000", "N5007",   "D12345R0" };
    struct ps_outbox_row rows[PS_COUNT_OF(ids)];
    struct ps_messages messages;
    const char *at;

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(ids); i++) {
        struct ps_paper one = {
            .id = ids[i], .title = "", .author = "", .link = "", .long_link = ""
        };

        ps_notification_watch_paper(&one, "U1", "x", PS_WATCH_KIND_AUTHOR, &rows[i]);
    }
    messages = messages_of(PS_MESSAGE_WATCHLIST, rows, PS_COUNT_OF(ids));
    assert_int_equal(messages.len, 1);
    at = messages.texts[0];
    for (size_t i = 0; i < PS_COUNT_OF(sorted); i++) {
        char *link = ps_alloc_format("<https://wg21.link/%s|%s>", sorted[i], sorted[i]);

        at = strstr(at, link);
        if (at == NULL)
            fail_msg("%s is not at its place in %s", sorted[i], messages.texts[0]);
        free(link);
        ps_outbox_row_clear(&rows[i]);
    }
    ps_messages_clear(&messages);
}

static void extensions_of_one_draft_make_one_line(void **state)
{
    struct ps_draft_found drafts[] = { draft_of(BASE "D0002R0.pdf", "D0002R0"),
                                       draft_of(BASE "D0001R0.pdf", "D0001R0"),
                                       draft_of(BASE "D0002R0.html", "D0002R0"),
                                       draft_of(BASE "D0002R0.ps", "D0002R0") };
    struct ps_outbox_row rows[4];

    (void)state;
    for (size_t i = 0; i < 4; i++)
        ps_notification_draft(&drafts[i], "C1", false, &rows[i]);
    want_text(rows, 4,
              "*New drafts*\n"
              "\xe2\x80\xa2 <" BASE
              "D0001R0.pdf|D0001R0> (modified 2018-06-27 09:04 UTC, 3 hours ago)\n"
              "\xe2\x80\xa2 <" BASE "D0002R0.pdf|D0002R0> (<" BASE "D0002R0.html|html>, <" BASE
              "D0002R0.ps|ps>) (modified 2018-06-27 09:04 UTC, 3 hours ago)");
}

static void a_transition_links_paper_and_draft(void **state)
{
    struct ps_paper bare = paper;
    struct ps_outbox_row row;

    (void)state;
    ps_notification_transition(&paper, BASE "D1234R0.pdf", "C1", &row);
    want_text(&row, 1,
              "*Draft that is now an official paper*\n"
              "\xe2\x80\xa2 <https://wg21.link/p1234r0|P1234R0> Vectors &amp; &lt;spans&gt; "
              "\xe2\x80\x94 Thomas K\xc3\xb6ppe (<" BASE
              "D1234R0.pdf|the draft>; <https://wg21.link/p1234|index>)");
    bare.link = "";
    bare.title = bare.author = "";
    ps_notification_transition(&bare, BASE "D1234R0.pdf", "C1", &row);
    want_text(&row, 1,
              "*Draft that is now an official paper*\n"
              "\xe2\x80\xa2 <https://open-std.org/p1234r0.html|P1234R0> (<" BASE
              "D1234R0.pdf|the draft>; <https://wg21.link/p1234|index>)");
}

static void an_entry_that_changed_is_announced_as_such_and_once(void **state)
{
    const struct ps_paper_change change = { .paper = &paper, .fields = "author and subgroup" };
    struct ps_outbox_row row;

    (void)state;
    ps_notification_watch_changed(&change, "U1", "k\xc3\xb6ppe", PS_WATCH_KIND_AUTHOR, &row);
    assert_string_equal(row.dedupe_key, "watch:U1:P1234R0"); /* as of a new paper */
    want_text(&row, 1,
              "*New on your watchlist*\n"
              "\xe2\x80\xa2 <https://wg21.link/p1234r0|P1234R0> Vectors &amp; &lt;spans&gt; "
              "\xe2\x80\x94 Thomas K\xc3\xb6ppe (changed in the index: author and subgroup; "
              "author: k\xc3\xb6ppe)");
}

static void a_person_reads_why(void **state)
{
    struct ps_draft_found draft = draft_of(BASE "D2300R1.pdf", "D2300R1");
    struct ps_outbox_row rows[2];

    (void)state;
    ps_notification_watch_paper(&paper, "U1", "k\xc3\xb6ppe", true, &rows[0]);
    ps_notification_watch_draft(&draft, "U1", "2300", false, &rows[1]);
    want_text(rows, 2,
              "*New on your watchlist*\n"
              "\xe2\x80\xa2 <https://wg21.link/p1234r0|P1234R0> Vectors &amp; &lt;spans&gt; "
              "\xe2\x80\x94 Thomas K\xc3\xb6ppe (author: k\xc3\xb6ppe)\n"
              "\xe2\x80\xa2 <" BASE "D2300R1.pdf|D2300R1> "
              "(draft; modified 2018-06-27 09:04 UTC, 3 hours ago; paper 2300)");
}

static void a_single_text_stands_alone_with_its_lines(void **state)
{
    struct ps_outbox_row row;

    (void)state;
    ps_notification_text(PS_MESSAGE_OPS_ALERT, "stale:1", "C9",
                         "No good poll since 09:00.\n\nLast error: <timeout> & more", &row);
    want_text(&row, 1, "No good poll since 09:00.\n\nLast error: &lt;timeout&gt; &amp; more");
}

static void a_row_that_cannot_be_read_is_not_lost(void **state)
{
    static const char *const bad[] = { "", "{", "[]", "7", "null", "{}", "{\"id\":5}" };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(bad); i++) {
        const char *key = "draft:<x>";
        struct ps_messages messages;

        ps_notification_messages(PS_MESSAGE_DRAFT,
                                 &(struct ps_notification_rows){ &bad[i], &key, 1, 0 }, &messages);
        assert_int_equal(messages.len, 1);
        assert_string_equal(messages.texts[0],
                            "*New draft*\n\xe2\x80\xa2 (unreadable) draft:&lt;x&gt;");
        ps_messages_clear(&messages);
    }
}

static void no_rows_make_no_message(void **state)
{
    struct ps_messages messages = messages_of(PS_MESSAGE_DRAFT, NULL, 0);

    (void)state;
    assert_int_equal(messages.len, 0);
    ps_messages_clear(&messages);
}

/* What no stranger's text may do: break the limit, UTF-8, its line, or Slack's syntax. */
static void check_message(const char *text)
{
    char *clean_lines;
    int depth = 0;

    assert_true(ps_mrkdwn_chars(text) <= PS_MESSAGE_CHARS_MAX);
    assert_null(strstr(text, "\xe2\x80\xae"));
    assert_null(strstr(text, "```"));
    assert_null(strstr(text, "<!"));
    clean_lines = ps_alloc_text(text);
    for (char *at = clean_lines; *at; at++) {
        assert_true(*at == '\n' || (unsigned char)*at >= ' ');
        depth += *at == '<' ? 1 : *at == '>' ? -1 : 0;
        assert_in_range(depth, 0, 1);
    }
    assert_int_equal(depth, 0);
    free(clean_lines);
}

/* Every kind of message, with an address in every text that a stranger may have written. */
static void no_message_holds_an_e_mail_address(void **state)
{
    static const char *const hostile[] = {
        "Title <leak@leak.example.org>",
        "Reply-to: leak (at) leak dot org, more",
        "leak at leak dot org",
        "leak [at] leak [dot] org",
        "{leak,leak}@leak.org",
        "mailto:leak@leak.org",
        "l\xc2\xad"
        "eak@le\xe2\x80\x8b"
        "ak.org",
        "leak\t@\tleak.org",
        "leak\xef\xbc\xa0leak.org",
        "\"leak leak\"@leak.org",
        "https://leak@leak.org/",
        "leak@leak",
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(hostile); i++) {
        char *path = ps_alloc_format("https://x.org/?to=%s", hostile[i]);
        struct ps_paper bad = { .id = "P1234R0",
                                .title = hostile[i],
                                .author = hostile[i],
                                .link = hostile[i],
                                .long_link = path };
        struct ps_draft_found draft = draft_of(BASE "D1234R1.pdf", "D1234R1");
        struct ps_outbox_row rows[2 * PS_MESSAGE_KIND_COUNT];
        size_t count = 0;

        for (int own = 0; own < 2; own++) {
            draft.title = own ? hostile[i] : NULL;
            draft.authors = own ? hostile[i] : NULL;
            draft.paper = &bad;
            ps_notification_draft(&draft, "C1", own, &rows[count++]);
            ps_notification_update(&draft, "00", "C1", &rows[count++]);
            ps_notification_watch_draft(&draft, "U1", hostile[i], PS_WATCH_KIND_AUTHOR,
                                        &rows[count++]);
            ps_notification_watch_update(&draft, "00", "U1", "x", PS_WATCH_KIND_PATTERN,
                                         &rows[count++]);
        }
        ps_notification_watch_paper(&bad, "U1", hostile[i], PS_WATCH_KIND_PATTERN, &rows[count++]);
        ps_notification_transition(&bad, BASE "D1234R0.pdf", "C1", &rows[count++]);
        for (int kind = PS_MESSAGE_OPS_ALERT; kind < PS_MESSAGE_KIND_COUNT; kind++)
            ps_notification_text((enum ps_message_kind)kind, "k", "C1", hostile[i], &rows[count++]);
        assert_true(count <= PS_COUNT_OF(rows));
        for (size_t k = 0; k < count; k++) {
            struct ps_messages messages = messages_of(rows[k].kind, &rows[k], 1);

            if (strstr(messages.texts[0], "leak@") != NULL ||
                strstr(messages.texts[0], "leak (at)") != NULL ||
                strstr(messages.texts[0], "leak.org") != NULL ||
                strstr(messages.texts[0], "leak dot") != NULL)
                fail_msg("kind %s, \"%s\": %s", ps_message_kind_name(rows[k].kind), hostile[i],
                         messages.texts[0]);
            check_message(messages.texts[0]);
            ps_messages_clear(&messages);
            ps_outbox_row_clear(&rows[k]);
        }
        free(path);
    }
}

static char *repeated(const char *piece, size_t times)
{
    struct ps_buf out;

    ps_buf_init(&out, strlen(piece) * times + 1);
    for (size_t i = 0; i < times; i++)
        assert_true(ps_buf_text(&out, piece));
    return ps_buf_take(&out);
}

static void hostile_titles_stay_text(void **state)
{
    static const struct {
        const char *piece;
        size_t times;
    } titles[] = {
        {"*bold* _it_ ~no~ `code` ```block <!channel> <@U12345678> &amp; ", 1    },
        { "<https://evil.example|click>",                                   1    },
        { "\xe2\x80\xaegnp.exe\xe2\x80\xac \xe2\x81\xa6x",                  1    },
        { "\xf0\x9f\x98\x80",                                               2500 },
        { "x",                                                              10000},
        { "&<>",                                                            3000 },
        { "\x01\x02\x1b[2J\r\n\t",                                          100  },
        { "\n\n*New drafts*\n\xe2\x80\xa2 forged",                          1    },
        { "\xff\xc3",                                                       500  },
        { "a\xcc\x81",                                                      2000 },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(titles); i++) {
        char *title = repeated(titles[i].piece, titles[i].times);
        struct ps_paper hostile = paper;
        struct ps_draft_found draft = draft_of(BASE "D1234R1.pdf", "D1234R1");
        struct ps_outbox_row rows[3];

        hostile.title = hostile.author = title;
        draft.title = draft.authors = title;
        ps_notification_watch_paper(&hostile, "U1", title, true, &rows[0]);
        ps_notification_watch_draft(&draft, "U1", "2300", false, &rows[1]);
        hostile.link = title;
        ps_notification_watch_paper(&hostile, "U1", "7", false, &rows[2]);
        for (size_t k = 0; k < 3; k++) {
            struct ps_messages messages = messages_of(PS_MESSAGE_WATCHLIST, &rows[k], 1);
            const char *newline;

            assert_int_equal(messages.len, 1);
            check_message(messages.texts[0]);
            newline = strchr(messages.texts[0], '\n');
            assert_non_null(newline);
            assert_null(strchr(newline + 1, '\n')); /* heading and one line, whatever it holds */
            ps_messages_clear(&messages);
            ps_outbox_row_clear(&rows[k]);
        }
        free(title);
    }
}

static void many_lines_become_numbered_messages_within_the_limit(void **state)
{
    enum { ROWS = 200 };
    struct ps_outbox_row rows[ROWS];
    struct ps_messages messages, again;
    size_t seen = 0, last = 0;

    (void)state;
    for (int i = 0; i < ROWS; i++) {
        struct ps_draft_found draft = draft_of("", "");
        char *url = ps_alloc_format(BASE "D%04dR0.pdf", i + 1);
        char *id = ps_alloc_format("D%04dR0", i + 1);

        draft.url = url;
        draft.paper_id = id;
        draft.paper = &paper;
        ps_notification_draft(&draft, "C1", false, &rows[i]);
        free(url);
        free(id);
    }
    messages = messages_of(PS_MESSAGE_DRAFT, rows, ROWS);
    again = messages_of(PS_MESSAGE_DRAFT, rows, ROWS);
    assert_true(messages.len > 5);
    assert_int_equal(messages.len, again.len);
    for (size_t i = 0; i < messages.len; i++) {
        char *heading = ps_alloc_format("*New drafts* (%zu/%zu)\n", i + 1, messages.len);

        check_message(messages.texts[i]);
        assert_int_equal(strncmp(messages.texts[i], heading, strlen(heading)), 0);
        assert_string_equal(messages.texts[i], again.texts[i]);
        if (i + 1 < messages.len) /* as few as fit */
            assert_true(ps_mrkdwn_chars(messages.texts[i]) > PS_MESSAGE_CHARS_MAX * 9 / 10);
        free(heading);
    }
    for (size_t i = 0; i < ROWS; i++) {
        char *link = ps_alloc_format("|D%04zuR0>", i + 1);

        assert_true(messages.row_message[i] >= last);
        last = messages.row_message[i];
        assert_non_null(strstr(messages.texts[last], link));
        seen++;
        free(link);
        ps_outbox_row_clear(&rows[i]);
    }
    assert_int_equal(seen, ROWS);
    ps_messages_clear(&messages);
    ps_messages_clear(&again);
}

static void absurd_links_and_texts_still_fit(void **state)
{
    char *path = repeated("a", 5000), *lines = repeated("line & line\n", 2000);
    char *url = ps_alloc_format("https://x.org/%s.pdf", path);
    struct ps_draft_found draft = draft_of(url, "D1234R1");
    struct ps_outbox_row row;
    struct ps_messages messages;

    (void)state;
    draft.paper = &paper;
    ps_notification_draft(&draft, "C1", false, &row);
    messages = messages_of(PS_MESSAGE_DRAFT, &row, 1);
    check_message(messages.texts[0]);
    assert_non_null(strstr(messages.texts[0], "\xe2\x80\xa2 D1234R1 Vectors"));
    ps_messages_clear(&messages);
    ps_outbox_row_clear(&row);
    ps_notification_text(PS_MESSAGE_REPLY, "k", "C1", lines, &row);
    messages = messages_of(PS_MESSAGE_REPLY, &row, 1);
    assert_int_equal(messages.len, 1);
    check_message(messages.texts[0]);
    assert_true(ps_mrkdwn_chars(messages.texts[0]) > 2000);
    ps_messages_clear(&messages);
    ps_outbox_row_clear(&row);
    free(path);
    free(lines);
    free(url);
}

static void the_age_of_a_draft_is_given_in_words(void **state)
{
    static const struct {
        int64_t age_s;
        const char *words;
    } rows[] = {
        {0,             "UTC, just now)"       },
        { 119,          "UTC, just now)"       },
        { 120,          "UTC, 2 minutes ago)"  },
        { 7199,         "UTC, 119 minutes ago)"},
        { 7200,         "UTC, 2 hours ago)"    },
        { 47 * 3600,    "UTC, 47 hours ago)"   },
        { 48 * 3600,    "UTC, 2 days ago)"     },
        { 59 * 86400,   "UTC, 59 days ago)"    },
        { 60 * 86400,   "UTC, 2 months ago)"   },
        { 3650 * 86400, "UTC, 121 months ago)" },
        { -60,          "UTC)"                 }, /* its clock is ahead of ours */
    };
    struct ps_draft_found draft = draft_of(BASE "D0007R0.pdf", "D0007R0");
    struct ps_outbox_row row;

    (void)state;
    ps_notification_draft(&draft, "#papers", true, &row);
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        const char *data = row.data, *key = row.dedupe_key;
        struct ps_notification_rows given = { &data, &key, 1,
                                              draft.modified_ms + 1000 * rows[i].age_s };
        struct ps_messages messages;

        ps_notification_messages(row.kind, &given, &messages);
        assert_non_null(strstr(messages.texts[0], rows[i].words));
        ps_messages_clear(&messages);
    }
    ps_outbox_row_clear(&row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_name_the_fact_and_the_recipient),
        cmocka_unit_test(the_kinds_of_one_poll_are_one_post),
        cmocka_unit_test(a_draft_is_announced_with_title_author_and_date),
        cmocka_unit_test(a_draft_that_changed_is_announced_as_such),
        cmocka_unit_test(an_unknown_draft_is_announced_by_what_its_document_says),
        cmocka_unit_test(what_the_document_says_comes_before_the_index),
        cmocka_unit_test(the_first_words_of_a_document_are_never_shown),
        cmocka_unit_test(lines_come_by_number),
        cmocka_unit_test(no_message_holds_an_e_mail_address),
        cmocka_unit_test(extensions_of_one_draft_make_one_line),
        cmocka_unit_test(a_transition_links_paper_and_draft),
        cmocka_unit_test(an_entry_that_changed_is_announced_as_such_and_once),
        cmocka_unit_test(a_person_reads_why),
        cmocka_unit_test(a_single_text_stands_alone_with_its_lines),
        cmocka_unit_test(a_row_that_cannot_be_read_is_not_lost),
        cmocka_unit_test(no_rows_make_no_message),
        cmocka_unit_test(the_age_of_a_draft_is_given_in_words),
        cmocka_unit_test(hostile_titles_stay_text),
        cmocka_unit_test(many_lines_become_numbered_messages_within_the_limit),
        cmocka_unit_test(absurd_links_and_texts_still_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
