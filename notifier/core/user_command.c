#include "notifier/core/user_command.h"

#include "notifier/core/time_expression.h"
#include "shared/core/paper_id.h"
#include "shared/core/str.h"
#include "shared/core/text_distance.h"
#include "shared/core/text_normalize.h"
#include "shared/core/utc_time.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    bool personal;
} commands[PS_USER_COMMAND_COUNT] = {
#define PS_X(id, name, personal) { name, personal },
    PS_USER_COMMANDS(PS_X)
#undef PS_X
};

const char *ps_user_command_name(enum ps_user_command_kind kind)
{
    return commands[kind].name;
}

enum ps_user_command_permission ps_user_command_permission(enum ps_user_command_kind kind,
                                                           enum ps_place place)
{
    if (!commands[kind].personal || place == PS_PLACE_DIRECT)
        return PS_USER_COMMAND_RUN;
    return place == PS_PLACE_GROUP ? PS_USER_COMMAND_REFUSE : PS_USER_COMMAND_IGNORE;
}

static void wrong(struct ps_user_command *out, const char *usage)
{
    *out = (struct ps_user_command){ .kind = PS_USER_COMMAND_WRONG };
    (void)snprintf(out->problem, sizeof(out->problem), "%s", usage);
}

/* The words' first, cut off them. */
static struct ps_str first_word(struct ps_str *rest)
{
    struct ps_str word = { rest->data, 0 };

    while (word.len < rest->len && (unsigned char)word.data[word.len] > ' ')
        word.len++;
    *rest = ps_str_trim((struct ps_str){ rest->data + word.len, rest->len - word.len });
    return word;
}

static void parse_rules(enum ps_user_command_kind kind, struct ps_str text,
                        struct ps_user_command *out)
{
    struct ps_err err = { .what = "" };

    out->kind = kind;
    if (!ps_watch_parse(text.data, text.len, &out->rules, &err))
        wrong(out, err.what);
}

static void parse_entries(enum ps_user_command_kind kind, struct ps_str text, const char *usage,
                          struct ps_user_command *out)
{
    parse_rules(kind, text, out);
    if (text.len == 0)
        wrong(out, usage);
}

static void parse_watchlist(struct ps_str rest, int64_t wall_ms, struct ps_user_command *out)
{
    static const char usage[] = "Usage: watchlist list, watchlist add P2300, watchlist remove "
                                "P2300; an entry is a paper, a number, an author, subgroup LEWG "
                                "or /pattern/";
    struct ps_str action = first_word(&rest);

    (void)wall_ms;
    if (action.len == 0 || (ps_str_is_fold(action, "list") && rest.len == 0))
        out->kind = PS_USER_COMMAND_LIST;
    else if (ps_str_is_fold(action, "add") && rest.len > 0)
        parse_entries(PS_USER_COMMAND_ADD, rest, usage, out);
    else if (ps_str_is_fold(action, "remove") && rest.len > 0)
        parse_entries(PS_USER_COMMAND_REMOVE, rest, usage, out);
    else
        wrong(out, usage);
}

static void parse_watch(struct ps_str rest, int64_t wall_ms, struct ps_user_command *out)
{
    (void)wall_ms;
    if (rest.len == 0 || ps_str_is_fold(rest, "list"))
        out->kind = PS_USER_COMMAND_LIST;
    else
        parse_entries(PS_USER_COMMAND_ADD, rest,
                      "Usage: watch P2300, watch 2300, watch Eric Niebler, watch subgroup LEWG, "
                      "watch /pattern/, or watch all",
                      out);
}

static void parse_unwatch(struct ps_str rest, int64_t wall_ms, struct ps_user_command *out)
{
    (void)wall_ms;
    parse_entries(PS_USER_COMMAND_REMOVE, rest,
                  "Usage: unwatch P2300, unwatch 2300, unwatch Eric Niebler, unwatch subgroup "
                  "LEWG, or unwatch /pattern/",
                  out);
}

static const char time_problem[] = "That time is over, or more than a year away.";

