#include "shared/core/man_page.h"

#include "shared/core/command_table.h"
#include "shared/core/config.h"
#include "shared/core/config_private.h"
#include "shared/core/str.h"

#include <string.h>

enum { PAGE_MAX = 256 * 1024, FILE_NAME = 64 };

struct pages {
    const char *version, *date;
    ps_man_page_fn fn;
    void *cookie;
    struct ps_buf page;
};

/* Adds text so that roff changes nothing in it: '\' and '-' escaped, no line that begins with a
 * control character. */
static void add_text(struct ps_str text, struct ps_buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (c == '\\')
            (void)ps_buf_text(out, "\\e");
        else if (c == '-')
            (void)ps_buf_text(out, "\\-");
        else if ((c == '.' || c == '\'') && (i == 0 || text.data[i - 1] == '\n'))
            (void)ps_buf_format(out, "\\&%c", c);
        else if (c == '"')
            (void)ps_buf_text(out, "\\(dq");
        else
            (void)ps_buf_char(out, c);
    }
}

static void add_c(const char *text, struct ps_buf *out)
{
    add_text(ps_str_of(text), out);
}

static void add_paragraphs(const char *text, bool first, struct ps_buf *out)
{
    struct ps_str rest = ps_str_of(text), line;

    while (ps_str_next(&rest, '\n', &line)) {
        if (line.len == 0)
            continue;
        if (!first)
            (void)ps_buf_text(out, ".PP\n");
        first = false;
        add_text(line, out);
        (void)ps_buf_char(out, '\n');
    }
}

static void begin(struct pages *pages, const char *name, const char *summary)
{
    struct ps_buf *out = &pages->page;

    ps_buf_reset(out);
    (void)ps_buf_text(out, ".TH ");
    for (const char *c = name; *c != '\0'; c++)
        (void)ps_buf_char(out, *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c);
    (void)ps_buf_format(out, " 1 %s \"Paperscout %s\" \"Paperscout\"\n.SH NAME\n", pages->date,
                        pages->version);
    add_c(name, out);
    (void)ps_buf_text(out, " \\- ");
    add_c(summary, out);
    (void)ps_buf_char(out, '\n');
}

static void end(struct pages *pages, const char *name)
{
    char file[FILE_NAME] = "";
    struct ps_buf text;

    ps_buf_init(&text, sizeof(file) - 1);
    (void)ps_buf_format(&text, "%s.1", name);
    memcpy(file, ps_buf_str(&text), text.len + 1);
    ps_buf_clear(&text);
    pages->fn(pages->cookie, file, ps_buf_str(&pages->page));
}

static void add_exit_status(struct ps_buf *out)
{
    static const char *const rows[][2] = {
        {"0",   "done"                                                             },
        { "1",  "failed; the error says why"                                       },
        { "64", "wrong usage; the error names what is allowed"                     },
        { "69", "Redis, PostgreSQL or another server could not be reached"         },
        { "78", "invalid settings; the error names the setting and what is allowed"},
    };

    (void)ps_buf_text(out, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++)
        (void)ps_buf_format(out, ".TP\n%s\n%s\n", rows[i][0], rows[i][1]);
}

static void add_usage(const char *program, const char *name, const char *usage, struct ps_buf *out)
{
    struct ps_str rest = ps_str_of(usage), form;
    bool first = true;

    while (ps_str_next(&rest, '\n', &form)) {
        if (!first)
            (void)ps_buf_text(out, ".br\n");
        first = false;
        (void)ps_buf_text(out, ".B ");
        add_c(program, out);
        (void)ps_buf_char(out, ' ');
        add_c(name, out);
        (void)ps_buf_char(out, '\n');
        if (form.len == 0)
            continue;
        add_text(form, out);
        (void)ps_buf_char(out, '\n');
    }
}

