#include "scheduler/core/notification.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/json.h"
#include "shared/core/mrkdwn.h"
#include "shared/core/paper_id.h"
#include "shared/core/str.h"
#include "shared/core/utc_time.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Limits for the parts of a line, so that any line fits into a message. */
enum {
    TITLE_CHARS = 300,
    AUTHOR_CHARS = 150,
    REASON_CHARS = 120,
    KEY_CHARS = 300,
    LINKS_CHARS = 1500, /* URLs of one line, together */
    TEXT_CHARS = 2800,
    HEADING_CHARS = 100,
    LINE_BYTES_MAX = 4 * PS_MESSAGE_CHARS_MAX
};

static const char bullet[] = "\xe2\x80\xa2 ";

void ps_outbox_row_clear(struct ps_outbox_row *row)
{
    free(row->dedupe_key);
    free(row->channel);
    free(row->data);
    *row = (struct ps_outbox_row){ 0 };
}

/* The data of a row: what a line is made of when the cycle closes and rows are bundled. */
static cJSON *data_of(const char *id, const char *url, const struct ps_paper *paper)
{
    cJSON *data = cJSON_CreateObject();

    ps_json_add_text(data, "id", id);
    ps_json_add_text(data, "url", url);
    ps_json_add_text(data, "title", paper ? paper->title : "");
    ps_json_add_text(data, "author", paper ? paper->author : "");
    return data;
}

/* The page of the index with all revisions of a paper: wg21.link/p1234. */
static void add_index(cJSON *data, const char *paper_id)
{
    struct ps_paper_id id;
    char *url;

    if (!ps_paper_id_parse(paper_id, strlen(paper_id), &id) || id.revision < 0)
        return;
    url = ps_alloc_format("https://wg21.link/p%04d", (int)id.number);
    ps_json_add_text(data, "index_url", url);
    free(url);
}

static cJSON *data_of_draft(const struct ps_draft_found *draft)
{
    struct ps_paper facts = { .title = "", .author = "" };
    cJSON *data;

    if (draft->paper != NULL)
        facts = *draft->paper;
    if (draft->title != NULL)
        facts.title = draft->title;
    if (draft->authors != NULL)
        facts.author = draft->authors;
    data = data_of(draft->paper_id, draft->url, &facts);
    if (draft->paper != NULL)
        add_index(data, draft->paper_id);
    ps_json_add_bool(data, "draft", true);
    ps_json_add_time(data, "modified", draft->modified_ms);
    return data;
}

static void fill_row(struct ps_outbox_row *out_row, enum ps_message_kind kind, char *dedupe_key,
                     const char *channel, cJSON *data)
{
    *out_row = (struct ps_outbox_row){
        .dedupe_key = dedupe_key,
        .kind = kind,
        .channel = ps_alloc_text(channel),
        .data = ps_json_print(data),
    };
    cJSON_Delete(data);
}

static cJSON *data_of_paper(const struct ps_paper *paper)
{
    const char *indexed = *paper->link ? paper->link : paper->long_link;
    /* If the index has no link, wg21.link redirects to the paper. */
    char *link =
        *indexed ? ps_alloc_text(indexed) : ps_alloc_format("https://wg21.link/%s", paper->id);
    cJSON *data = data_of(paper->id, link, paper);

    free(link);
    return data;
}

/* with number and paper, so that PostgreSQL knows whether the paper is muted or snoozed */
static void add_reason(cJSON *data, const char *reason, enum ps_watch_kind by)
{
    const char *id_text = ps_json_text(data, "id");
    struct ps_watch_rule paper;
    struct ps_paper_id id;
    char *number;

    ps_json_add_text(data, "reason", reason);
    ps_json_add_text(data, "by", ps_watch_kind_name(by));
    ps_json_add_bool(data, "by_author", by == PS_WATCH_KIND_AUTHOR);
    if (id_text && ps_paper_id_parse(id_text, strlen(id_text), &id)) {
        number = ps_alloc_format("%d", id.number);
        ps_json_add_text(data, "number", number);
        free(number);
        ps_watch_rule_paper(id.prefix, id.number, &paper);
        ps_json_add_text(data, "paper", paper.text);
    }
}

