/* Shell completion of `paperscout`, made from the table of commands. The scripts are static: a
 * shell that completes starts no program and asks no server. */
#ifndef PS_CORE_COMPLETION_H
#define PS_CORE_COMPLETION_H
#include "shared/core/buf.h"

#include <stdbool.h>

/* Adds the script for shell ("bash", "zsh", "fish"); false for another shell, out_text is untouched
 * then. */
bool ps_completion_script(const char *shell, struct ps_buf *out_text) PS_MUST_USE;

#endif
