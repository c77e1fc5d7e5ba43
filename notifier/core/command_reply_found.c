/* Answers about papers and drafts: `why` and `search`. */
#include "notifier/core/command_reply_private.h"
#include "shared/core/alloc.h"
#include "shared/core/mrkdwn.h"
#include "shared/core/name_words.h"
#include "shared/core/paper_id.h"
#include "shared/core/str.h"
#include "shared/core/subgroup.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { TITLE_CHARS = 200, AUTHOR_CHARS = 100, LINK_CHARS = 500, NAME_WORDS = 400 };

static const char dash[] = " \xe2\x80\x94 ";

/* --- why: what was sent --------------------------------------------------------------------- */

static void add_match(const struct ps_command_reply_match *match, struct ps_command_reply *reply)
{
    enum ps_watch_kind kind = PS_WATCH_KIND_ALL;
    struct ps_buf line;

    ps_command_reply_begin(&line);
    ps_mrkdwn_text(&line, match->id, TITLE_CHARS);
    if (match->updated)
        (void)ps_buf_text(&line, " (changed)");
    if (match->dead != NULL)
        (void)ps_buf_text(&line, strcmp(match->dead, "muted") == 0
                                     ? " matched and was muted, "
                                     : " matched and could not be sent, ");
    else
        (void)ps_buf_text(&line, match->sent_ms > 0 ? " was sent to you "
                                                    : " is waiting to be sent, since ");
    ps_command_reply_add_time(&line, match->sent_ms > 0 ? match->sent_ms : match->at_ms);
    (void)ps_buf_text(&line, ", because you watch ");
    if (!ps_watch_kind_parse(match->by, &kind))
        kind = PS_WATCH_KIND_ALL;
    ps_command_reply_add_rule(&line, kind, match->reason);
    ps_command_reply_end(reply, &line);
}

/* " Title — Authors", as far as they are known. */
static void add_facts(struct ps_buf *line, const char *title, const char *author)
{
    if (title != NULL && title[0] != '\0') {
        (void)ps_buf_char(line, ' ');
        ps_mrkdwn_text(line, title, TITLE_CHARS);
    }
    if (author != NULL && author[0] != '\0') {
        (void)ps_buf_text(line, dash);
        ps_mrkdwn_text(line, author, AUTHOR_CHARS);
    }
}

static void add_draft(const struct ps_command_reply_draft *draft, struct ps_command_reply *reply)
{
    struct ps_buf line;

    ps_command_reply_begin(&line);
    ps_mrkdwn_link(&line, draft->url, draft->id, LINK_CHARS);
    (void)ps_buf_text(&line, " was found ");
    ps_command_reply_add_time(&line, draft->at_ms);
    (void)ps_buf_format(&line, ", in cycle %" PRId64, draft->cycle);
    if (draft->title != NULL || draft->authors != NULL)
        (void)ps_buf_char(&line, ':');
    add_facts(&line, draft->title, draft->authors);
    ps_command_reply_end(reply, &line);
}

/* --- why: what was not sent ----------------------------------------------------------------- */

/* A draft or an entry of the index, as the matching sees it. */
struct item {
    const char *id, *author, *subgroup; /* author and subgroup may be NULL */
    int64_t seen_ms;
    bool silent; /* seen by the first poll */
    bool old;    /* a draft that was modified before the alert window */
    const char *modified;
};

/* Does the entry mean this paper? Patterns are not tried: they have a budget of their own in the
 * scheduler. */