static const char *lead_to_reason(const cJSON *data, bool by_author, const char *reason)
{
    enum ps_watch_kind by = by_author ? PS_WATCH_KIND_AUTHOR : PS_WATCH_KIND_NUMBER;
    const char *name = ps_json_text(data, "by");

    if (name && !ps_watch_kind_parse(name, &by))
        by = PS_WATCH_KIND_NUMBER;
    switch (by) {
    case PS_WATCH_KIND_AUTHOR:
        return "author: ";
    case PS_WATCH_KIND_SUBGROUP:
        return "subgroup: ";
    case PS_WATCH_KIND_PATTERN:
        return "pattern: ";
    case PS_WATCH_KIND_PAPER:
        return strcmp(ps_watch_noun(by, reason), "issue") == 0 ? "issue " : "paper ";
    case PS_WATCH_KIND_NUMBER:
    case PS_WATCH_KIND_ALL:
    case PS_WATCH_KIND_COUNT:
        break;
    }
    return "paper ";
}

void ps_notification_draft(const struct ps_draft_found *draft, const char *channel, bool frontier,
                           struct ps_outbox_row *out_row)
{
    fill_row(out_row, frontier ? PS_MESSAGE_FRONTIER : PS_MESSAGE_DRAFT,
             ps_alloc_format("draft:%s", draft->url), channel, data_of_draft(draft));
}

void ps_notification_transition(const struct ps_paper *paper, const char *draft_url,
                                const char *channel, struct ps_outbox_row *out_row)
{
    cJSON *data = data_of_paper(paper);

    ps_json_add_text(data, "date", paper->date);
    ps_json_add_text(data, "draft_url", draft_url);
    add_index(data, paper->id);
    fill_row(out_row, PS_MESSAGE_DP_TRANSITION, ps_alloc_format("dp:%s", paper->id), channel, data);
}

void ps_notification_new_paper(const struct ps_paper *paper, const char *channel,
                               struct ps_outbox_row *out_row)
{
    cJSON *data = data_of_paper(paper);

    ps_json_add_text(data, "date", paper->date);
    add_index(data, paper->id);
    fill_row(out_row, PS_MESSAGE_NEW_PAPER, ps_alloc_format("new:%s", paper->id), channel, data);
}

void ps_notification_watch_paper(const struct ps_paper *paper, const char *user, const char *reason,
                                 enum ps_watch_kind by, struct ps_outbox_row *out_row)
{
    cJSON *data = data_of_paper(paper);

    add_reason(data, reason, by);
    fill_row(out_row, PS_MESSAGE_WATCHLIST, ps_alloc_format("watch:%s:%s", user, paper->id), user,
             data);
}

void ps_notification_watch_changed(const struct ps_paper_change *change, const char *user,
                                   const char *reason, enum ps_watch_kind by,
                                   struct ps_outbox_row *out_row)
{
    const struct ps_paper *paper = change->paper;
    cJSON *data = data_of_paper(paper);

    ps_json_add_text(data, "changed", change->fields);
    add_reason(data, reason, by);
    fill_row(out_row, PS_MESSAGE_WATCHLIST, ps_alloc_format("watch:%s:%s", user, paper->id), user,
             data);
}

void ps_notification_watch_draft(const struct ps_draft_found *draft, const char *user,
                                 const char *reason, enum ps_watch_kind by,
                                 struct ps_outbox_row *out_row)
{
    cJSON *data = data_of_draft(draft);

    add_reason(data, reason, by);
    fill_row(out_row, PS_MESSAGE_WATCHLIST, ps_alloc_format("watch:%s:%s", user, draft->paper_id),
             user, data);
}

void ps_notification_update(const struct ps_draft_found *draft, const char *print,
                            const char *channel, struct ps_outbox_row *out_row)
{
    fill_row(out_row, PS_MESSAGE_DRAFT_UPDATE, ps_alloc_format("update:%s:%s", draft->url, print),
             channel, data_of_draft(draft));
}

void ps_notification_watch_update(const struct ps_draft_found *draft, const char *print,
                                  const char *user, const char *reason, enum ps_watch_kind by,
                                  struct ps_outbox_row *out_row)
{
    cJSON *data = data_of_draft(draft);

    ps_json_add_bool(data, "updated", true);
    add_reason(data, reason, by);
    fill_row(out_row, PS_MESSAGE_WATCHLIST,
             ps_alloc_format("watch:%s:%s:%s", user, draft->paper_id, print), user, data);
}

void ps_notification_text(enum ps_message_kind kind, const char *dedupe_key, const char *channel,
                          const char *text, struct ps_outbox_row *out_row)
{
    cJSON *data = cJSON_CreateObject();

    ps_json_add_text(data, "text", text);
    fill_row(out_row, kind, ps_alloc_text(dedupe_key), channel, data);
}

