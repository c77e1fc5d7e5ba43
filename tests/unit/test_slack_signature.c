#include "notifier/core/slack_signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* The example of Slack's own documentation, "Verifying requests from Slack". */
static const char secret[] = "8f742231b10e8888abcd99yyyzzz85a5";
static const char body[] =
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
    "channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
    "response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F"
    "96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
#define HASH "a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
static const int64_t then = 1531420618;

static enum ps_slack_signature check(const char *timestamp, const char *signature, int64_t now)
{
    return ps_slack_signature_check(secret, timestamp, signature, ps_str_of(body), now);
}

static void slacks_own_example_is_good(void **state)
{
    (void)state;
    assert_int_equal(check("1531420618", "v0=" HASH, then), PS_SLACK_SIGNATURE_GOOD);
}

static void what_is_not_signed_so_is_refused(void **state)
{
    static const struct {
        const char *timestamp, *signature;
        enum ps_slack_signature want;
    } rows[] = {
        {NULL,             "v0=" HASH,                                                            PS_SLACK_SIGNATURE_MISSING  },
        { "1531420618",    NULL,                                                                  PS_SLACK_SIGNATURE_MISSING  },
        { "",              "v0=" HASH,                                                            PS_SLACK_SIGNATURE_MISSING  },
        { "yesterday",     "v0=" HASH,                                                            PS_SLACK_SIGNATURE_MISSING  },
        { "-1531420618",   "v0=" HASH,                                                            PS_SLACK_SIGNATURE_MISSING  },
        { "1531420618 ",   "v0=" HASH,                                                            PS_SLACK_SIGNATURE_MISSING  },
        { "9999999999999", "v0=" HASH,                                                            PS_SLACK_SIGNATURE_MISSING  },
        { "1531420619",    "v0=" HASH,                                                            PS_SLACK_SIGNATURE_WRONG    },
        { "01531420618",   "v0=" HASH,                                                            PS_SLACK_SIGNATURE_WRONG    },
        { "1531420618",    "v1=" HASH,                                                            PS_SLACK_SIGNATURE_MALFORMED},
        { "1531420618",    HASH,                                                                  PS_SLACK_SIGNATURE_MALFORMED},
        { "1531420618",    "v0=",                                                                 PS_SLACK_SIGNATURE_MALFORMED},
        { "1531420618",    "v0=" HASH "0",                                                        PS_SLACK_SIGNATURE_MALFORMED},
        { "1531420618",    "v0=" HASH " ",                                                        PS_SLACK_SIGNATURE_MALFORMED},
        { "1531420618",    "V0=" HASH,                                                            PS_SLACK_SIGNATURE_MALFORMED},
        { "1531420618",    "v0=A2114D57B48EAC39B9AD189DD8316235A7B4A8D21A10BD27519666489C69B503",
         PS_SLACK_SIGNATURE_MALFORMED                                                                                         },
        { "1531420618",    "v0=b2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
         PS_SLACK_SIGNATURE_WRONG                                                                                             },
        { "1531420618",    "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b504",
         PS_SLACK_SIGNATURE_WRONG                                                                                             },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++)
        assert_int_equal(check(rows[i].timestamp, rows[i].signature, then), rows[i].want);
}

static void five_minutes_either_way(void **state)
{
    (void)state;
    assert_int_equal(check("1531420618", "v0=" HASH, then + 300), PS_SLACK_SIGNATURE_GOOD);
    assert_int_equal(check("1531420618", "v0=" HASH, then + 301), PS_SLACK_SIGNATURE_STALE);
    assert_int_equal(check("1531420618", "v0=" HASH, then - 300), PS_SLACK_SIGNATURE_GOOD);
    assert_int_equal(check("1531420618", "v0=" HASH, then - 301), PS_SLACK_SIGNATURE_STALE);
}

static void every_byte_of_the_body_counts(void **state)
{
    /* hmac.new(b"secret", b"v0:1000:" + body, hashlib.sha256) */
    static const char empty[] =
        "v0=4d095ba89d83adefb09a4cb90c49014a3d923150d4e534099fa6d4ad8e8d089a";
    static const char with_nul[] =
        "v0=40104b975d1703fb36358b1438b6d11a2e9a21a35d8f5e4f5305cc8d7c204a2d";
    struct ps_str raw = { "{}\0x", 4 };

    (void)state;
    assert_int_equal(
        ps_slack_signature_check("secret", "1000", empty, (struct ps_str){ "", 0 }, 1000),
        PS_SLACK_SIGNATURE_GOOD);
    assert_int_equal(ps_slack_signature_check("secret", "1000", with_nul, raw, 1000),
                     PS_SLACK_SIGNATURE_GOOD);
    raw.len = 3;
    assert_int_equal(ps_slack_signature_check("secret", "1000", with_nul, raw, 1000),
                     PS_SLACK_SIGNATURE_WRONG);
    assert_int_equal(
        ps_slack_signature_check("secreT", "1000", empty, (struct ps_str){ "", 0 }, 1000),
        PS_SLACK_SIGNATURE_WRONG);
    for (size_t i = 0; i < sizeof(body) - 1; i++) {
        char changed[sizeof(body)];

        memcpy(changed, body, sizeof(body));
        changed[i] ^= 1;
        assert_int_equal(ps_slack_signature_check(secret, "1531420618", "v0=" HASH,
                                                  (struct ps_str){ changed, sizeof(body) - 1 },
                                                  then),
                         PS_SLACK_SIGNATURE_WRONG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slacks_own_example_is_good),
        cmocka_unit_test(what_is_not_signed_so_is_refused),
        cmocka_unit_test(five_minutes_either_way),
        cmocka_unit_test(every_byte_of_the_body_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
