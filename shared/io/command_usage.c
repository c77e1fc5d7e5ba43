#include "shared/io/command_usage.h"

#include "shared/core/command_help.h"
#include "shared/io/print.h"
#include "shared/io/program.h"

#include <stdio.h>

enum { TEXT_MAX = 4096, USAGE_PREFIX = 64 };

int ps_command_usage(const char *program_name, enum ps_command_id command)
{
    const struct ps_command_text *text = &ps_command_texts[command];
    char prefix[USAGE_PREFIX];
    struct ps_buf usage;

    (void)snprintf(prefix, sizeof(prefix), "usage: %s", program_name);
    ps_buf_init(&usage, TEXT_MAX);
    ps_help_usage(prefix, text->name, text->usage, 0, &usage);
    ps_print(stderr, "%s", ps_buf_str(&usage));
    ps_buf_clear(&usage);
    return PS_EXIT_USAGE;
}
