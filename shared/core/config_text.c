/* Texts rendered from the table of settings: --help, check-config, deploy/SETTINGS.md,
 * deploy/env.example. */
#include "shared/core/config_private.h"

#include "shared/core/str.h"

#include <string.h>

enum { HELP_WIDTH = 78, HELP_INDENT = 10 };

/* Adds text in indented lines of at most HELP_WIDTH columns. */
static void add_wrapped(const char *text, struct ps_buf *out_text)
{
    struct ps_str rest = ps_str_of(text);
    struct ps_str word;
    size_t column = 0;

    while (ps_str_next(&rest, ' ', &word)) {
        if (column > 0 && column + 1 + word.len > HELP_WIDTH) {
            (void)ps_buf_char(out_text, '\n');
            column = 0;
        }
        if (column == 0) {
            (void)ps_buf_format(out_text, "%*s", HELP_INDENT, "");
            column = HELP_INDENT;
        } else {
            (void)ps_buf_char(out_text, ' ');
            column++;
        }
        (void)ps_buf_format(out_text, "%.*s", (int)word.len, word.data);
        column += word.len;
    }
    (void)ps_buf_char(out_text, '\n');
}

void ps_config_help(unsigned component, struct ps_buf *out_text)
{
    for (size_t i = 0; i < PS_CONFIG_ROWS; i++) {
        const struct ps_config_row *row = &ps_config_rows[i];

        if ((row->who & component) == 0)
            continue;
        (void)ps_buf_format(out_text, "    %s", row->name);
        if (row->def[0] != '\0')
            (void)ps_buf_format(out_text, " (default %s)", row->def);
        (void)ps_buf_char(out_text, '\n');
        add_wrapped(row->help, out_text);
    }
}

void ps_config_print(unsigned component, const struct ps_config *config, struct ps_buf *out_text)
{
    for (size_t i = 0; i < PS_CONFIG_ROWS; i++) {
        const struct ps_config_row *row = &ps_config_rows[i];

        if ((row->who & component) == 0)
            continue;
        (void)ps_buf_format(out_text, "%s=", row->name);
        ps_config_row_print(row, config, out_text);
        (void)ps_buf_char(out_text, '\n');
    }
}

static void add_components(unsigned who, struct ps_buf *out_text)
{
    static const struct {
        unsigned component;
        const char *name;
    } names[] = {
        {PS_COMPONENT_SCHEDULER, "scheduler"},
        { PS_COMPONENT_WORKER,   "worker"   },
        { PS_COMPONENT_NOTIFIER, "notifier" }
    };
    const char *before = "";

    if (who == (PS_COMPONENT_SCHEDULER | PS_COMPONENT_WORKER | PS_COMPONENT_NOTIFIER)) {
        (void)ps_buf_text(out_text, "all");
        return;
    }
    for (size_t i = 0; i < PS_COUNT_OF(names); i++) {
        if ((who & names[i].component) == 0)
            continue;
        (void)ps_buf_format(out_text, "%s%s", before, names[i].name);
        before = ", ";
    }
}

/* Adds text as a cell of a Markdown table; an unescaped '|' would end the cell. */
static void add_cell(const char *text, struct ps_buf *out_text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            (void)ps_buf_char(out_text, '\\');
        (void)ps_buf_char(out_text, *text);
    }
}

void ps_config_markdown(struct ps_buf *out_text)
{
    struct ps_buf allowed;

    ps_buf_init(&allowed, 1024);
    (void)ps_buf_text(out_text, "| setting | default | allowed | read by | meaning |\n"
                                "|---|---|---|---|---|\n");
    for (size_t i = 0; i < PS_CONFIG_ROWS; i++) {
        const struct ps_config_row *row = &ps_config_rows[i];
        const char *tick = row->def[0] != '\0' ? "`" : "";

        (void)ps_buf_format(out_text, "| `%s` | %s", row->name, tick);
        add_cell(row->def, out_text);
        (void)ps_buf_format(out_text, "%s | ", tick);
        ps_buf_reset(&allowed);
        ps_config_row_allowed(row, &allowed);
        add_cell(ps_buf_str(&allowed), out_text);
        (void)ps_buf_text(out_text, " | ");
        add_components(row->who, out_text);
        (void)ps_buf_text(out_text, " | ");
        add_cell(row->help, out_text);
        if (row->type == PS_CONFIG_SECRET)
            (void)ps_buf_format(out_text, " (secret: `%s_FILE` may name a file instead)",
                                row->name);
        (void)ps_buf_text(out_text, " |\n");
    }
    ps_buf_clear(&allowed);
}

void ps_config_env_example(struct ps_buf *out_text)
{
    (void)ps_buf_text(out_text, "# Every setting with its default. Copy to .env and uncomment what "
                                "differs.\n"
                                "# A secret can come from a file instead: NAME_FILE=/path.\n");
    for (size_t i = 0; i < PS_CONFIG_ROWS; i++) {
        const struct ps_config_row *row = &ps_config_rows[i];
        bool quoted = strpbrk(row->def, "\" #") != NULL;

        (void)ps_buf_format(out_text, "\n# %s (", row->help);
        add_components(row->who, out_text);
        (void)ps_buf_format(out_text, ")\n#%s=%s%s%s\n", row->name, quoted ? "'" : "", row->def,
                            quoted ? "'" : "");
    }
}
