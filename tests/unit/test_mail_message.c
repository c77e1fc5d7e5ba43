#include "notifier/core/mail_message.h"
#include "shared/core/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Gives the mail of a text; the caller frees it. */
static char *mail_of(const char *text, const char *name)
{
    struct ps_mailbox from = { .address = "scout@example.org" };
    struct ps_outgoing_message message = {
        .content = {.id = ps_alloc_text("o7"),
                    .kind = PS_MESSAGE_WATCHLIST,
                    .channel = ps_alloc_text("r@example.org"),
                    .text = ps_alloc_text(text),
                    .created_ms = INT64_C(1796112000000)}
    };
    char *mail, *again;

    (void)snprintf(from.name, sizeof(from.name), "%s", name);
    mail = ps_mail_make(&message, &from);
    message.repeated = true;
    message.attempts = 3;
    again = ps_mail_make(&message, &from);
    assert_string_equal(mail, again); /* a repetition is the same mail */
    free(again);
    ps_message_clear(&message.content);
    return mail;
}

static void a_mail_has_the_headers_of_rfc_5322(void **state)
{
    char *mail = mail_of("*New draft*\n\xe2\x80\xa2 <https://x.org/D1R0.pdf|D1R0> T = U & \xc3\xa4",
                         "Scout, \"P\"");

    (void)state;
    assert_string_equal(
        mail, "Date: Tue, 01 Dec 2026 08:00:00 +0000\r\n"
              "From: \"Scout, \\\"P\\\"\" <scout@example.org>\r\n"
              "To: <r@example.org>\r\n"
              "Subject: Paperscout: New draft: D1R0\r\n"
              "Message-ID: <o7.1796112000000.paperscout@example.org>\r\n"
              "MIME-Version: 1.0\r\n"
              "Content-Type: text/plain; charset=utf-8\r\n"
              "Content-Transfer-Encoding: quoted-printable\r\n"
              "Auto-Submitted: auto-generated\r\n"
              "\r\n"
              "New draft\r\n"
              "=E2=80=A2 D1R0 (https://x.org/D1R0.pdf) T =3D U & =C3=A4\r\n"
              "\r\n"
              "--=20\r\n"
              "Paperscout sent this mail to r@example.org. To change what you get, or to s=\r\n"
              "top it, write to scout@example.org.\r\n");
    free(mail);
}

/* Returns the end of the headers, after checking that each of their lines is a header, or continues
 * one, and is plain ASCII. */
static const char *checked_headers(const char *mail)
{
    const char *line = mail;

    for (const char *end; strncmp(line, "\r\n", 2) != 0; line = end + 2) {
        end = strstr(line, "\r\n");
        assert_non_null(end);
        assert_true(end - line < 998);
        for (const char *c = line; c < end; c++)
            assert_true(*c >= ' ' && *c <= '~');
        assert_true(*line == ' ' || memchr(line, ':', (size_t)(end - line)) != NULL);
    }
    return line + 2;
}

static void no_text_adds_a_header_or_a_long_line(void **state)
{
    static const char *const texts[] = {
        "",
        "\n\n\n",
        "a\r\nBcc: x@example.org\r\n\r\nbody",
        "a\rBcc: x@example.org",
        "=?utf-8?q?=0d=0aBcc:_x?=",
        "\xe2\x80\xa6\xe2\x80\xa6\xe2\x80\xa6\xe2\x80\xa6\xe2\x80\xa6\xe2\x80\xa6\xe2\x80\xa6"
        "\xe2\x80\xa6\xe2\x80\xa6\xe2\x80\xa6\xe2\x80\xa6\xe2\x80\xa6\xe2\x80\xa6\xe2\x80\xa6"
        "\xe2\x80\xa6\xe2\x80\xa6\xe2\x80\xa6\xe2\x80\xa6\xe2\x80\xa6\xe2\x80\xa6\xe2\x80\xa6",
        "\xff\xfe\x80 not UTF-8",
        "*New draft*\n\xe2\x80\xa2 \n\xe2\x80\xa2 D1R0\r\nBcc: y\n\xe2\x80\xa2\xe2\x80\xa2",
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(texts); i++) {
        char *mail = mail_of(texts[i], "P\xc3\xa4per\xf0\x9f\x93\x84");
        const char *body = checked_headers(mail);

        assert_null(strstr(mail, "\r\nBcc:") < body ? strstr(mail, "\r\nBcc:") : NULL);
        for (const char *line = body, *end; (end = strstr(line, "\r\n")) != NULL; line = end + 2)
            assert_true(end - line <= 76);
        free(mail);
    }
}

