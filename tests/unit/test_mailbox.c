#include "shared/core/mailbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void an_address_is_local_at_domain(void **state)
{
    static const char *const good[] = { "a@example.org", "jane.doe+wg21@mail.example.co.uk",
                                        "root@localhost", "o'dwyer@x-y.org", "A_1@EXAMPLE.ORG" };
    static const char *const bad[] = { "",
                                       "U0123456789",
                                       "#papers",
                                       "@papers",
                                       "webhook:a",
                                       "a@",
                                       "@example.org",
                                       "a@b",
                                       "a@@example.org",
                                       "a@b@example.org",
                                       ".a@example.org",
                                       "a.@example.org",
                                       "a..b@example.org",
                                       "a b@example.org",
                                       "a@exa mple.org",
                                       "a@example.org\r\nRCPT TO:<b@example.org>",
                                       "a\n@example.org",
                                       "<a@example.org>",
                                       "a@example.org>",
                                       "\"a b\"@example.org",
                                       "a@-example.org",
                                       "a@example-.org",
                                       "a@.example.org",
                                       "a@example.org.",
                                       "a@example..org",
                                       "a@[127.0.0.1]",
                                       "j\xC3\xB6rg@example.org",
                                       "a@ex\xC3\xA4mple.org",
                                       "a@example.org\x7f" };
    char text[256];

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(good); i++)
        if (!ps_mailbox_is_address(good[i]))
            fail_msg("%s", good[i]);
    for (size_t i = 0; i < PS_COUNT_OF(bad); i++)
        if (ps_mailbox_is_address(bad[i]))
            fail_msg("%s", bad[i]);
    memset(text, 'a', sizeof(text));
    memcpy(text + 64, "@example.org", 13);
    assert_true(ps_mailbox_is_address(text));
    memset(text, 'a', sizeof(text));
    memcpy(text + 65, "@example.org", 13);
    assert_false(ps_mailbox_is_address(text));
    memset(text, 'a', sizeof(text));
    text[1] = '@';
    for (size_t i = 10; i < 120; i += 10)
        text[i] = '.';
    text[127] = '\0';
    assert_true(ps_mailbox_is_address(text));
    text[127] = 'a';
    text[128] = '\0';
    assert_false(ps_mailbox_is_address(text));
}

static void the_domain_has_no_case(void **state)
{
    char *address = ps_mailbox_normalize("Jane@EXAMPLE.Org");

    (void)state;
    assert_string_equal(address, "Jane@example.org");
    free(address);
}

static void a_sender_may_have_a_name(void **state)
{
    static const struct {
        const char *text, *name, *address;
    } rows[] = {
        {"a@example.org",                  "",             "a@example.org"},
        { " a@example.org ",               "",             "a@example.org"},
        { "<a@example.org>",               "",             "a@example.org"},
        { "Paper Scout <a@example.org>",   "Paper Scout",  "a@example.org"},
        { "\"Scout, P.\" <a@example.org>", "Scout, P.",    "a@example.org"},
        { "P\xC3\xA4per <a@example.org>",  "P\xC3\xA4per", "a@example.org"},
    };
    static const char *const bad[] = { "",
                                       "<>",
                                       ">",
                                       "<",
                                       "a",
                                       "A <b>",
                                       "A <a@example.org> B",
                                       "A\nB <a@example.org>",
                                       "A <<a@example.org>",
                                       "A <a@example.org>>" };
    struct ps_mailbox mailbox = { .name = "untouched" };
    struct ps_err err;

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(bad); i++) {
        if (ps_mailbox_parse(bad[i], &mailbox, &err))
            fail_msg("%s", bad[i]);
        assert_int_equal(err.category, PS_FAILURE_CONFIGURATION);
        assert_string_equal(mailbox.name, "untouched");
    }
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        assert_true(ps_mailbox_parse(rows[i].text, &mailbox, &err));
        assert_string_equal(mailbox.name, rows[i].name);
        assert_string_equal(mailbox.address, rows[i].address);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_local_at_domain),
        cmocka_unit_test(the_domain_has_no_case),
        cmocka_unit_test(a_sender_may_have_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
