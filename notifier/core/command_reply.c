#include "notifier/core/command_reply_private.h"

#include "shared/core/alloc.h"
#include "shared/core/mrkdwn.h"
#include "shared/core/str.h"
#include "shared/core/utc_time.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE_BYTES = 4 * PS_COMMAND_REPLY_CHARS_MAX,
    MORE_CHARS = 40 /* for "... and N more" */
};

static const char bullet[] = "\xe2\x80\xa2 ";

void ps_command_reply_clear(struct ps_command_reply *reply)
{
    for (size_t i = 0; i < reply->len; i++)
        free(reply->parts[i]);
    *reply = (struct ps_command_reply){ 0 };
}

/* Counts a line that found no room. The last message then ends with the number of such lines, so
 * that nobody takes the answer for complete. */
static void drop_line(struct ps_command_reply *reply, char **last)
{
    char *complete;

    if (reply->dropped++ == 0)
        reply->whole = last != NULL ? strlen(*last) : 0;
    if (last == NULL)
        return;
    complete = ps_alloc_format("%.*s\n... and %zu more", (int)reply->whole, *last, reply->dropped);
    free(*last);
    *last = complete;
}

/* A line goes to the last message if it fits, otherwise to a new one. Once a line was dropped,
 * all later ones are dropped too: a shorter line must not appear out of order. */
void ps_command_reply_line(struct ps_command_reply *reply, const char *line)
{
    size_t chars = ps_mrkdwn_chars(line);
    char **last = reply->len > 0 ? &reply->parts[reply->len - 1] : NULL;
    size_t most =
        PS_COMMAND_REPLY_CHARS_MAX - (reply->len == PS_COMMAND_REPLY_PARTS_MAX ? MORE_CHARS : 0);

    if (reply->dropped == 0 && last != NULL && ps_mrkdwn_chars(*last) + 1 + chars <= most) {
        char *joined = ps_alloc_format("%s\n%s", *last, line);

        free(*last);
        *last = joined;
    } else if (reply->dropped == 0 && reply->len < PS_COMMAND_REPLY_PARTS_MAX &&
               chars + MORE_CHARS <= PS_COMMAND_REPLY_CHARS_MAX) {
        reply->parts[reply->len++] = ps_alloc_text(line);
    } else {
        drop_line(reply, last);
    }
}

void ps_command_reply_end(struct ps_command_reply *reply, struct ps_buf *line)
{
    ps_command_reply_line(reply, ps_buf_str(line));
    ps_buf_clear(line);
}

void ps_command_reply_begin(struct ps_buf *line)
{
    ps_buf_init(line, LINE_BYTES);
    (void)ps_buf_text(line, bullet);
}

/* "2026-11-23 09:05 UTC" */
void ps_command_reply_add_time(struct ps_buf *out, int64_t wall_ms)
{
    char text[PS_UTC_TIME_TEXT];

    ps_utc_time_format_time(wall_ms, text);
    (void)ps_buf_format(out, "%.10s %.5s UTC", text, text + 11);
}

static void add_ago(struct ps_buf *out, int64_t then_ms, int64_t wall_ms)
{
    char span[PS_UTC_TIME_TEXT];

    ps_utc_time_format_span((wall_ms - then_ms) / 1000, span);
    ps_command_reply_add_time(out, then_ms);
    (void)ps_buf_format(out, ", %s ago", span);
}

