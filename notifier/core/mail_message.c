#include "notifier/core/mail_message.h"

#include "notifier/core/markup.h"
#include "shared/core/alloc.h"
#include "shared/core/email_redact.h"
#include "shared/core/str.h"
#include "shared/core/text_normalize.h"
#include "shared/core/utc_time.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEXT_BYTES = 2 * PS_MESSAGE_TEXT_MAX,
    MAIL_BYTES = 4 * TEXT_BYTES, /* each byte may become "=E2", and lines get breaks */
    LINE_MAX_BYTES = 76,         /* of a line of quoted-printable (RFC 2045), without CRLF */
    WORD_BYTES = 42,             /* of a text in one encoded word (RFC 2047: 75 characters) */
    SUBJECT_BYTES = 160,
    SUBJECT_NAMES = 3,
    NAME_BYTES = 24, /* of a paper's name */
    DAY_S = 86400
};

static const char bullet[] = "\xe2\x80\xa2 ";

/* --- headers --------------------------------------------------------------------------------- */

static bool is_plain(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            return false;
    return strstr(text, "=?") == NULL;
}

/* Adds text as encoded words of RFC 2047, each of whole characters, folded. */
static void add_encoded(struct ps_buf *mail, const char *text)
{
    unsigned char word[4 * WORD_BYTES];
    const char *separator = "";

    for (size_t left = strlen(text), len; left > 0; text += len, left -= len) {
        len = left <= WORD_BYTES ? left : ps_utf8_cut(text, left, WORD_BYTES);
        if (len == 0)
            len = left < WORD_BYTES ? left : WORD_BYTES;
        (void)EVP_EncodeBlock(word, (const unsigned char *)text, (int)len);
        (void)ps_buf_format(mail, "%s=?UTF-8?B?%s?=", separator, (const char *)word);
        separator = "\r\n ";
    }
}

/* A subject is a text; a name is a phrase, which needs quotes. */
static void add_text_header(struct ps_buf *mail, const char *name, const char *text)
{
    (void)ps_buf_format(mail, "%s: ", name);
    if (is_plain(text))
        (void)ps_buf_text(mail, text);
    else
        add_encoded(mail, text);
    (void)ps_buf_text(mail, "\r\n");
}