struct heading {
    const char *one, *many; /* NULL: lines have no heading */
};

static struct heading heading_of(enum ps_message_kind kind)
{
    switch (kind) {
    case PS_MESSAGE_DP_TRANSITION:
        return (struct heading){ "Draft that is now an official paper",
                                 "Drafts that are now official papers" };
    case PS_MESSAGE_FRONTIER:
        return (struct heading){ "New draft near the highest paper numbers",
                                 "New drafts near the highest paper numbers" };
    case PS_MESSAGE_DRAFT:
        return (struct heading){ "New draft", "New drafts" };
    case PS_MESSAGE_DRAFT_UPDATE:
        return (struct heading){ "Draft that has changed", "Drafts that have changed" };
    case PS_MESSAGE_NEW_PAPER:
        return (struct heading){ "New paper in the index", "New papers in the index" };
    case PS_MESSAGE_WATCHLIST:
        return (struct heading){ "New on your watchlist", "New on your watchlist" };
    case PS_MESSAGE_OPS_ALERT:
    case PS_MESSAGE_OPS_RECOVERY:
    case PS_MESSAGE_STARTUP:
    case PS_MESSAGE_REPLY:
    case PS_MESSAGE_MANUAL:
    case PS_MESSAGE_KIND_COUNT:
        break;
    }
    return (struct heading){ NULL, NULL };
}

/* One line of a message while it is made: a paper or draft, from one row or from several
 * extensions. */
struct line {
    const char *id; /* borrowed from the data of its first row; NULL: it stands for one row only */
    struct ps_paper_id parsed; /* of id; number INT_MAX if it is none */
    size_t first_row;
    size_t place; /* before the lines were sorted */
    size_t message;
    char *text;
};

struct composer {
    enum ps_message_kind kind;
    const char *const *keys;
    size_t rows;
    int64_t now_ms;
    cJSON **data;     /* NULL where it cannot be read */
    size_t *row_line; /* for each row, index of its line */
    struct line *lines;
    size_t len;
};

/* <url.pdf|D1234R0> (<url.html|html>) */
static void add_links(const struct composer *composer, size_t line, struct ps_buf *out)
{
    const struct line *self = &composer->lines[line];
    size_t room = LINKS_CHARS, extra = 0;

    for (size_t row = self->first_row; row < composer->rows; row++) {
        const char *url, *dot, *label = self->id;
        size_t before = out->len;

        if (composer->row_line[row] != line)
            continue;
        url = ps_json_text_or(composer->data[row], "url", "");
        if (row != self->first_row) {
            (void)ps_buf_text(out, extra++ == 0 ? " (" : ", ");
            dot = strrchr(url, '.');
            label = dot && !strchr(dot, '/') && dot[1] ? dot + 1 : "other";
        }
        ps_mrkdwn_link(out, url, label, room);
        room -= out->len - before < room ? out->len - before : room;
    }
    if (extra > 0)
        (void)ps_buf_char(out, ')');
}

/* Adds ", 3 hours ago"; nothing for a time in the future. */
static void add_age(int64_t age_ms, struct ps_buf *out)
{
    static const struct {
        int64_t from_ms, unit_ms;
        const char *unit;
    } spans[] = {
        {INT64_C(60) * 86400000, INT64_C(30) * 86400000, "months" },
        { 2 * 86400000,          86400000,               "days"   },
        { 2 * 3600000,           3600000,                "hours"  },
        { 2 * 60000,             60000,                  "minutes"},
    };

    if (age_ms < 0)
        return;
    for (size_t i = 0; i < PS_COUNT_OF(spans); i++) {
        if (age_ms >= spans[i].from_ms) {
            (void)ps_buf_format(out, ", %lld %s ago", (long long)(age_ms / spans[i].unit_ms),
                                spans[i].unit);
            return;
        }
    }
    (void)ps_buf_text(out, ", just now");
}

static void begin_note(struct ps_buf *out, size_t *notes)
{
    (void)ps_buf_text(out, (*notes)++ == 0 ? " (" : "; ");
}

static void add_utc(int64_t wall_ms, struct ps_buf *out)
{
    char text[PS_UTC_TIME_TEXT];

    ps_utc_time_format_time(wall_ms, text); /* "2026-11-23T09:05:07Z" */
    (void)ps_buf_format(out, "%.10s %.5s UTC", text, text + 11);
}