/* A date is read in the person's zone later: it may be over in UTC and not there. */
static bool may_end(const struct ps_user_command *ask, int64_t wall_ms)
{
    int64_t slack_ms = ask->dated ? PS_DAY_MS : 0;

    return ask->until_ms > wall_ms - slack_ms &&
           ask->until_ms <= wall_ms + PS_USER_COMMAND_DAYS_MAX * PS_DAY_MS + slack_ms;
}

bool ps_user_command_needs_zone(const struct ps_user_command *ask)
{
    return ask->kind == PS_USER_COMMAND_DIGEST_DAILY ||
           (ask->kind == PS_USER_COMMAND_MUTE && ask->dated);
}

void ps_user_command_set_zone(struct ps_user_command *ask, const char *zone, int64_t offset_ms,
                              int64_t wall_ms)
{
    (void)snprintf(ask->zone, sizeof(ask->zone), "%s", zone);
    if (ask->kind != PS_USER_COMMAND_MUTE || !ask->dated)
        return;
    ask->until_ms -= offset_ms;
    ask->dated = false;
    if (!may_end(ask, wall_ms))
        wrong(ask, time_problem);
}

/* mute köppe, mute 1234 for 2 weeks, snooze 3d, snooze subgroup LEWG until 2026-12-01 */
static void parse_quiet(struct ps_str rest, int64_t wall_ms, bool snooze,
                        struct ps_user_command *out)
{
    bool dated = ps_time_expression_is_date(rest);
    bool timed = ps_time_expression_take(&rest, wall_ms, &out->until_ms);

    out->dated = dated;
    out->kind = PS_USER_COMMAND_MUTE;
    out->snooze = snooze;
    if (timed && !may_end(out, wall_ms))
        wrong(out, time_problem);
    else if (snooze && !timed)
        wrong(out, "Usage: snooze [entry] 3d (or 2h, 30m, 1w, until 2026-12-31); without an entry: "
                   "everything");
    else if (rest.len == 0 && timed)
        out->rules =
            (struct ps_watch_rules){ .len = 1, .items = { { .kind = PS_WATCH_KIND_ALL } } };
    else if (rest.len == 0)
        wrong(out, "Usage: mute entry [3d], where entry is P2300, 2300, an author, subgroup LEWG, "
                   "/pattern/ or all");
    else
        parse_rules(PS_USER_COMMAND_MUTE, rest, out);
}

static void parse_mute(struct ps_str rest, int64_t wall_ms, struct ps_user_command *out)
{
    parse_quiet(rest, wall_ms, false, out);
}

static void parse_snooze(struct ps_str rest, int64_t wall_ms, struct ps_user_command *out)
{
    parse_quiet(rest, wall_ms, true, out);
}

static void parse_unmute(struct ps_str rest, int64_t wall_ms, struct ps_user_command *out)
{
    (void)wall_ms;
    if (rest.len == 0)
        rest = ps_str_of("all");
    parse_rules(PS_USER_COMMAND_UNMUTE, rest, out);
}

static void parse_digest(struct ps_str rest, int64_t wall_ms, struct ps_user_command *out)
{
    struct ps_str what = first_word(&rest);

    (void)wall_ms;
    out->kind = PS_USER_COMMAND_DIGEST_DAILY;
    out->minute = PS_DIGEST_MINUTE;
    if (ps_str_is_fold(what, "daily")) {
        struct ps_str all = rest;

        if (!ps_str_is_fold(first_word(&rest), "at"))
            rest = all;
        if (rest.len == 0 || ps_time_expression_clock(rest, &out->minute))
            return;
    } else if (ps_str_is_fold(what, "now") && rest.len == 0) {
        out->kind = PS_USER_COMMAND_DIGEST_NOW;
        return;
    } else if (ps_str_is_fold(what, "off") && rest.len == 0) {
        out->kind = PS_USER_COMMAND_DIGEST_OFF;
        return;
    }
    wrong(out,
          "Usage: digest daily [08:00], digest now, or digest off; times are those of your zone");
}

/* "P2300R10 D2301R1": the first is asked about; the others are only mentioned. */
static void take_others(struct ps_str *rest, struct ps_user_command *out)
{
    struct ps_str others = *rest, first = first_word(&others), left = others;
    struct ps_paper_id id;

    if (others.len == 0 || others.len >= sizeof(out->others))
        return;
    while (left.len > 0) {
        struct ps_str word = first_word(&left);

        if (!ps_paper_id_parse(word.data, word.len, &id))
            return; /* the reply explains the mistake */
    }
    memcpy(out->others, others.data, others.len);
    *rest = first;
}