static void add_items(enum ps_command_id id, struct ps_buf *out)
{
    (void)ps_buf_text(out, ".SH OPTIONS\n");
    for (size_t i = 0; i < ps_command_word_count; i++) {
        const struct ps_command_word *word = &ps_command_words[i];

        if (word->command != id)
            continue;
        (void)ps_buf_text(out, ".TP\n.B ");
        add_c(word->word, out);
        (void)ps_buf_char(out, '\n');
        add_c(word->summary, out);
        (void)ps_buf_char(out, '\n');
    }
    for (size_t i = 0; i < ps_command_option_count; i++) {
        const struct ps_command_option *option = &ps_command_options[i];

        if (option->command != id)
            continue;
        (void)ps_buf_text(out, ".TP\n.B ");
        add_c(option->name, out);
        if (option->argument[0] != '\0') {
            (void)ps_buf_text(out, " \\fR");
            add_c(option->argument, out);
        }
        (void)ps_buf_char(out, '\n');
        add_c(option->summary, out);
        (void)ps_buf_char(out, '\n');
    }
    (void)ps_buf_text(out, ".TP\n.B \\-\\-help\nprint help\n");
}

static void add_examples(enum ps_command_id id, struct ps_buf *out)
{
    bool any = false;

    for (size_t i = 0; i < ps_command_example_count; i++) {
        const struct ps_command_example *example = &ps_command_examples[i];

        if (example->command != id)
            continue;
        if (!any)
            (void)ps_buf_text(out, ".SH EXAMPLES\n");
        any = true;
        (void)ps_buf_text(out, ".TP\n.B paperscout ");
        add_c(ps_command_texts[id].front, out);
        (void)ps_buf_char(out, ' ');
        add_c(example->arguments, out);
        (void)ps_buf_char(out, '\n');
        add_c(example->summary, out);
        (void)ps_buf_char(out, '\n');
    }
}

static void command_page(struct pages *pages, enum ps_command_id id)
{
    const struct ps_command_text *text = &ps_command_texts[id];
    struct ps_buf *out = &pages->page;
    char name[FILE_NAME - 2] = "paperscout-";

    (void)strncat(name, text->front, sizeof(name) - strlen(name) - 1);
    begin(pages, name, text->summary);
    (void)ps_buf_text(out, ".SH SYNOPSIS\n");
    add_usage("paperscout", text->front, text->usage, out);
    (void)ps_buf_text(out, ".SH DESCRIPTION\n");
    add_paragraphs(text->help, true, out);
    if (text->program != PS_COMMAND_OF_FRONT) {
        (void)ps_buf_text(out, ".PP\nThe same as\n.BR ");
        add_c(ps_command_program_name(text->program), out);
        (void)ps_buf_text(out, " (1)\n.BR ");
        add_c(text->name, out);
        (void)ps_buf_text(out, " .\n");
    }
    add_items(id, out);
    add_examples(id, out);
    add_exit_status(out);
    (void)ps_buf_text(out, ".SH SEE ALSO\n.BR paperscout (1)\n");
    end(pages, name);
}

static void front_page(struct pages *pages)
{
    struct ps_buf *out = &pages->page;

    begin(pages, "paperscout", "find C++ committee papers and drafts");
    (void)ps_buf_text(out,
                      ".SH SYNOPSIS\n.B paperscout\nCOMMAND [ARGUMENT...]\n.br\n.B paperscout\n"
                      "COMMAND \\-\\-help | \\-\\-help | \\-\\-version\n.SH DESCRIPTION\n");
    add_paragraphs(
        "Asks and steers a Paperscout fleet: a scheduler that decides what to probe, workers that "
        "send the "
        "requests, and notifiers that deliver messages.\n"
        "Settings come from the environment and from the file .env in the working directory, as "
        "for the "
        "daemons. Each command is run by the program that has it, which is looked for beside "
        "paperscout and "
        "then in PATH. Text is coloured if standard output is a terminal and NO_COLOR is not set.",
        true, out);
    (void)ps_buf_text(out, ".SH COMMANDS\n");
    for (int id = 0; id < PS_COMMAND_COUNT; id++) {
        if (ps_command_texts[id].front[0] == '\0')
            continue;
        (void)ps_buf_text(out, ".TP\n.B ");
        add_c(ps_command_texts[id].front, out);
        (void)ps_buf_char(out, '\n');
        add_c(ps_command_texts[id].summary, out);
        (void)ps_buf_char(out, '\n');
    }
    add_exit_status(out);
    (void)ps_buf_text(out, ".SH SEE ALSO\n.BR paperscout\\-scheduler (1),\n.BR paperscout\\-worker "
                           "(1),\n.BR paperscout\\-notifier (1)\n");
    end(pages, "paperscout");
}