/* Adds "draft seen 2026-11-23 09:05 UTC, modified 2026-11-22 18:00 UTC" about the draft of a
 * transition, which the store added to the row. */
static void add_draft_times(const cJSON *data, struct ps_buf *out, size_t *notes)
{
    const char *seen = ps_json_text(data, "draft_seen");
    const char *modified = ps_json_text(data, "draft_modified");
    int64_t seen_ms, modified_ms;

    if (!seen || !ps_utc_time_parse_time(seen, &seen_ms))
        return;
    begin_note(out, notes);
    (void)ps_buf_text(out, "draft seen ");
    add_utc(seen_ms, out);
    if (!modified || !ps_utc_time_parse_http(modified, &modified_ms))
        return;
    (void)ps_buf_text(out, ", modified ");
    add_utc(modified_ms, out);
}

/* (draft, modified 2026-11-23 09:05 UTC, 3 hours ago; index; author: köppe) */
static void add_notes(const struct composer *composer, const cJSON *data, struct ps_buf *out)
{
    const char *modified = ps_json_text(data, "modified"), *reason = ps_json_text(data, "reason");
    const char *draft_url = ps_json_text(data, "draft_url");
    const char *changed = ps_json_text(data, "changed");
    const char *index_url = ps_json_text(data, "index_url");
    bool draft = false, updated = false, by_author = false;
    size_t notes = 0;
    int64_t modified_ms;

    if (!ps_json_bool(data, "draft", &draft))
        draft = false;
    if (!ps_json_bool(data, "updated", &updated))
        updated = false;
    if (draft && composer->kind == PS_MESSAGE_WATCHLIST) {
        begin_note(out, &notes);
        (void)ps_buf_text(out, updated ? "updated draft" : "draft");
    }
    if (changed) {
        begin_note(out, &notes);
        (void)ps_buf_text(out, "changed in the index: ");
        ps_mrkdwn_text(out, changed, REASON_CHARS);
    }
    if (modified && ps_utc_time_parse_time(modified, &modified_ms)) {
        begin_note(out, &notes);
        (void)ps_buf_text(out, "modified ");
        add_utc(modified_ms, out);
        if (composer->now_ms != 0)
            add_age(composer->now_ms - modified_ms, out);
    }
    if (draft_url) {
        add_draft_times(data, out, &notes);
        begin_note(out, &notes);
        ps_mrkdwn_link(out, draft_url, "the draft", LINKS_CHARS / 2);
    }
    if (index_url) {
        begin_note(out, &notes);
        ps_mrkdwn_link(out, index_url, "index", LINKS_CHARS / 2);
    }
    if (reason && *reason == '\0') {
        begin_note(out, &notes);
        (void)ps_buf_text(out, "you watch everything");
    } else if (reason) {
        if (!ps_json_bool(data, "by_author", &by_author))
            by_author = false;
        begin_note(out, &notes);
        (void)ps_buf_text(out, lead_to_reason(data, by_author, reason));
        ps_mrkdwn_text(out, reason, REASON_CHARS);
    }
    if (notes > 0)
        (void)ps_buf_char(out, ')');
}

static void add_what(const cJSON *data, struct ps_buf *out)
{
    const char *title = ps_json_text_or(data, "title", ""),
               *author = ps_json_text_or(data, "author", "");

    if (*title) {
        (void)ps_buf_char(out, ' ');
        ps_mrkdwn_text(out, title, TITLE_CHARS);
    }
    if (*author) {
        (void)ps_buf_text(out, " \xe2\x80\x94 ");
        ps_mrkdwn_text(out, author, AUTHOR_CHARS);
    }
}

/* The text keeps its own lines. */
static void add_plain(const char *plain, struct ps_buf *out)
{
    struct ps_str rest = ps_str_of(plain), part;
    size_t chars = 0;

    for (bool first = true; chars < TEXT_CHARS && ps_str_next(&rest, '\n', &part); first = false) {
        char *text = ps_alloc_copy(part.data, part.len);
        size_t before = out->len;

        if (!first)
            (void)ps_buf_char(out, '\n');
        ps_mrkdwn_text(out, text, TEXT_CHARS - chars);
        chars += out->len == before ? 0 : ps_mrkdwn_chars(out->data + before);
        free(text);
    }
}