static void parse_why(struct ps_str rest, int64_t wall_ms, struct ps_user_command *out)
{
    struct ps_paper_id id;
    struct ps_str digits;
    int64_t number;

    (void)wall_ms;
    out->kind = PS_USER_COMMAND_WHY;
    out->number = -1;
    if (ps_str_is(rest, "message")) { /* "Why did I get this?" of a message without any paper */
        wrong(out, "That message names no paper and no draft.");
        return;
    }
    take_others(&rest, out);
    digits = rest;
    if (ps_paper_id_parse(rest.data, rest.len, &id)) {
        ps_paper_id_format(&id, out->id);
        if (id.kind == PS_PAPER_P || id.kind == PS_PAPER_D)
            out->number = id.number;
        return;
    }
    if (digits.len > 0 && strchr("PpDd", digits.data[0]) != NULL) {
        digits.data++;
        digits.len--;
    }
    if (ps_str_digits(digits) && ps_str_int(digits, 1, PS_PAPER_NUMBER_MAX, &number))
        out->number = (int)number;
    else
        wrong(out, "Usage: why P1234R0 (or 1234, N5000, LWG4000)");
}

static void parse_search(struct ps_str rest, int64_t wall_ms, struct ps_user_command *out)
{
    (void)wall_ms;
    out->kind = PS_USER_COMMAND_SEARCH;
    while (rest.len > 0 && out->word_count < PS_USER_COMMAND_WORDS_MAX) {
        struct ps_str word = first_word(&rest);

        word.len = ps_utf8_cut(word.data, word.len, PS_USER_COMMAND_WORD_MAX);
        memcpy(out->words[out->word_count++], word.data, word.len);
    }
    if (out->word_count == 0)
        out->kind = PS_USER_COMMAND_HELP;
}

/* stop: no more of it, or of anything. */
static void parse_stop(struct ps_str rest, int64_t wall_ms, struct ps_user_command *out)
{
    parse_quiet(rest.len > 0 ? rest : ps_str_of("all"), wall_ms, false, out);
}

/* subscribe P2300; subscribe: after stop */
static void parse_subscribe(struct ps_str rest, int64_t wall_ms, struct ps_user_command *out)
{
    if (rest.len > 0)
        parse_watch(rest, wall_ms, out);
    else
        parse_unmute(rest, wall_ms, out);
}

static void parse_unsubscribe(struct ps_str rest, int64_t wall_ms, struct ps_user_command *out)
{
    if (rest.len > 0)
        parse_unwatch(rest, wall_ms, out);
    else
        parse_stop(rest, wall_ms, out);
}