static bool is_meant(const struct ps_command_reply_watch *watch, const struct item *item)
{
    struct ps_watch_rule rule, own;
    enum ps_watch_kind kind;
    struct ps_paper_id id;
    bool meant;
    struct ps_name_words *names, *text;

    if (!ps_watch_kind_parse(watch->kind, &kind) ||
        !ps_watch_rule_stored(kind, watch->value, &rule) ||
        !ps_paper_id_parse(item->id, strlen(item->id), &id))
        return false;
    switch (kind) {
    case PS_WATCH_KIND_ALL:
        return true;
    case PS_WATCH_KIND_NUMBER:
        return rule.number == id.number;
    case PS_WATCH_KIND_PAPER:
        ps_watch_rule_paper(id.prefix, id.number, &own);
        return strcmp(own.text, rule.text) == 0;
    case PS_WATCH_KIND_SUBGROUP:
        return item->subgroup != NULL && ps_subgroup_named(item->subgroup, rule.text);
    case PS_WATCH_KIND_AUTHOR:
        if (item->author == NULL)
            return false;
        names = ps_name_words_create(rule.text, strlen(rule.text), NAME_WORDS);
        text = ps_name_words_create(item->author, strlen(item->author), NAME_WORDS);
        meant = ps_name_words_contain(text, names);
        ps_name_words_destroy(names);
        ps_name_words_destroy(text);
        return meant;
    case PS_WATCH_KIND_PATTERN:
    case PS_WATCH_KIND_COUNT:
        break;
    }
    return false;
}

/* Returns the mute that silences an item: of everything, of its paper or number, or of the entry
 * that it matches; NULL if none does. */
static const struct ps_command_reply_watch *mute_of(const struct ps_command_reply_why *why,
                                                    const struct ps_command_reply_watch *watch,
                                                    const struct item *item)
{
    for (size_t i = 0; i < why->mute_len; i++) {
        const struct ps_command_reply_watch *mute = &why->mutes[i];
        bool same = strcmp(mute->kind, watch->kind) == 0 && strcmp(mute->value, watch->value) == 0;
        bool paper = strcmp(mute->kind, "all") == 0 || strcmp(mute->kind, "number") == 0 ||
                     strcmp(mute->kind, "paper") == 0;

        if (same || (paper && is_meant(mute, item)))
            return mute;
    }
    return NULL;
}

static void add_watch(struct ps_buf *line, const struct ps_command_reply_watch *watch)
{
    enum ps_watch_kind kind = PS_WATCH_KIND_ALL;

    if (!ps_watch_kind_parse(watch->kind, &kind))
        return;
    ps_command_reply_add_rule(line, kind, watch->value);
}

/* Why a match was not sent: the first reason that applies. False: nothing on the watchlist means
 * it. */
static bool explain(const struct ps_command_reply_why *why, const struct item *item,
                    struct ps_command_reply *reply)
{
    const struct ps_command_reply_watch *watch = NULL, *mute;
    struct ps_buf line;

    for (size_t i = 0; watch == NULL && i < why->watch_len; i++)
        if (is_meant(&why->watches[i], item))
            watch = &why->watches[i];

    if (watch == NULL)
        return false;
    mute = mute_of(why, watch, item);
    ps_command_reply_begin(&line);
    ps_mrkdwn_text(&line, item->id, TITLE_CHARS);
    (void)ps_buf_text(&line, " was found ");
    ps_command_reply_add_time(&line, item->seen_ms);
    if (item->silent) {
        (void)ps_buf_text(&line, ", by the first poll, which records everything and notifies "
                                 "nobody. It matches ");
        add_watch(&line, watch);
    } else if (watch->since_ms > item->seen_ms) {
        (void)ps_buf_text(&line, ", before you added ");
        add_watch(&line, watch);
        (void)ps_buf_text(&line, " on ");
        ps_command_reply_add_time(&line, watch->since_ms);
    } else if (mute != NULL) {
        (void)ps_buf_text(&line, ". It matches ");
        add_watch(&line, watch);
        (void)ps_buf_text(&line, ", and you have muted ");
        add_watch(&line, mute);
    } else if (item->old) {
        (void)ps_buf_format(&line, ", and was older than the alert window of %g hour%s by then",
                            why->alert_hours, why->alert_hours == 1 ? "" : "s");
        if (item->modified != NULL) {
            (void)ps_buf_text(&line, " (modified ");
            ps_mrkdwn_text(&line, item->modified, AUTHOR_CHARS);
            (void)ps_buf_char(&line, ')');
        }
        (void)ps_buf_text(&line, ". It matches ");
        add_watch(&line, watch);
    } else {
        (void)ps_buf_text(&line, ". It matches ");
        add_watch(&line, watch);
        (void)ps_buf_text(&line,
                          " today, and no message about it is on record. Its title or authors "
                          "may have changed since");
    }
    (void)ps_buf_char(&line, '.');
    ps_command_reply_end(reply, &line);
    return true;
}