void ps_command_reply_help(enum ps_place place, struct ps_command_reply *reply)
{
    static const struct {
        const char *text;
        bool personal;
    } lines[] = {
        {"`status` \xe2\x80\x94 what Paperscout is doing",                false},
        { "`search <words>` \xe2\x80\x94 papers and drafts, by title, author or number; a paper's "
          "name alone does the same",                            false},
        { "`version`, `uptime`, `help`",                                  false},
        { "`watchlist add|remove|list [entry]` \xe2\x80\x94 your watchlist; `watch <entry>` and "
          "`unwatch <entry>` are short for `add` and `remove`",  true },
        { "an entry: `P2300`, `N5007` or `LWG4000` (that paper or issue), `2300` (every paper and "
          "issue of that number), `Eric Niebler` (an author, whole words), `subgroup LEWG`, or "
          "`/pattern/` (a regular expression), or `all` (every new paper and draft); several "
          "papers "
          "at once: `watch P2300, P2301`",                       true },
        { "`why P1234R0` \xe2\x80\x94 why you were notified, or why not", true },
        { "`mute <entry> [3d]`, `snooze [<entry>] 3d`, `unmute [<entry>]` \xe2\x80\x94 fewer "
          "notifications: muted matches are dropped, snoozed ones are delivered later; `stop` "
          "mutes "
          "everything",                                          true },
        { "`digest daily [08:00]`, `digest now`, `digest off` \xe2\x80\x94 one message a day, at "
          "that time "
          "in your zone",                                        true },
    };

    ps_command_reply_line(reply, "*Commands*");
    for (size_t i = 0; i < PS_COUNT_OF(lines); i++) {
        char *line = ps_alloc_format("%s%s", bullet, lines[i].text);

        if (!lines[i].personal || place == PS_PLACE_DIRECT)
            ps_command_reply_line(reply, line);
        free(line);
    }
    if (place != PS_PLACE_DIRECT)
        ps_command_reply_line(reply,
                              "In a direct message: `watchlist`, `watch`, `why`, `mute`, `snooze` "
                              "and `digest`; ask me `help` there.");
}

void ps_command_reply_hello(struct ps_command_reply *reply)
{
    ps_command_reply_line(reply, "Hello! I notify you about new C++ committee papers and drafts. "
                                 "`watch P2300` adds a paper to your watchlist, `list` shows it, "
                                 "and `help` shows everything else.");
}

void ps_command_reply_unknown(const struct ps_user_command *ask, struct ps_command_reply *reply)
{
    struct ps_buf line;

    if (ask->suggestion[0] == '\0') {
        ps_command_reply_line(reply, "Unknown command. Try `help` for usage.");
        return;
    }
    ps_buf_init(&line, LINE_BYTES);
    (void)ps_buf_text(&line, "Unknown command. Did you mean `");
    ps_mrkdwn_text(&line, ask->suggestion, sizeof(ask->suggestion));
    (void)ps_buf_text(&line, "`? Try `help` for usage.");
    ps_command_reply_end(reply, &line);
}

/* Escapes text; spaces at its ends stay. */
static void add_segment(struct ps_buf *out, struct ps_str text)
{
    char *copy = ps_alloc_copy(text.data, text.len);

    if (text.len > 0 && text.data[0] == ' ')
        (void)ps_buf_char(out, ' ');
    ps_mrkdwn_text(out, copy, LINE_BYTES);
    if (text.len > 1 && text.data[text.len - 1] == ' ')
        (void)ps_buf_char(out, ' ');
    free(copy);
}

/* Backticks in pairs are code, such as a suggested entry; any other is escaped with the rest. */
static void add_sentence(struct ps_buf *out, const char *text)
{
    struct ps_str rest = ps_str_of(text), segment;
    size_t ticks = 0;

    for (const char *at = text; *at != '\0'; at++)
        ticks += *at == '`';
    if (ticks % 2 != 0) {
        ps_mrkdwn_text(out, text, LINE_BYTES);
        return;
    }
    while (ps_str_next(&rest, '`', &segment)) {
        add_segment(out, segment);
        if (ticks-- > 0)
            (void)ps_buf_char(out, '`');
        else
            break;
    }
}

void ps_command_reply_wrong(const struct ps_user_command *ask, struct ps_command_reply *reply)
{
    struct ps_buf line;

    ps_buf_init(&line, LINE_BYTES);
    if (strncmp(ask->problem, "Usage:", 6) != 0)
        (void)ps_buf_text(&line, "That did not work: ");
    add_sentence(&line, ask->problem);
    ps_command_reply_end(reply, &line);
}