/* The first word of a command. */
static const struct verb {
    const char *word;
    void (*parse)(struct ps_str rest, int64_t wall_ms, struct ps_user_command *out);
    enum ps_user_command_kind kind; /* where nothing is to be parsed: "status please" is as good */
} verbs[] = {
    {"help",           NULL,              PS_USER_COMMAND_HELP   },
    { "status",        NULL,              PS_USER_COMMAND_STATUS },
    { "version",       NULL,              PS_USER_COMMAND_VERSION},
    { "uptime",        NULL,              PS_USER_COMMAND_UPTIME },
    { "watchlist",     parse_watchlist,   PS_USER_COMMAND_WRONG  },
    { "watch",         parse_watch,       PS_USER_COMMAND_WRONG  },
    { "unwatch",       parse_unwatch,     PS_USER_COMMAND_WRONG  },
    { "mute",          parse_mute,        PS_USER_COMMAND_WRONG  },
    { "unmute",        parse_unmute,      PS_USER_COMMAND_WRONG  },
    { "snooze",        parse_snooze,      PS_USER_COMMAND_WRONG  },
    { "unsnooze",      parse_unmute,      PS_USER_COMMAND_WRONG  },
    { "digest",        parse_digest,      PS_USER_COMMAND_WRONG  },
    { "why",           parse_why,         PS_USER_COMMAND_WRONG  },
    { "search",        parse_search,      PS_USER_COMMAND_WRONG  },
    { "add",           parse_watch,       PS_USER_COMMAND_WRONG  },
    { "follow",        parse_watch,       PS_USER_COMMAND_WRONG  },
    { "remove",        parse_unwatch,     PS_USER_COMMAND_WRONG  },
    { "delete",        parse_unwatch,     PS_USER_COMMAND_WRONG  },
    { "unfollow",      parse_unwatch,     PS_USER_COMMAND_WRONG  },
    { "list",          NULL,              PS_USER_COMMAND_LIST   },
    { "subscriptions", NULL,              PS_USER_COMMAND_LIST   },
    { "stop",          parse_stop,        PS_USER_COMMAND_WRONG  },
    { "start",         parse_subscribe,   PS_USER_COMMAND_WRONG  },
    { "resume",        parse_subscribe,   PS_USER_COMMAND_WRONG  },
    { "subscribe",     parse_subscribe,   PS_USER_COMMAND_WRONG  },
    { "unsubscribe",   parse_unsubscribe, PS_USER_COMMAND_WRONG  },
    { "find",          parse_search,      PS_USER_COMMAND_WRONG  },
    { "hi",            NULL,              PS_USER_COMMAND_HELLO  },
    { "hello",         NULL,              PS_USER_COMMAND_HELLO  },
    { "hey",           NULL,              PS_USER_COMMAND_HELLO  },
};

/* "P2300", "2300", "https://wg21.link/n5007" alone: what it is. */
static bool parse_paper(struct ps_str words, struct ps_user_command *out)
{
    struct ps_watch_rules rules;
    struct ps_err err;

    if (words.len == 0 || memchr(words.data, ' ', words.len) != NULL ||
        !ps_watch_parse(words.data, words.len, &rules, &err) || rules.len != 1 ||
        rules.items[0].number == 0)
        return false;
    out->kind = PS_USER_COMMAND_SEARCH;
    out->word_count = 1;
    memcpy(out->words[0], rules.items[0].text, strlen(rules.items[0].text) + 1);
    return true;
}

/* "watchlst add 42": the known word that is nearest, with what follows it. */
static void suggest(struct ps_str verb, struct ps_str rest, struct ps_user_command *out)
{
    char typed[PS_TEXT_DISTANCE_MAX_LEN + 1];
    const char *best = NULL;
    size_t nearest = verb.len <= 4 ? 2 : 3; /* what is as far as that is another word */

    if (verb.len >= sizeof(typed) || verb.len < 3)
        return;
    for (size_t i = 0; i < verb.len; i++)
        typed[i] = (char)(verb.data[i] >= 'A' && verb.data[i] <= 'Z' ? verb.data[i] - 'A' + 'a'
                                                                     : verb.data[i]);
    typed[verb.len] = '\0';
    for (size_t i = 0; i < PS_COUNT_OF(verbs); i++) {
        size_t distance = ps_text_distance(typed, verbs[i].word);

        if (distance < nearest) {
            nearest = distance;
            best = verbs[i].word;
        }
    }
    if (best != NULL && rest.len < 200)
        (void)snprintf(out->suggestion, sizeof(out->suggestion), "%s%s%.*s", best,
                       rest.len > 0 ? " " : "", (int)rest.len, rest.data);
}

void ps_user_command_parse(const char *words, int64_t wall_ms, struct ps_user_command *out_ask)
{
    struct ps_str rest = ps_str_trim(ps_str_of(words));
    struct ps_str verb = first_word(&rest);

    *out_ask = (struct ps_user_command){ .kind = verb.len == 0 ? PS_USER_COMMAND_HELP
                                                               : PS_USER_COMMAND_UNKNOWN };
    for (size_t i = 0; i < PS_COUNT_OF(verbs); i++) {
        if (ps_str_is_fold(verb, verbs[i].word)) {
            out_ask->kind = verbs[i].kind;
            if (verbs[i].parse != NULL)
                verbs[i].parse(rest, wall_ms, out_ask);
            return;
        }
    }
    if (verb.len > 0 && !parse_paper(ps_str_trim(ps_str_of(words)), out_ask))
        suggest(verb, rest, out_ask);
}