static char *text_of_line(const struct composer *composer, size_t line)
{
    const struct line *self = &composer->lines[line];
    const cJSON *data = composer->data[self->first_row];
    const char *plain = data ? ps_json_text(data, "text") : NULL;
    bool titled = false;
    struct ps_buf out;

    /* A document that was not read has no title, but another file of the same draft may have one.
     */
    for (size_t row = self->first_row; !titled && row < composer->rows; row++) {
        titled =
            composer->row_line[row] == line && *ps_json_text_or(composer->data[row], "title", "");
        if (titled)
            data = composer->data[row];
    }

    ps_buf_init(&out, LINE_BYTES_MAX);
    if (self->id) {
        (void)ps_buf_text(&out, bullet);
        add_links(composer, line, &out);
        add_what(data, &out);
        add_notes(composer, data, &out);
    } else if (plain) {
        add_plain(plain, &out);
    } else {
        (void)ps_buf_format(&out, "%s(unreadable) ", bullet);
        ps_mrkdwn_text(&out, composer->keys[self->first_row], KEY_CHARS);
    }
    return ps_buf_take(&out);
}

/* Rows of one draft with several extensions become one line. */
static void group_rows(struct composer *composer)
{
    bool groups = composer->kind == PS_MESSAGE_FRONTIER || composer->kind == PS_MESSAGE_DRAFT ||
                  composer->kind == PS_MESSAGE_DRAFT_UPDATE;

    for (size_t row = 0; row < composer->rows; row++) {
        const char *id = composer->data[row] ? ps_json_text(composer->data[row], "id") : NULL;
        size_t line = groups && id ? 0 : composer->len;

        while (line < composer->len &&
               (!composer->lines[line].id || strcmp(composer->lines[line].id, id) != 0))
            line++;
        if (line == composer->len)
            composer->lines[composer->len++] = (struct line){ .id = id, .first_row = row };
        composer->row_line[row] = line;
    }
}

static int by_number(const void *left, const void *right)
{
    const struct line *a = left, *b = right;
    int order;

    if (a->parsed.number != b->parsed.number)
        return (a->parsed.number > b->parsed.number) - (a->parsed.number < b->parsed.number);
    order = strcmp(a->parsed.prefix, b->parsed.prefix);
    if (order != 0)
        return order;
    if (a->parsed.revision != b->parsed.revision)
        return (a->parsed.revision > b->parsed.revision) -
               (a->parsed.revision < b->parsed.revision);
    return (a->place > b->place) - (a->place < b->place);
}

/* Sorts lines by paper: the order of the rows, in which they were decided, means nothing to a
 * reader. Lines without a paper keep that order and come last. */
static void sort_lines(struct composer *composer)
{
    size_t *now = ps_alloc_zero(composer->len + 1, sizeof(*now));

    for (size_t i = 0; i < composer->len; i++) {
        struct line *line = &composer->lines[i];

        line->place = i;
        if (!line->id || !ps_paper_id_parse(line->id, strlen(line->id), &line->parsed))
            line->parsed = (struct ps_paper_id){ .number = INT_MAX };
    }
    qsort(composer->lines, composer->len, sizeof(*composer->lines), by_number);
    for (size_t i = 0; i < composer->len; i++)
        now[composer->lines[i].place] = i;
    for (size_t row = 0; row < composer->rows; row++)
        composer->row_line[row] = now[composer->row_line[row]];
    free(now);
}

/* Returns how many messages the lines need. */
static size_t fill_messages(struct composer *composer)
{
    size_t message = 0, used = HEADING_CHARS;

    for (size_t i = 0; i < composer->len; i++) {
        struct line *line = &composer->lines[i];
        size_t chars;

        line->text = text_of_line(composer, i);
        chars = ps_mrkdwn_chars(line->text) + 1;
        if (used + chars > PS_MESSAGE_CHARS_MAX && used > HEADING_CHARS) {
            message++;
            used = HEADING_CHARS;
        }
        used += chars;
        line->message = message;
    }
    return composer->len == 0 ? 0 : message + 1;
}

static char *text_of_message(const struct composer *composer, size_t message, size_t messages)
{
    struct heading heading = heading_of(composer->kind);
    struct ps_buf out;

    ps_buf_init(&out, (size_t)2 * LINE_BYTES_MAX);
    if (heading.one) {
        (void)ps_buf_format(&out, "*%s*", composer->len == 1 ? heading.one : heading.many);
        if (messages > 1)
            (void)ps_buf_format(&out, " (%zu/%zu)", message + 1, messages);
    }
    for (size_t i = 0; i < composer->len; i++) {
        if (composer->lines[i].message != message)
            continue;
        if (out.len > 0)
            (void)ps_buf_char(&out, '\n');
        (void)ps_buf_text(&out, composer->lines[i].text);
    }
    return ps_buf_take(&out);
}