void ps_command_reply_refusal(const struct ps_user_command *ask, struct ps_command_reply *reply)
{
    (void)ask;
    ps_command_reply_line(reply,
                          "Watchlist commands only work in a direct message with me, or after "
                          "`/paperscout`, where nobody else sees the answer.");
}

void ps_command_reply_version(const char *version, struct ps_command_reply *reply)
{
    char *line = ps_alloc_format("Paperscout v%s", version);

    ps_command_reply_line(reply, line);
    free(line);
}

void ps_command_reply_uptime(int64_t launched_ms, int64_t wall_ms, struct ps_command_reply *reply)
{
    struct ps_buf line;
    char span[PS_UTC_TIME_TEXT];

    ps_buf_init(&line, LINE_BYTES);
    ps_utc_time_format_span((wall_ms - launched_ms) / 1000, span);
    (void)ps_buf_format(&line, "Paperscout started %s ago (", span);
    ps_command_reply_add_time(&line, launched_ms);
    (void)ps_buf_char(&line, ')');
    ps_command_reply_end(reply, &line);
}

void ps_command_reply_trouble(struct ps_command_reply *reply)
{
    ps_command_reply_line(reply, "I could not do that after several attempts. Nothing was changed. "
                                 "Please try again later.");
}

/* People outside electronics read "open" as "works"; a circuit that is open carries nothing. */
static const char *circuit_words(const char *circuit)
{
    if (strcmp(circuit, "open") == 0)
        return "Slack has failed several times; sending pauses for a moment";
    return strcmp(circuit, "closed") == 0 ? "Slack accepts them" : "sending is being tried again";
}

static void add_settings(const struct ps_command_reply_status *status,
                         struct ps_command_reply *reply)
{
    bool minutes = status->poll_interval_seconds >= 60;
    double count = status->poll_interval_seconds / (minutes ? 60 : 1);
    struct ps_buf line;

    ps_buf_init(&line, LINE_BYTES);
    (void)ps_buf_format(&line, "%sPoll interval: %g %s%s", bullet, count,
                        minutes ? "minute" : "second", count == 1 ? "" : "s");
    ps_command_reply_end(reply, &line);
    (void)ps_buf_format(&line, "%sProbing isocpp.org: %s", bullet, status->probing ? "on" : "off");
    ps_command_reply_end(reply, &line);
    (void)ps_buf_format(&line, "%sAlert window: drafts modified within the last %g hour%s", bullet,
                        status->alert_hours, status->alert_hours == 1 ? "" : "s");
    ps_command_reply_end(reply, &line);
}

void ps_command_reply_status(const struct ps_command_reply_status *status, int64_t wall_ms,
                             struct ps_command_reply *reply)
{
    const char *cycle = status->cycle_status; /* running, failed */
    struct ps_buf line;