static void add_settings(unsigned component, struct ps_buf *out)
{
    (void)ps_buf_text(out, ".SH SETTINGS\n");
    add_paragraphs("Settings are environment variables or NAME=value lines of a .env file in the "
                   "working directory. "
                   "The environment wins over .env. A secret can be read from a file: NAME_FILE "
                   "holds its path.",
                   true, out);
    for (size_t i = 0; i < PS_CONFIG_ROWS; i++) {
        const struct ps_config_row *row = &ps_config_rows[i];

        if ((row->who & component) == 0)
            continue;
        (void)ps_buf_text(out, ".TP\n.B ");
        add_c(row->name, out);
        (void)ps_buf_char(out, '\n');
        add_c(row->help, out);
        if (row->def != NULL && row->def[0] != '\0') {
            (void)ps_buf_text(out, " (default ");
            add_c(row->def, out);
            (void)ps_buf_char(out, ')');
        }
        (void)ps_buf_char(out, '\n');
    }
}

static void program_page(struct pages *pages, enum ps_command_program program, unsigned component,
                         const char *summary)
{
    const char *name = ps_command_program_name(program);
    struct ps_buf *out = &pages->page;

    begin(pages, name, summary);
    (void)ps_buf_text(out, ".SH SYNOPSIS\n.B ");
    add_c(name, out);
    (void)ps_buf_text(out, "\n.br\n.B ");
    add_c(name, out);
    (void)ps_buf_text(out, "\nCOMMAND [ARGUMENT...]\n.SH DESCRIPTION\n");
    add_paragraphs(
        "Without a command, runs as a daemon in the foreground: logs to standard error, serves "
        "/health, "
        "/livez, /readyz and /metrics on HEALTH_PORT, and stops cleanly on SIGTERM or SIGINT.",
        true, out);
    (void)ps_buf_text(out, ".SH COMMANDS\n");
    for (int id = 0; id < PS_COMMAND_COUNT; id++) {
        const struct ps_command_text *text = &ps_command_texts[id];

        if (text->program != program && text->program != PS_COMMAND_OF_ANY)
            continue;
        (void)ps_buf_text(out, ".TP\n.B ");
        add_c(text->name, out);
        (void)ps_buf_char(out, '\n');
        add_c(text->summary, out);
        (void)ps_buf_char(out, '\n');
    }
    add_settings(component, out);
    add_exit_status(out);
    (void)ps_buf_text(out, ".SH SEE ALSO\n.BR paperscout (1)\n");
    end(pages, name);
}

void ps_man_pages(const char *version, const char *date, ps_man_page_fn fn, void *cookie)
{
    struct pages pages = { .version = version, .date = date, .fn = fn, .cookie = cookie };

    ps_buf_init(&pages.page, PAGE_MAX);
    front_page(&pages);
    for (int id = 0; id < PS_COMMAND_COUNT; id++)
        if (ps_command_texts[id].front[0] != '\0')
            command_page(&pages, (enum ps_command_id)id);
    program_page(&pages, PS_COMMAND_OF_SCHEDULER, PS_COMPONENT_SCHEDULER,
                 "decide what to probe, and whom to notify");
    program_page(&pages, PS_COMMAND_OF_WORKER, PS_COMPONENT_WORKER,
                 "send the probes, within the limits of the fleet");
    program_page(&pages, PS_COMMAND_OF_NOTIFIER, PS_COMPONENT_NOTIFIER,
                 "deliver the messages, each once");
    ps_buf_clear(&pages.page);
}
