#include "shared/core/command_help.h"

#include "shared/core/str.h"

#include <string.h>

enum { WIDTH = 80, OPTION_INDENT = 2, SUMMARY_COLUMN = 24, NAME_COLUMN = 17, LEFT_MAX = 160 };

static void pad(struct ps_buf *out, int count)
{
    (void)ps_buf_format(out, "%*s", count, "");
}

/* Adds words of line from column on; continued lines begin at indent. Ends with a newline. */
static void wrap_line(struct ps_str line, int column, int indent, struct ps_buf *out)
{
    bool first = true;

    for (size_t i = 0; i < line.len;) {
        size_t end = i;

        while (end < line.len && line.data[end] != ' ')
            end++;
        if (end == i) {
            i++;
            continue;
        }
        if (!first && column + 1 + (int)(end - i) > WIDTH) {
            (void)ps_buf_char(out, '\n');
            pad(out, indent);
            column = indent;
            first = true;
        }
        if (!first) {
            (void)ps_buf_char(out, ' ');
            column++;
        }
        (void)ps_buf_add(out, line.data + i, end - i);
        column += (int)(end - i);
        first = false;
        i = end;
    }
    (void)ps_buf_char(out, '\n');
}

void ps_help_wrap(const char *text, int indent, struct ps_buf *out_text)
{
    struct ps_str rest = ps_str_of(text);
    struct ps_str line;
    bool first = true;

    while (ps_str_next(&rest, '\n', &line)) {
        if (line.len == 0)
            continue;
        if (!first)
            (void)ps_buf_char(out_text, '\n');
        first = false;
        pad(out_text, indent);
        wrap_line(line, indent, indent, out_text);
    }
}

/* Adds a form of usage; a bracket with several words is kept on one line if it fits. */
static void usage_form(struct ps_str form, int column, int indent, struct ps_buf *out)
{
    size_t i = 0;

    while (i < form.len) {
        size_t end = i;
        int depth = 0;

        while (end < form.len && (form.data[end] != ' ' || depth > 0)) {
            depth += form.data[end] == '[' ? 1 : form.data[end] == ']' ? -1 : 0;
            end++;
        }
        if (column + 1 + (int)(end - i) > WIDTH && column > indent) {
            (void)ps_buf_char(out, '\n');
            pad(out, indent);
            column = indent;
        }
        (void)ps_buf_char(out, ' ');
        (void)ps_buf_add(out, form.data + i, end - i);
        column += 1 + (int)(end - i);
        i = end + 1;
    }
}

void ps_help_usage(const char *prefix, const char *name, const char *usage, int indent,
                   struct ps_buf *out_text)
{
    int column = indent + (int)strlen(prefix) + (prefix[0] == '\0' ? 0 : 1) + (int)strlen(name);
    struct ps_str rest = ps_str_of(usage), form;

    while (ps_str_next(&rest, '\n', &form)) {
        pad(out_text, indent);
        (void)ps_buf_format(out_text, "%s%s%s", prefix, prefix[0] == '\0' ? "" : " ", name);
        usage_form(form, column, column, out_text);
        (void)ps_buf_char(out_text, '\n');
    }
}

/* One line of a list: what, then its summary in a column of its own. */
static void add_item(const char *what, int column, const char *summary, struct ps_buf *out)
{
    pad(out, OPTION_INDENT);
    (void)ps_buf_text(out, what);
    if ((int)strlen(what) + OPTION_INDENT + 1 >= column) {
        (void)ps_buf_char(out, '\n');
        pad(out, column);
    } else {
        pad(out, column - OPTION_INDENT - (int)strlen(what));
    }
    wrap_line(ps_str_of(summary), column, column, out);
}

static void add_words(enum ps_command_id id, struct ps_buf *out)
{
    bool any = false;

    for (size_t i = 0; i < ps_command_word_count; i++) {
        const struct ps_command_word *word = &ps_command_words[i];

        if (word->command != id || strcmp(word->word, "FILE") == 0)
            continue;
        if (!any)
            (void)ps_buf_char(out, '\n');
        any = true;
        add_item(word->word, SUMMARY_COLUMN, word->summary, out);
    }
}

static void add_options(enum ps_command_id id, struct ps_buf *out)
{
    char left[LEFT_MAX];

    (void)ps_buf_text(out, "\nOptions:\n");
    for (size_t i = 0; i < ps_command_option_count; i++) {
        const struct ps_command_option *option = &ps_command_options[i];
        struct ps_buf name;

        if (option->command != id)
            continue;
        ps_buf_init(&name, sizeof(left) - 1);
        (void)ps_buf_format(&name, "%s%s%s", option->name, option->argument[0] == '\0' ? "" : " ",
                            option->argument);
        add_item(ps_buf_str(&name), SUMMARY_COLUMN, option->summary, out);
        ps_buf_clear(&name);
    }
    add_item("--help", SUMMARY_COLUMN, "print this help", out);
}

