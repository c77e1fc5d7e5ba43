#define _GNU_SOURCE /* getopt_long */
#include "scheduler/cli/input.h"

#include "shared/core/buf.h"
#include "shared/core/utc_time.h"
#include "shared/io/env.h"
#include "shared/io/print.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { OPTIONS_MAX = 16 };

bool ps_input_options(int argc, char **argv, const struct ps_input_option *options, size_t count)
{
    struct option table[OPTIONS_MAX + 1] = { 0 };
    int index = 0, got;

    for (size_t i = 0; i < count && i < OPTIONS_MAX; i++)
        table[i] =
            (struct option){ .name = options[i].name,
                             .has_arg = options[i].need == PS_INPUT_FLAG ? no_argument
                                                                         : required_argument };
    optind = 0; /* glibc: start again */
    while ((got = getopt_long(argc, argv, "", table, &index)) == 0)
        *options[index].value = optarg == NULL ? options[index].name : optarg;
    if (got != -1)
        return false; /* getopt_long has reported it */
    if (optind < argc) {
        ps_print(stderr, "%s: unexpected argument '%s'\n", argv[0], argv[optind]);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (options[i].need == PS_INPUT_REQUIRED && !*options[i].value) {
            ps_print(stderr, "%s: --%s is required\n", argv[0], options[i].name);
            return false;
        }
    }
    return true;
}

static bool read_file(const char *path, struct ps_buf *out_text)
{
    FILE *file = fopen(path, "rb");
    char piece[16384];
    bool ok = file != NULL;
    size_t got;

    while (ok && (got = fread(piece, 1, sizeof(piece), file)) > 0) {
        ok = ps_buf_add(out_text, piece, got);
        if (!ok)
            errno = EFBIG;
    }
    ok = ok && !ferror(file);
    if (!ok)
        ps_print(stderr, "%s: %s\n", path, strerror(errno));
    if (file)
        (void)fclose(file);
    return ok;
}

struct ps_paper_index *ps_input_index(const char *path)
{
    struct ps_paper_index *index = NULL;
    struct ps_buf text;
    struct ps_err err;

    ps_buf_init(&text, PS_INDEX_BYTES_MAX);
    if (read_file(path, &text)) {
        index = ps_paper_index_parse(ps_buf_str(&text), text.len, NULL, NULL, &err);
        if (!index)
            ps_print(stderr, "%s: %s\n", path, err.what);
    }
    ps_buf_clear(&text);
    return index;
}

bool ps_input_lines(const char *path, const char *what, ps_input_line_fn fn, void *cookie)
{
    struct ps_buf text;
    struct ps_str rest, line;
    size_t number = 0;
    bool ok;

    ps_buf_init(&text, PS_INPUT_LIST_BYTES_MAX);
    ok = read_file(path, &text);
    rest = (struct ps_str){ ps_buf_str(&text), text.len };
    while (ok && ps_str_next(&rest, '\n', &line)) {
        number++;
        line = ps_str_trim(line);
        if (line.len > 0 && !fn(cookie, line)) {
            ps_print(stderr, "%s:%zu: %s\n", path, number, what);
            ok = false;
        }
    }
    ps_buf_clear(&text);
    return ok;
}

static bool on_number(void *cookie, struct ps_str line)
{
    int64_t number;

    if (!ps_str_int(line, 1, PS_PAPER_NUMBER_MAX, &number))
        return false;
    ps_number_set_add(cookie, (int)number);
    return true;
}

bool ps_input_numbers(const char *path, struct ps_number_set *set)
{
    return ps_input_lines(path, "no paper number", on_number, set);
}

bool ps_input_time(struct ps_str text, int64_t *out_wall_ms)
{
    static const char *const endings[] = { "", "Z", ":00Z", "T00:00:00Z" };
    char full[2 * PS_UTC_TIME_TEXT];

    text = ps_str_trim(text);
    if (text.len >= PS_UTC_TIME_TEXT)
        return false;
    for (size_t i = 0; i < PS_COUNT_OF(endings); i++) {
        (void)snprintf(full, sizeof(full), "%.*s%s", (int)text.len, text.data, endings[i]);
        if (ps_utc_time_parse_time(full, out_wall_ms))
            return true;
    }
    return false;
}

void ps_input_set(struct ps_input_settings *settings, const char *name, const char *value)
{
    if (value == NULL || settings->len == PS_COUNT_OF(settings->names))
        return;
    settings->names[settings->len] = name;
    settings->values[settings->len++] = value;
}

bool ps_input_get(void *cookie, const char *name, const char **out_value, struct ps_err *err)
{
    const struct ps_input_settings *settings = cookie;

    for (size_t i = 0; i < settings->len; i++) {
        if (strcmp(settings->names[i], name) == 0) {
            *out_value = settings->values[i];
            return true;
        }
    }
    return ps_env_get(settings->env, name, out_value, err);
}
