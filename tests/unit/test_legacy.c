#include "scheduler/core/legacy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void a_draft_is_written_as_our_plan_would(void **state)
{
    static const struct {
        const char *url, *want, *id;
    } cases[] = {
        {"https://isocpp.org/files/papers/D2300R11.pdf",     "https://new/D2300R11.pdf", "D2300R11"},
        { "https://isocpp.org/files/papers/d42r0.HTML",      "https://new/D0042R0.html", "D0042R0" },
        { "http://www.isocpp.org/files/papers/P4033R0.pdf",  "https://new/P4033R0.pdf",  "P4033R0" },
        { "https://isocpp.org/files/papers/N4950.pdf",       NULL,                       NULL      },
        { "https://isocpp.org/files/papers/D2300.pdf",       NULL,                       NULL      },
        { "https://isocpp.org/files/papers/D2300R1",         NULL,                       NULL      },
        { "https://isocpp.org/files/papers/D2300R1.p-f",     NULL,                       NULL      },
        { "https://isocpp.org/files/papers/D2300R1.pdf?x=1", NULL,                       NULL      },
        { "https://isocpp.org/files/papers/",                NULL,                       NULL      },
        { "",                                                NULL,                       NULL      },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        char id[PS_PAPER_ID_TEXT] = "";
        char *got = ps_legacy_draft(cases[i].url, "https://new/", id);

        if ((got == NULL) != (cases[i].want == NULL))
            fail_msg("%s: %s", cases[i].url, got == NULL ? "refused" : got);
        if (got != NULL) {
            assert_string_equal(got, cases[i].want);
            assert_string_equal(id, cases[i].id);
        }
        free(got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_draft_is_written_as_our_plan_would) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