static void add_examples(enum ps_command_id id, struct ps_buf *out)
{
    bool any = false;

    for (size_t i = 0; i < ps_command_example_count; i++) {
        const struct ps_command_example *example = &ps_command_examples[i];

        if (example->command != id)
            continue;
        (void)ps_buf_format(out, "%s  paperscout %s %s\n      # %s\n", any ? "" : "\nExamples:\n",
                            ps_command_texts[id].front, example->arguments, example->summary);
        any = true;
    }
}

void ps_help_command(enum ps_command_id id, struct ps_buf *out_text)
{
    const struct ps_command_text *text = &ps_command_texts[id];

    (void)ps_buf_format(out_text, "paperscout %s - %s\n\nUsage:\n", text->front, text->summary);
    ps_help_usage("paperscout", text->front, text->usage, OPTION_INDENT, out_text);
    (void)ps_buf_char(out_text, '\n');
    ps_help_wrap(text->help, 0, out_text);
    add_words(id, out_text);
    add_options(id, out_text);
    add_examples(id, out_text);
    if (text->program != PS_COMMAND_OF_FRONT)
        (void)ps_buf_format(out_text, "\nThe same as: %s %s\n",
                            ps_command_program_name(text->program), text->name);
}

static const struct {
    const char *title;
    enum ps_command_id ids[16]; /* ends with PS_COMMAND_COUNT */
} groups[] = {
    {"What was found",
     { PS_COMMAND_FINDS, PS_COMMAND_SEARCH, PS_COMMAND_EXPLAIN, PS_COMMAND_WATCHLIST,
        PS_COMMAND_COUNT }                                                   },
    { "The fleet",
     { PS_COMMAND_STATUS, PS_COMMAND_HISTORY, PS_COMMAND_POLL_NOW, PS_COMMAND_PAUSE,
        PS_COMMAND_RESUME, PS_COMMAND_QUEUE, PS_COMMAND_DEAD, PS_COMMAND_SEND, PS_COMMAND_CHECK,
        PS_COMMAND_CHECK_SLACK, PS_COMMAND_CHECK_WEBHOOKS, PS_COMMAND_COUNT }},
    { "Without a fleet",
     { PS_COMMAND_PROBE, PS_COMMAND_READ, PS_COMMAND_PLAN, PS_COMMAND_SIMULATE, PS_COMMAND_DIFF,
        PS_COMMAND_COUNT }                                                   },
    { "Set-up",
     { PS_COMMAND_MIGRATE, PS_COMMAND_ACCEPT_INDEX, PS_COMMAND_IMPORT_LEGACY,
        PS_COMMAND_COMPLETION, PS_COMMAND_HELP, PS_COMMAND_COUNT }           },
};

void ps_help_front(const char *version, struct ps_buf *out_text)
{
    (void)ps_buf_format(
        out_text,
        "paperscout %s - find C++ committee papers and drafts, and ask the fleet about "
        "them\n\n"
        "Usage:\n  paperscout COMMAND [ARGUMENT...]\n  paperscout COMMAND --help\n",
        version);
    for (size_t g = 0; g < PS_COUNT_OF(groups); g++) {
        (void)ps_buf_format(out_text, "\n%s:\n", groups[g].title);
        for (size_t i = 0; groups[g].ids[i] != PS_COMMAND_COUNT; i++)
            add_item(ps_command_texts[groups[g].ids[i]].front, OPTION_INDENT + NAME_COLUMN,
                     ps_command_texts[groups[g].ids[i]].summary, out_text);
    }
    (void)ps_buf_text(
        out_text,
        "\nSettings come from the environment and from .env in the working directory, as for\n"
        "the daemons. The programs paperscout-scheduler, paperscout-worker and\n"
        "paperscout-notifier have the same commands.\n\n"
        "Exit status: 0 done, 1 failed, 64 wrong usage, 69 a server cannot be reached,\n"
        "78 invalid settings.\n");
}

void ps_help_markdown(struct ps_buf *out_text)
{
    (void)ps_buf_text(out_text, "| command | what it shows or does | part of |\n|---|---|---|\n");
    for (int i = 0; i < PS_COMMAND_COUNT; i++) {
        const struct ps_command_text *text = &ps_command_texts[i];
        bool front = text->front[0] != '\0', first = true;
        struct ps_str rest = ps_str_of(text->usage), form;

        (void)ps_buf_text(out_text, "| ");
        while (ps_str_next(&rest, '\n', &form)) {
            (void)ps_buf_format(out_text, "%s`%s%s%s", first ? "" : "<br>",
                                front ? "paperscout " : "", front ? text->front : text->name,
                                form.len > 0 ? " " : "");
            for (size_t k = 0; k < form.len; k++) /* '|' would end the cell */
                (void)ps_buf_format(out_text, form.data[k] == '|' ? "\\%c" : "%c", form.data[k]);
            (void)ps_buf_char(out_text, '`');
            first = false;
        }
        (void)ps_buf_format(out_text, " | %s | %s |\n", text->summary,
                            text->program == PS_COMMAND_OF_FRONT ? ""
                            : text->program == PS_COMMAND_OF_ANY
                                ? "any"
                                : strchr(ps_command_program_name(text->program), '-') + 1);
    }
}
