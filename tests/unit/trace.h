/* Golden traces: a file of lines "event -> what came of it"; # begins a comment. */
#ifndef PS_TESTS_TRACE_H
#define PS_TESTS_TRACE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Does what event says and writes what came of it. */
typedef void (*trace_fn)(void *self, const char *event, char *out_text, size_t size);

/* Replays path; each line that differs is printed, then the test fails. */
static inline void trace_replay(const char *path, trace_fn fn, void *self)
{
    FILE *file = fopen(path, "r");
    char line[256], got[256];
    int number = 0, events = 0, wrong = 0;

    if (!file)
        fail_msg("%s cannot be opened", path);
    while (fgets(line, sizeof(line), file)) {
        char *arrow, *end;

        number++;
        line[strcspn(line, "#\n")] = '\0';
        for (end = line + strlen(line); end > line && end[-1] == ' ';)
            *--end = '\0';
        if (line[0] == '\0')
            continue;
        arrow = strstr(line, " -> ");
        if (!arrow)
            fail_msg("%s:%d has no \" -> \"", path, number);
        *arrow = '\0';
        fn(self, line, got, sizeof(got));
        events++;
        if (strcmp(got, arrow + 4) != 0) {
            print_error("%s:%d: %s\n  wanted %s\n  got    %s\n", path, number, line, arrow + 4,
                        got);
            wrong++;
        }
    }
    (void)fclose(file);
    assert_int_equal(wrong, 0);
    assert_true(events > 0);
}

#endif