static void add_from(struct ps_buf *mail, const struct ps_mailbox *from)
{
    (void)ps_buf_text(mail, "From: ");
    if (from->name[0] != '\0' && is_plain(from->name)) {
        (void)ps_buf_char(mail, '"');
        for (const char *c = from->name; *c != '\0'; c++)
            (void)ps_buf_format(mail, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
        (void)ps_buf_text(mail, "\" ");
    } else if (from->name[0] != '\0') {
        add_encoded(mail, from->name);
        (void)ps_buf_char(mail, ' ');
    }
    (void)ps_buf_format(mail, "<%s>\r\n", from->address);
}

/* "Tue, 01 Dec 2026 08:00:00 +0000" */
static void add_date(struct ps_buf *mail, int64_t wall_ms)
{
    static const char *const days[] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    char text[PS_UTC_TIME_TEXT]; /* 2026-12-01T08:00:00Z */
    int64_t day;
    int month;

    wall_ms = wall_ms < 0 ? 0 : wall_ms;
    day = wall_ms / 1000 / DAY_S;
    ps_utc_time_format_time(wall_ms, text);
    month = (text[5] - '0') * 10 + (text[6] - '0');
    (void)ps_buf_format(mail, "Date: %s, %.2s %s %.4s %.8s +0000\r\n", days[day % 7], text + 8,
                        months[month - 1], text, text + 11);
}

/* The id of an outbox row is unique in one database; the time separates a restored one and another
 * fleet of the same sender. */
static void add_message_id(struct ps_buf *mail, const struct ps_message *content,
                           const struct ps_mailbox *from)
{
    (void)ps_buf_text(mail, "Message-ID: <");
    for (const char *c = content->id; *c != '\0'; c++)
        (void)ps_buf_char(
            mail,
            strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", *c) == NULL
                ? '-'
                : *c);
    (void)ps_buf_format(mail, ".%" PRId64 ".paperscout@%s>\r\n", content->created_ms,
                        strchr(from->address, '@') + 1);
}

/* --- text ------------------------------------------------------------------------------------ */

/* Adds text as quoted-printable: '\n' ends a line, everything but printable ASCII is "=XX". */
static void add_quoted(struct ps_buf *mail, const char *text)
{
    size_t column = 0;

    for (const char *c = text; *c != '\0'; c++) {
        bool ends = c[1] == '\0' || c[1] == '\n';
        bool plain = (*c > ' ' && *c <= '~' && *c != '=') || (*c == ' ' && !ends);

        if (*c == '\n') {
            (void)ps_buf_text(mail, "\r\n");
            column = 0;
            continue;
        }
        if (column + (plain ? 1 : 3) > LINE_MAX_BYTES - 1) {
            (void)ps_buf_text(mail, "=\r\n");
            column = 0;
        }
        if (plain)
            (void)ps_buf_char(mail, *c);
        else
            (void)ps_buf_format(mail, "=%02X", (unsigned)(unsigned char)*c);
        column += plain ? 1 : 3;
    }
}

/* Gives the message's text without markup; one that is too long ends with an ellipsis. */
static char *plain_text(const char *mrkdwn)
{
    struct ps_buf text;
    char *clean, *plain;
    bool whole;

    ps_buf_init(&text, TEXT_BYTES);
    clean = ps_utf8_clean(mrkdwn, strlen(mrkdwn));
    whole = ps_markup_convert(clean, PS_MARKUP_PLAIN, &text);
    plain = ps_alloc_format("%s%s", ps_buf_str(&text), whole ? "" : "\n\xe2\x80\xa6");
    ps_buf_clear(&text);
    free(clean);
    return plain;
}

/* The first word of a bullet is the paper's or draft's name. */
static struct ps_str name_in(struct ps_str line)
{
    size_t len = 0;

    line.data += sizeof(bullet) - 1;
    line.len -= sizeof(bullet) - 1;
    while (len < line.len && line.data[len] > ' ' && line.data[len] <= '~' && line.data[len] != ':')
        len++;
    return (struct ps_str){ line.data, len <= NAME_BYTES ? len : 0 };
}

static bool is_bullet(struct ps_str line)
{
    return line.len >= sizeof(bullet) - 1 && memcmp(line.data, bullet, sizeof(bullet) - 1) == 0;
}

/* ": D2300R11, P3051R0, P3052R0 and 4 more" */
static void add_names(struct ps_buf *subject, struct ps_str rest)
{
    struct ps_str line;
    size_t names = 0, more = 0;

    while (ps_str_next(&rest, '\n', &line)) {
        struct ps_str name = { .len = 0 };

        if (!is_bullet(line))
            continue;
        name = name_in(line);
        if (names == SUBJECT_NAMES || name.len == 0)
            more++;
        else
            (void)ps_buf_format(subject, "%s%.*s", names++ == 0 ? ": " : ", ", (int)name.len,
                                name.data);
    }
    if (names > 0 && more > 0)
        (void)ps_buf_format(subject, " and %zu more", more);
}

static char *subject_of(const char *plain)
{
    struct ps_str rest = ps_str_of(plain), line = { .len = 0 };
    char heading[SUBJECT_BYTES + 1];
    struct ps_buf subject;
    size_t len;

    while (line.len == 0 && ps_str_next(&rest, '\n', &line))
        line = ps_str_trim(line);
    len = ps_utf8_cut(line.data, line.len, SUBJECT_BYTES);
    if (len > 0)
        memcpy(heading, line.data, len);
    heading[len] = '\0';
    for (char *c = heading; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = ' ';
    ps_buf_init(&subject, 2 * SUBJECT_BYTES);
    (void)ps_buf_format(&subject, "%s%s", "Paperscout: ", heading);
    add_names(&subject, rest);
    return ps_buf_take(&subject);
}

char *ps_mail_subject(const char *text)
{
    char *plain = plain_text(text), *subject = subject_of(plain);

    free(plain);
    return subject;
}

char *ps_mail_make(const struct ps_outgoing_message *message, const struct ps_mailbox *from)
{
    const struct ps_message *content = &message->content;
    char *plain = plain_text(content->text), *subject = subject_of(plain), *body;
    struct ps_buf mail;

    body =
        ps_alloc_format("%s\n\n-- \nPaperscout sent this mail to %s. To change what you get, or to "
                        "stop it, write to %s.\n",
                        plain, content->channel, from->address);
    ps_buf_init(&mail, MAIL_BYTES);
    add_date(&mail, content->created_ms);
    add_from(&mail, from);
    (void)ps_buf_format(&mail, "To: <%s>\r\n", content->channel);
    add_text_header(&mail, "Subject", subject);
    add_message_id(&mail, content, from);
    (void)ps_buf_text(&mail, "MIME-Version: 1.0\r\n"
                             "Content-Type: text/plain; charset=utf-8\r\n"
                             "Content-Transfer-Encoding: quoted-printable\r\n"
                             "Auto-Submitted: auto-generated\r\n"
                             "\r\n");
    add_quoted(&mail, body);
    free(plain);
    free(subject);
    free(body);
    return ps_buf_take(&mail);
}

/* --- answer ---------------------------------------------------------------------------------- */

/* The server's words help to find the cause; they are a stranger's. */
static void describe(const struct ps_mail_outcome *outcome, const char *what,
                     struct ps_err *out_err)
{
    char *clean = ps_email_redact(outcome->text == NULL ? "" : outcome->text);

    for (char *c = clean; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = ' ';
    if (outcome->status > 0)
        (void)ps_fail(out_err, outcome->category, outcome->status, "%s: SMTP status %d%s%.100s",
                      what, outcome->status, clean[0] == '\0' ? "" : ", ", clean);
    else
        (void)ps_fail(out_err, outcome->category, 0, "%s", what);
    free(clean);
}

static void stop(const struct ps_mail_outcome *outcome, const char *what,
                 struct ps_slack_response *out_reply)
{
    describe(outcome, what, &out_reply->err);
    out_reply->next = PS_SLACK_STOP;
    out_reply->err.category = PS_FAILURE_CONFIGURATION;
}

void ps_mail_outcome_read(const struct ps_mail_outcome *outcome,
                          struct ps_slack_response *out_reply)
{
    bool later = outcome->status >= 400 && outcome->status < 500;

    *out_reply = (struct ps_slack_response){ .next = PS_SLACK_SENT };
    if (outcome->taken)
        return;
    if (later) {
        describe(outcome, "the mail server asks to try later", &out_reply->err);
        out_reply->next = PS_SLACK_RETRY;
    } else if (outcome->bad_certificate) {
        stop(outcome, "the mail server's certificate is not accepted", out_reply);
    } else if (outcome->no_tls) {
        stop(outcome, "the mail server offers no STARTTLS", out_reply);
    } else if (outcome->refused_login) {
        stop(outcome, "the mail server does not accept user and password", out_reply);
    } else if (outcome->status >= 500 && outcome->stage == PS_MAIL_CONNECT) {
        stop(outcome, "the mail server takes no mail from us", out_reply);
    } else if (outcome->status >= 500) {
        describe(outcome,
                 outcome->stage == PS_MAIL_RECIPIENT ? "the mail server refused the address"
                                                     : "the mail server refused the mail",
                 &out_reply->err);
        out_reply->next = PS_SLACK_NEVER;
    } else if (outcome->category == PS_FAILURE_CONFIGURATION) {
        stop(outcome, "SMTP_URL cannot be used", out_reply);
    } else {
        describe(&(struct ps_mail_outcome){ .category = outcome->category },
                 outcome->category == PS_FAILURE_TIMEOUT ? "the mail server did not answer in time"
                                                         : "the mail server was not reached",
                 &out_reply->err);
        out_reply->next = PS_SLACK_RETRY;
        out_reply->doubtful = outcome->stage == PS_MAIL_DATA;
    }
}