    ps_command_reply_line(reply, "*Paperscout status*");
    ps_buf_init(&line, LINE_BYTES);
    (void)ps_buf_format(&line, "%sPapers in the index: %" PRId64, bullet, status->papers);
    if (status->index_ms > 0) {
        (void)ps_buf_text(&line, ", read ");
        add_ago(&line, status->index_ms, wall_ms);
    }
    ps_command_reply_end(reply, &line);
    (void)ps_buf_format(&line, "%sLast successful poll: ", bullet);
    if (status->poll_ms > 0)
        add_ago(&line, status->poll_ms, wall_ms);
    else
        (void)ps_buf_text(&line, "never");
    (void)ps_buf_format(&line, " (%" PRId64 " poll%s in all)", status->polls,
                        status->polls == 1 ? "" : "s");
    ps_command_reply_end(reply, &line);
    if (status->cycle > 0) {
        if (strcmp(cycle, "success") == 0)
            cycle = "drafts found";
        else if (strcmp(cycle, "empty") == 0)
            cycle = "nothing new";
        (void)ps_buf_format(&line, "%sCycle %" PRId64 ": %s, %" PRId64 " probes, begun ", bullet,
                            status->cycle, cycle, status->probes);
        add_ago(&line, status->cycle_ms, wall_ms);
        ps_command_reply_end(reply, &line);
    }
    (void)ps_buf_format(&line, "%sDrafts found by probing: %" PRId64, bullet, status->drafts);
    ps_command_reply_end(reply, &line);
    add_settings(status, reply);
    (void)ps_buf_format(&line,
                        "%sMessages not sent yet: %" PRId64 ", %" PRId64 " of them queued; %s",
                        bullet, status->waiting, status->depth, circuit_words(status->circuit));
    ps_command_reply_end(reply, &line);
    (void)ps_buf_format(&line, "%sVersion: %s", bullet, status->version);
    ps_command_reply_end(reply, &line);
}

/* *köppe* (author), *lewg* (subgroup), everything */
void ps_command_reply_add_rule(struct ps_buf *out, enum ps_watch_kind kind, const char *text)
{
    bool slashes = kind == PS_WATCH_KIND_PATTERN;

    if (kind == PS_WATCH_KIND_ALL) {
        (void)ps_buf_text(out, "everything");
        return;
    }
    (void)ps_buf_text(out, slashes ? "*/" : "*");
    ps_mrkdwn_text(out, text, PS_WATCH_ENTRY_MAX);
    (void)ps_buf_format(out, "%s (%s)", slashes ? "/*" : "*", ps_watch_noun(kind, text));
}

static char *quiet_done(const struct ps_user_command *ask, const char *rule)
{
    struct ps_buf text;

    ps_buf_init(&text, LINE_BYTES);
    (void)ps_buf_format(&text, "%s: %s ", ask->snooze ? "Snoozed" : "Muted", rule);
    if (ask->until_ms > 0) {
        (void)ps_buf_text(&text, "until ");
        ps_command_reply_add_time(&text, ask->until_ms);
    } else {
        (void)ps_buf_text(&text, "until you `unmute` it");
    }
    (void)ps_buf_text(&text, ask->snooze ? ". Matches that arrive meanwhile are delivered when the "
                                           "snooze ends."
                                         : ".");
    return ps_buf_take(&text);
}

