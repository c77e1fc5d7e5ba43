#include "shared/core/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void every_key_bears_the_prefix(void **state)
{
    static const char *const names[PS_KEY_COUNT] = {
        [PS_KEY_TASKS] = "{ps}:tasks",
        [PS_KEY_RESULTS] = "{ps}:results",
        [PS_KEY_FAILURES] = "{ps}:failures",
        [PS_KEY_TASKS_DEAD] = "{ps}:tasks:dead",
        [PS_KEY_NOTIFY] = "{ps}:notify",
        [PS_KEY_NOTIFY_INFLIGHT] = "{ps}:notify:inflight:",
        [PS_KEY_NOTIFY_HOLDERS] = "{ps}:notify:holders",
        [PS_KEY_NOTIFY_DEAD] = "{ps}:notify:dead",
        [PS_KEY_CHANNEL] = "{ps}:channel:",
        [PS_KEY_ALERTED] = "{ps}:alerted:",
        [PS_KEY_LEADER] = "{ps}:leader",
        [PS_KEY_EPOCH] = "{ps}:epoch",
        [PS_KEY_GENERATION] = "{ps}:generation",
        [PS_KEY_CYCLE] = "{ps}:cycle",
        [PS_KEY_LIMIT] = "{ps}:limit:",
        [PS_KEY_COOLDOWN] = "{ps}:cooldown:",
        [PS_KEY_INSTANCE] = "{ps}:instance:",
        [PS_KEY_INSTANCES] = "{ps}:instances",
    };
    struct ps_keys *keys = ps_keys_create("{ps}:");
    size_t i;

    (void)state;
    for (i = 0; i < PS_KEY_COUNT; i++) {
        if (names[i] != NULL) /* a later key needs no row here */
            assert_string_equal(ps_key(keys, (enum ps_key)i), names[i]);
        else
            assert_memory_equal(ps_key(keys, (enum ps_key)i), "{ps}:", 5);
    }
    ps_keys_destroy(keys);
    ps_keys_destroy(NULL);
}

static void suffixed_keys_take_their_suffix(void **state)
{
    struct ps_keys *keys = ps_keys_create("");
    char *inflight = ps_key_with(keys, PS_KEY_NOTIFY_INFLIGHT, "n-1");
    char *instance = ps_key_instance(keys, "worker", "w-1");

    (void)state;
    assert_string_equal(inflight, "notify:inflight:n-1");
    assert_string_equal(instance, "instance:worker:w-1");
    free(inflight);
    free(instance);
    ps_keys_destroy(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_bears_the_prefix),
        cmocka_unit_test(suffixed_keys_take_their_suffix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