void ps_notification_messages(enum ps_message_kind kind, const struct ps_notification_rows *given,
                              struct ps_messages *out_messages)
{
    size_t rows = given->count;
    struct composer composer = {
        .kind = kind, .keys = given->dedupe_keys, .rows = rows, .now_ms = given->now_ms
    };
    struct ps_messages messages = { 0 };

    composer.data = ps_alloc_zero(rows + 1, sizeof(cJSON *));
    composer.row_line = ps_alloc_zero(rows + 1, sizeof(size_t));
    composer.lines = ps_alloc_zero(rows + 1, sizeof(*composer.lines));
    for (size_t row = 0; row < rows; row++)
        composer.data[row] = ps_json_parse(given->data[row], strlen(given->data[row]), NULL);
    group_rows(&composer);
    sort_lines(&composer);
    messages.len = fill_messages(&composer);
    messages.texts = ps_alloc_zero(messages.len + 1, sizeof(char *));
    messages.row_message = ps_alloc_zero(rows + 1, sizeof(size_t));
    for (size_t i = 0; i < messages.len; i++)
        messages.texts[i] = text_of_message(&composer, i, messages.len);
    for (size_t row = 0; row < rows; row++) {
        messages.row_message[row] = composer.lines[composer.row_line[row]].message;
        cJSON_Delete(composer.data[row]);
    }
    for (size_t i = 0; i < composer.len; i++)
        free(composer.lines[i].text);
    free(composer.lines);
    free(composer.row_line);
    free(composer.data);
    *out_messages = messages;
}

/* "*New drafts*\n…" and "*Drafts that have changed*\n…" with an empty line between. */
static bool join_first(struct ps_messages *messages, struct ps_messages *later)
{
    char **last = messages->len > 0 ? &messages->texts[messages->len - 1] : NULL;
    char *joined;

    if (last == NULL || later->len == 0 ||
        strlen(*last) + 2 + strlen(later->texts[0]) > PS_POST_BYTES_MAX)
        return false;
    joined = ps_alloc_format("%s\n\n%s", *last, later->texts[0]);
    free(*last);
    *last = joined;
    return true;
}

void ps_messages_append(struct ps_messages *messages, struct ps_messages *later, size_t rows,
                        size_t later_rows)
{
    size_t skip = join_first(messages, later) ? 1 : 0, base = messages->len - skip;

    messages->texts =
        ps_alloc_array(messages->texts, messages->len + later->len + 1, sizeof(char *));
    messages->row_message =
        ps_alloc_array(messages->row_message, rows + later_rows + 1, sizeof(size_t));
    for (size_t i = skip; i < later->len; i++) {
        messages->texts[messages->len++] = later->texts[i];
        later->texts[i] = NULL;
    }
    for (size_t i = 0; i < later_rows; i++)
        messages->row_message[rows + i] = base + later->row_message[i];
    ps_messages_clear(later);
}

char *ps_notification_suspended(const char *pattern)
{
    struct ps_buf shown;
    char *text;

    ps_buf_init(&shown, 8 * PS_WATCH_ENTRY_MAX);
    ps_mrkdwn_text(&shown, pattern, PS_WATCH_ENTRY_MAX);
    text = ps_alloc_format(
        "Your pattern `/%s/` takes too long to match, so it is suspended: it finds nothing "
        "any more. Please remove it (`unwatch /…/`) and add a simpler one, with fewer "
        "`*`, `+`, `|` and `{…}`.",
        ps_buf_str(&shown));
    ps_buf_clear(&shown);
    return text;
}

char *ps_notification_overflow(size_t count)
{
    return ps_alloc_format(
        "%zu more papers and drafts match what you watch; they are not listed. `search` "
        "finds them, `watchlist list` shows what matches so much.",
        count);
}

void ps_messages_clear(struct ps_messages *messages)
{
    for (size_t i = 0; i < messages->len; i++)
        free(messages->texts[i]);
    free(messages->texts);
    free(messages->row_message);
    *messages = (struct ps_messages){ 0 };
}