void ps_command_reply_change(const struct ps_user_command *ask, size_t at,
                             char *out_texts[PS_WATCH_CHANGE_COUNT])
{
    const char *zone = ask->zone[0] != '\0' ? ask->zone : "UTC";
    const struct ps_watch_rule *meant = &ask->rules.items[at];
    struct ps_buf text;
    char *rule, *done = NULL, *same = NULL;

    ps_buf_init(&text, LINE_BYTES);
    ps_command_reply_add_rule(&text, meant->kind, meant->text);
    rule = ps_buf_take(&text);

    switch (ask->kind) {
    case PS_USER_COMMAND_ADD:
        done = ps_alloc_format("Added %s to your watchlist.", rule);
        same = ps_alloc_format("%s is already on your watchlist.", rule);
        break;
    case PS_USER_COMMAND_REMOVE:
        done = ps_alloc_format("Removed %s from your watchlist.", rule);
        same = ps_alloc_format("%s was not on your watchlist.", rule);
        break;
    case PS_USER_COMMAND_MUTE:
        done = quiet_done(ask, rule);
        break;
    case PS_USER_COMMAND_UNMUTE:
        done = ps_alloc_format("%s is unmuted. You will be notified about it again.", rule);
        same = ps_alloc_format("%s is not muted or snoozed.", rule);
        break;
    case PS_USER_COMMAND_DIGEST_DAILY:
        done = ps_alloc_format("You will get your matches in one message a day, at %02d:%02d %s.",
                               ask->minute / 60, ask->minute % 60, zone);
        same = ps_alloc_format("Your digest is at %02d:%02d %s already.", ask->minute / 60,
                               ask->minute % 60, zone);
        break;
    case PS_USER_COMMAND_DIGEST_OFF:
        done =
            ps_alloc_text("The daily digest is off. You will be notified as soon as something is "
                          "found.");
        same = ps_alloc_text("You have no daily digest. You are notified as soon as something is "
                             "found.");
        break;
    case PS_USER_COMMAND_DIGEST_NOW:
        done = ps_alloc_text("Your digest is on its way. It holds everything that is complete by "
                             "now.");
        same = ps_alloc_text("Nothing is waiting for your digest.");
        break;
    case PS_USER_COMMAND_HELP:
    case PS_USER_COMMAND_STATUS:
    case PS_USER_COMMAND_VERSION:
    case PS_USER_COMMAND_UPTIME:
    case PS_USER_COMMAND_SEARCH:
    case PS_USER_COMMAND_HELLO:
    case PS_USER_COMMAND_UNKNOWN:
    case PS_USER_COMMAND_LIST:
    case PS_USER_COMMAND_WHY:
    case PS_USER_COMMAND_WRONG:
    case PS_USER_COMMAND_COUNT:
        break;
    }
    out_texts[PS_WATCH_DONE] = done != NULL ? done : ps_alloc_text("Done.");
    out_texts[PS_WATCH_SAME] = same != NULL ? same : ps_alloc_text("Nothing to change.");
    out_texts[PS_WATCH_FULL] = ps_alloc_text("Your list is full. Remove an entry first.");
    out_texts[PS_WATCH_FAR] = ps_alloc_format(
        "%s was not added: the number is far above that of every known paper.", rule);
    free(rule);
}

static void add_entry(const struct ps_command_reply_entry *entry, struct ps_command_reply *reply)
{
    enum ps_watch_kind kind = PS_WATCH_KIND_ALL;
    struct ps_buf line;

    if (!ps_watch_kind_parse(entry->kind, &kind))
        return;
    ps_buf_init(&line, LINE_BYTES);
    (void)ps_buf_text(&line, bullet);
    ps_command_reply_add_rule(&line, kind, entry->value);
    if (entry->quiet) {
        (void)ps_buf_text(&line, entry->snooze ? ", snoozed" : ", muted");
        if (entry->until_ms > 0) {
            (void)ps_buf_text(&line, " until ");
            ps_command_reply_add_time(&line, entry->until_ms);
        }
    }
    ps_command_reply_end(reply, &line);
}

void ps_command_reply_list(const struct ps_command_reply_entry *entries, size_t count,
                           const struct ps_command_reply_digest *digest,
                           struct ps_command_reply *reply)
{
    size_t watched = 0, others = 0;

    for (size_t i = 0; i < count; i++)
        watched += entries[i].watched;
    if (watched == 0) {
        ps_command_reply_line(reply, "Your watchlist is empty.");
        ps_command_reply_line(reply,
                              "Use `watchlist add <author-name>` or `watchlist add <paper-number>` "
                              "to add entries. `watch P2300`, `watch subgroup LEWG` and `watch "
                              "/pattern/` work too.");
    } else {
        ps_command_reply_line(reply, "Your watchlist:");
    }
    for (size_t i = 0; i < count; i++)
        if (entries[i].watched)
            add_entry(&entries[i], reply);
    for (size_t i = 0; i < count; i++) {
        if (entries[i].watched)
            continue;
        if (others++ == 0)
            ps_command_reply_line(reply, "Also muted or snoozed:");
        add_entry(&entries[i], reply);
    }
    if (digest->minute >= 0) {
        char *line = ps_alloc_format("You get your matches in one message a day, at %02d:%02d %s.",
                                     digest->minute / 60, digest->minute % 60, digest->zone);

        ps_command_reply_line(reply, line);
        free(line);
    }
}