static void a_subject_names_three_papers(void **state)
{
    static const struct {
        const char *text, *subject;
    } rows[] = {
        {"*New on your watchlist*\n\xe2\x80\xa2 <https://x.org/1|D1R0> a\n\xe2\x80\xa2 "
          "<https://x.org/2|P2R1> b",    "Paperscout: New on your watchlist: D1R0, P2R1"},
        { "*New*\n\xe2\x80\xa2 D1 a\n\xe2\x80\xa2 D2 b\n\xe2\x80\xa2 D3 c\n\xe2\x80\xa2 D4 "
          "d\n\xe2\x80\xa2 D5 e",        "Paperscout: New: D1, D2, D3 and 2 more"       },
        { "No poll for an hour\nSee the runbook", "Paperscout: No poll for an hour"              },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        char *subject = ps_mail_subject(rows[i].text);

        assert_string_equal(subject, rows[i].subject);
        free(subject);
    }
}

static void each_answer_has_its_meaning(void **state)
{
    static const struct {
        struct ps_mail_outcome outcome;
        enum ps_slack_next next;
        bool doubtful;
    } rows[] = {
        {{ .taken = true },                                                   PS_SLACK_SENT,  false},
        { { .status = 450, .stage = PS_MAIL_RECIPIENT },                      PS_SLACK_RETRY, false},
        { { .status = 421, .stage = PS_MAIL_CONNECT },                        PS_SLACK_RETRY, false},
        { { .status = 452, .stage = PS_MAIL_DATA },                           PS_SLACK_RETRY, false},
        { { .status = 454, .stage = PS_MAIL_CONNECT, .refused_login = true },
         PS_SLACK_RETRY,                                                                      false},
        { { .status = 550, .stage = PS_MAIL_RECIPIENT },                      PS_SLACK_NEVER, false},
        { { .status = 554, .stage = PS_MAIL_DATA },                           PS_SLACK_NEVER, false},
        { { .status = 550, .stage = PS_MAIL_CONNECT },                        PS_SLACK_STOP,  false},
        { { .status = 535, .stage = PS_MAIL_CONNECT, .refused_login = true },
         PS_SLACK_STOP,                                                                       false},
        { { .no_tls = true },                                                 PS_SLACK_STOP,  false},
        { { .bad_certificate = true },                                        PS_SLACK_STOP,  false},
        { { .category = PS_FAILURE_CONFIGURATION },                           PS_SLACK_STOP,  false},
        { { .category = PS_FAILURE_NETWORK },                                 PS_SLACK_RETRY, false},
        { { .category = PS_FAILURE_TIMEOUT },                                 PS_SLACK_RETRY, false},
        { { .category = PS_FAILURE_NETWORK, .stage = PS_MAIL_DATA },          PS_SLACK_RETRY, true },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_mail_outcome outcome = rows[i].outcome;
        struct ps_slack_response reply;

        outcome.text = "<jane@example.org> \r\n\x1b[31m unknown";
        ps_mail_outcome_read(&outcome, &reply);
        assert_int_equal(reply.next, rows[i].next);
        assert_int_equal(reply.doubtful, rows[i].doubtful);
        if (reply.next == PS_SLACK_SENT)
            continue;
        assert_null(strstr(reply.err.what, "jane"));
        assert_null(strpbrk(reply.err.what, "\r\n\x1b"));
        assert_int_equal(reply.err.code, outcome.status);
        if (reply.next == PS_SLACK_STOP)
            assert_int_equal(reply.err.category, PS_FAILURE_CONFIGURATION);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mail_has_the_headers_of_rfc_5322),
        cmocka_unit_test(no_text_adds_a_header_or_a_long_line),
        cmocka_unit_test(a_subject_names_three_papers),
        cmocka_unit_test(each_answer_has_its_meaning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