static void explain_all(const struct ps_command_reply_why *why, const char *name,
                        struct ps_command_reply *reply)
{
    char *line = ps_alloc_format("You were not notified about *%s*.", name);
    size_t matched = 0;

    ps_command_reply_line(reply, line);
    free(line);
    for (size_t i = 0; i < why->draft_len; i++) {
        const struct ps_command_reply_draft *draft = &why->drafts[i];

        matched += explain(why,
                           &(struct item){ .id = draft->id,
                                           .author = draft->authors,
                                           .seen_ms = draft->at_ms,
                                           .silent = draft->silent,
                                           .old = draft->old,
                                           .modified = draft->modified },
                           reply);
    }
    for (size_t i = 0; i < why->paper_len; i++) {
        const struct ps_command_reply_known *paper = &why->papers[i];

        matched += explain(why,
                           &(struct item){ .id = paper->id,
                                           .author = paper->author,
                                           .subgroup = paper->subgroup,
                                           .seen_ms = paper->seen_ms,
                                           .silent = paper->silent },
                           reply);
    }
    if (why->draft_len + why->paper_len == 0)
        ps_command_reply_line(reply,
                              "It is neither in the index nor among the drafts that were found.");
    else if (matched == 0)
        ps_command_reply_line(reply, "It matched nothing on your watchlist.");
}

void ps_command_reply_why(const struct ps_user_command *ask, const struct ps_command_reply_why *why,
                          struct ps_command_reply *reply)
{
    char *name =
        ask->id[0] != '\0' ? ps_alloc_text(ask->id) : ps_alloc_format("P%04d", ask->number);
    char *line;

    if (why->match_len > 0) {
        line = ps_alloc_format("*%s*, and you:", name);
        ps_command_reply_line(reply, line);
        free(line);
    } else {
        explain_all(why, name, reply);
    }
    for (size_t i = 0; i < why->match_len; i++)
        add_match(&why->matches[i], reply);
    if (why->draft_len > 0)
        ps_command_reply_line(reply, "Its drafts on isocpp.org:");
    for (size_t i = 0; i < why->draft_len; i++)
        add_draft(&why->drafts[i], reply);
    if (ask->others[0] != '\0') {
        line = ps_alloc_format(
            "The message also names %s. Send me `why` and the name to ask about it.", ask->others);
        ps_command_reply_line(reply, line);
        free(line);
    }
    free(name);
}

/* --- search --------------------------------------------------------------------------------- */

/* One line for a number: its latest paper or draft, as the page's search shows it. */
static void add_group(const struct ps_library_group *group, struct ps_command_reply *reply)
{
    const struct ps_document *latest = ps_group_latest(group);
    char id[PS_PAPER_ID_TEXT];
    struct ps_buf line;

    ps_paper_id_format(&latest->id, id);
    ps_command_reply_begin(&line);
    ps_mrkdwn_link(&line, latest->url, id, LINK_CHARS);
    if (latest->kind == PS_DOCUMENT_DRAFT) {
        (void)ps_buf_text(&line, " (draft, found ");
        ps_command_reply_add_time(&line, latest->found_ms);
        (void)ps_buf_char(&line, ')');
    }
    add_facts(&line, ps_document_title(latest), ps_document_authors(latest));
    if (latest->date[0] != '\0') {
        (void)ps_buf_text(&line, ", ");
        ps_mrkdwn_text(&line, latest->date, AUTHOR_CHARS);
    }
    ps_command_reply_end(reply, &line);
}

void ps_command_reply_search(struct ps_library_group *const *groups, size_t len, size_t total,
                             struct ps_command_reply *reply)
{
    char *line;

    if (total == 0) {
        ps_command_reply_line(reply, "No paper of the index and no draft has all of these words.");
        return;
    }
    for (size_t i = 0; i < len; i++)
        add_group(groups[i], reply);
    if (total <= len)
        return;
    line = ps_alloc_format("\xe2\x80\xa6 and %zu more; another word narrows it down.", total - len);
    ps_command_reply_line(reply, line);
    free(line);
}
