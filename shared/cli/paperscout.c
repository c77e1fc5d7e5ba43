/* paperscout: one command for people. It has no access to a server itself: it looks the command up
 * in the table (shared/core/command.def) and becomes the program that has it, so that output,
 * signals and exit status are that program's own. */
#include "shared/cli/check.h"
#include "shared/cli/sibling.h"
#include "shared/core/command_help.h"
#include "shared/core/completion.h"
#include "shared/core/man_page.h"
#include "shared/io/print.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE = 64 };
enum { TEXT_MAX = 256 * 1024, PATH_LEN_MAX = 4096 };

/* Prints text and clears it. A text that was cut or that standard output did not take is a failure.
 */
static int print(struct ps_buf *text)
{
    bool ok;

    ps_print(stdout, "%s", ps_buf_str(text));
    ok = fflush(stdout) == 0 && ferror(stdout) == 0 && !text->full;
    ps_buf_clear(text);
    return ok ? EXIT_OK : EXIT_FAILED;
}

static int unknown(const char *what, const char *name, const char *nearest)
{
    ps_print(stderr, "%s: unknown %s \"%s\"", PS_FRONT_NAME, what, name);
    if (nearest != NULL)
        ps_print(stderr, "; did you mean \"%s\"?\n", nearest);
    else
        ps_print(stderr, "; \"paperscout --help\" lists the commands\n");
    return EXIT_USAGE;
}

static int help(const char *name)
{
    struct ps_buf text;

    ps_buf_init(&text, TEXT_MAX);
    if (name == NULL) {
        ps_help_front(PS_VERSION, &text);
    } else {
        enum ps_command_id id = ps_command_find(name);

        if (id == PS_COMMAND_COUNT)
            return unknown("command", name, ps_command_nearest_front(name));
        ps_help_command(id, &text);
    }
    return print(&text);
}

static int usage(enum ps_command_id id)
{
    struct ps_buf text;

    ps_buf_init(&text, TEXT_MAX);
    (void)ps_buf_text(&text, "usage:\n");
    ps_help_usage("paperscout", ps_command_texts[id].front, ps_command_texts[id].usage, 2, &text);
    ps_print(stderr, "%s", ps_buf_str(&text));
    ps_buf_clear(&text);
    return EXIT_USAGE;
}

static int completion(int argc, char **argv)
{
    static const char *const shells[] = { "bash", "zsh", "fish" };
    struct ps_buf text;

    if (argc != 2)
        return usage(PS_COMMAND_COMPLETION);
    ps_buf_init(&text, TEXT_MAX);
    if (!ps_completion_script(argv[1], &text)) {
        const char *nearest = ps_command_nearest(argv[1], shells, PS_COUNT_OF(shells));

        ps_print(stderr, "%s: no completion for \"%s\"; there is bash, zsh and fish%s%s%s\n",
                 PS_FRONT_NAME, argv[1], nearest == NULL ? "" : "; did you mean \"",
                 nearest == NULL ? "" : nearest, nearest == NULL ? "" : "\"?");
        return EXIT_USAGE;
    }
    return print(&text);
}

/* --- for the build --------------------------------------------------------------------------- */

struct page_writer {
    const char *folder;
    int status;
};

static void write_page(void *cookie, const char *file, const char *text)
{
    struct page_writer *writer = cookie;
    char path[PATH_LEN_MAX];
    FILE *out;

    if ((size_t)snprintf(path, sizeof(path), "%s/%s", writer->folder, file) >= sizeof(path)) {
        writer->status = EXIT_FAILED;
        return;
    }
    out = fopen(path, "w");
    if (out != NULL)
        ps_print(out, "%s", text);
    if (out == NULL || ferror(out) != 0)
        writer->status = EXIT_FAILED;
    if (out != NULL && fclose(out) != 0)
        writer->status = EXIT_FAILED;
    if (writer->status != EXIT_OK)
        ps_print(stderr, "%s: %s: %s\n", PS_FRONT_NAME, path, strerror(errno));
}

/* --man-pages FOLDER DATE */
static int man_pages(int argc, char **argv)
{
    struct page_writer writer = { .folder = argc > 2 ? argv[2] : "", .status = EXIT_OK };

    if (argc != 4) {
        ps_print(stderr, "usage: paperscout --man-pages FOLDER DATE\n");
        return EXIT_USAGE;
    }
    ps_man_pages(PS_VERSION, argv[3], write_page, &writer);
    return writer.status;
}

static int option(int argc, char **argv)
{
    static const char *const options[] = { "--help", "--version" };
    const char *name = argv[1];
    struct ps_buf text;

    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return help(argc > 2 ? argv[2] : NULL);
    if (strcmp(name, "--man-pages") == 0)
        return man_pages(argc, argv);
    ps_buf_init(&text, TEXT_MAX);
    if (strcmp(name, "--version") == 0)
        (void)ps_buf_format(&text, "paperscout %s\n", PS_VERSION);
    else if (strcmp(name, "--markdown-commands") == 0)
        ps_help_markdown(&text);
    else
        return unknown("option", name, ps_command_nearest(name, options, PS_COUNT_OF(options)));
    return print(&text);
}

static int run_front(enum ps_command_id id, int argc, char **argv)
{
    if (id == PS_COMMAND_CHECK)
        return ps_check(argc, argv);
    if (id == PS_COMMAND_COMPLETION)
        return completion(argc, argv);
    if (argc > 2)
        return usage(PS_COMMAND_HELP);
    return help(argc == 2 ? argv[1] : NULL);
}

int main(int argc, char **argv)
{
    const struct ps_command_text *text;
    enum ps_command_id id;

    if (argc < 2)
        return help(NULL);
    if (argv[1][0] == '-')
        return option(argc, argv);
    id = ps_command_find(argv[1]);
    if (id == PS_COMMAND_COUNT)
        return unknown("command", argv[1], ps_command_nearest_front(argv[1]));
    if (argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0))
        return help(argv[1]);
    text = &ps_command_texts[id];
    if (text->program == PS_COMMAND_OF_FRONT)
        return run_front(id, argc - 1, argv + 1);
    argv[1] = (char *)(uintptr_t)text->name;
    return ps_sibling_become(ps_command_program_name(text->program), argv);
}
