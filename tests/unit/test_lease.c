#include "scheduler/core/lease.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/trace.h"

static const char *const actions[] = {
    [PS_LEASE_NOTHING] = "nothing ",
    [PS_LEASE_ASK_EPOCH_AND_TAKE] = "ask ",
    [PS_LEASE_RENEW] = "renew ",
    [PS_LEASE_STEP_DOWN] = "step_down ",
};

static const char *const states[] = {
    [PS_LEASE_STANDBY] = "standby",
    [PS_LEASE_TAKING] = "taking",
    [PS_LEASE_LEADER] = "leader",
    [PS_LEASE_RELEASED] = "released",
};

static void write_state(const struct ps_lease *lease, int64_t now, const char *answer, char *out,
                        size_t size)
{
    int len = snprintf(out, size, "%s%s", answer, states[lease->state]);

    if (lease->state == PS_LEASE_LEADER)
        len += snprintf(out + len, size - (size_t)len,
                        " epoch=%" PRId64 " until=%" PRId64 " next=%" PRId64, lease->epoch,
                        lease->safe_until_ms, lease->next_ms);
    if (lease->state == PS_LEASE_STANDBY)
        len += snprintf(out + len, size - (size_t)len, " next=%" PRId64, lease->next_ms);
    if (lease->state == PS_LEASE_RELEASED && lease->epoch != 0)
        len += snprintf(out + len, size - (size_t)len, " epoch=%" PRId64, lease->epoch);
    if (ps_lease_leads(lease, now))
        (void)snprintf(out + len, size - (size_t)len, " leads");
}

static void on_event(void *self, const char *event, char *out, size_t size)
{
    struct ps_lease *lease = self;
    const char *answer = "";
    char name[32] = "";
    int64_t now = 0, first = 0, second = 0;
    double rnd = 0;

    (void)sscanf(event, "%" SCNd64 " %31s %" SCNd64 " %" SCNd64, &now, name, &first, &second);
    if (strcmp(name, "start") == 0) {
        ps_lease_init(lease, first, now);
    } else if (strcmp(name, "step") == 0) {
        answer = actions[ps_lease_step(lease, now)];
    } else if (strcmp(name, "taken") == 0) {
        ps_lease_taken(lease, first, second, now);
    } else if (strcmp(name, "not_taken") == 0) {
        (void)sscanf(event, "%*d %*s %lf", &rnd);
        ps_lease_not_taken(lease, now, rnd);
    } else if (strcmp(name, "renewed") == 0) {
        ps_lease_renewed(lease, first, now);
    } else if (strcmp(name, "renew_failed") == 0) {
        ps_lease_renew_failed(lease, now);
    } else if (strcmp(name, "lost") == 0) {
        answer = ps_lease_lost(lease, now) ? "yes " : "no ";
    } else if (strcmp(name, "release") == 0) {
        answer = ps_lease_release(lease) ? "yes " : "no ";
    } else if (strcmp(name, "leads") != 0) {
        answer = "unknown event ";
    }
    write_state(lease, now, answer, out, size);
}

static void a_lease_is_taken_kept_and_left_as_traced(void **state)
{
    struct ps_lease lease;

    (void)state;
    trace_replay("trace/lease.trace", on_event, &lease);
}

/* Whatever the answers are and however late, two holders never both think that they lead. */
static void a_holder_stops_before_the_store_gives_the_lease_to_another(void **state)
{
    uint32_t seed = 12345;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct ps_lease lease;
        int64_t granted_until = -1; /* by the store's clock, which is the same here */
        int64_t now = 0, sent = 0;
        bool under_way = false, granted = false, renewal = false;

        ps_lease_init(&lease, 1000, 0);
        for (int i = 0; i < 200; i++) {
            enum ps_lease_action action = ps_lease_step(&lease, now);

            if (action == PS_LEASE_ASK_EPOCH_AND_TAKE || action == PS_LEASE_RENEW) {
                seed = seed * 1664525 + 1013904223;
                under_way = true;
                renewal = action == PS_LEASE_RENEW;
                sent = now;
                granted = (seed >> 16) % 3 != 0;
                if (granted) /* it arrives some time after it was sent */
                    granted_until = now + (seed >> 20) % 40 + 1000;
            }
            seed = seed * 1664525 + 1013904223;
            now += (seed >> 16) % 300;
            if (under_way && (seed >> 8) % 2 == 0) {
                under_way = false;
                if (granted && renewal)
                    ps_lease_renewed(&lease, sent, now);
                else if (granted)
                    ps_lease_taken(&lease, i, sent, now);
                else if (renewal)
                    ps_lease_renew_failed(&lease, now);
                else
                    ps_lease_not_taken(&lease, now, 0.5);
            }
            if (ps_lease_leads(&lease, now))
                assert_true(now < granted_until);
        }
    }
}

/* A standby that hears signals looks when the lease can have ended, not ten times before; and not
 * much later than a third of a life, because somebody may delete the key. */
static void a_standby_that_hears_signals_waits_for_the_end_of_the_lease(void **state)
{
    static const struct {
        int64_t left_ms;
        double rnd;
        int64_t least_ms, most_ms;
    } rows[] = {
        {0,     0.0,  1000, 1000},
        { 0,    0.99, 1001, 1200},
        { 700,  0.0,  1700, 1700},
        { 700,  0.99, 1701, 1900},
        { 5000, 0.0,  3000, 3000},
        { 5000, 0.99, 3001, 3200},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ps_lease lease;

        ps_lease_init(&lease, 6000, 1000);
        assert_int_equal(ps_lease_due_ms(&lease), 1000);
        assert_int_equal(ps_lease_step(&lease, 1000), PS_LEASE_ASK_EPOCH_AND_TAKE);
        assert_true(ps_lease_due_ms(&lease) == INT64_MAX);
        ps_lease_held(&lease, 1000, rows[i].left_ms, rows[i].rnd);
        assert_in_range(ps_lease_due_ms(&lease), rows[i].least_ms, rows[i].most_ms);
        assert_int_equal(ps_lease_step(&lease, ps_lease_due_ms(&lease) - 1), PS_LEASE_NOTHING);
        ps_lease_hurry(&lease, 1000); /* it was given back */
        assert_int_equal(ps_lease_step(&lease, 1000), PS_LEASE_ASK_EPOCH_AND_TAKE);
        ps_lease_hurry(&lease, 1001);
        ps_lease_held(&lease, 1001, 100, 0);
        ps_lease_held(&lease, 1001, 5000, 0); /* none is awaited any more */
        assert_int_equal(ps_lease_due_ms(&lease), 1101);
    }
}

/* Forward only, and never the end of a term. */
static void a_look_or_a_renewal_can_be_made_sooner(void **state)
{
    struct ps_lease lease;

    (void)state;
    ps_lease_init(&lease, 6000, 1000);
    assert_int_equal(ps_lease_step(&lease, 1000), PS_LEASE_ASK_EPOCH_AND_TAKE);
    ps_lease_sooner(&lease, 1500); /* the answer is awaited */
    assert_true(ps_lease_due_ms(&lease) == INT64_MAX);
    ps_lease_held(&lease, 1000, 6000, 0);
    ps_lease_sooner(&lease, 3500);
    assert_int_equal(ps_lease_due_ms(&lease), 3000);
    ps_lease_sooner(&lease, 2200);
    assert_int_equal(ps_lease_due_ms(&lease), 2200);
    assert_int_equal(ps_lease_step(&lease, 2200), PS_LEASE_ASK_EPOCH_AND_TAKE);
    ps_lease_taken(&lease, 1, 2200, 2210);
    ps_lease_sooner(&lease, 4000);
    assert_int_equal(ps_lease_due_ms(&lease), 4000);
    assert_int_equal(ps_lease_step(&lease, 4000), PS_LEASE_RENEW);
    ps_lease_sooner(&lease, 4100); /* its answer is awaited */
    assert_int_equal(ps_lease_due_ms(&lease), 2200 + 5400);
}

/* The next step of a leader: the renewal, and while that is not answered, the end of its term. */
static void a_leader_is_due_at_its_renewal_or_at_its_end(void **state)
{
    struct ps_lease lease;

    (void)state;
    ps_lease_init(&lease, 6000, 0);
    assert_int_equal(ps_lease_step(&lease, 0), PS_LEASE_ASK_EPOCH_AND_TAKE);
    ps_lease_taken(&lease, 1, 0, 10);
    ps_lease_hurry(&lease, 20); /* its own signal */
    ps_lease_held(&lease, 20, 100, 0);
    assert_int_equal(ps_lease_due_ms(&lease), 2000);
    assert_int_equal(ps_lease_step(&lease, 2000), PS_LEASE_RENEW);
    assert_int_equal(ps_lease_due_ms(&lease), 5400);
    ps_lease_renew_failed(&lease, 5300);
    assert_int_equal(ps_lease_due_ms(&lease), 5400);
    assert_int_equal(ps_lease_step(&lease, 5400), PS_LEASE_STEP_DOWN);
    assert_true(ps_lease_release(&lease) == false);
    assert_true(ps_lease_due_ms(&lease) == INT64_MAX);
    ps_lease_hurry(&lease, 6000);
    assert_int_equal(ps_lease_step(&lease, 9000), PS_LEASE_NOTHING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lease_is_taken_kept_and_left_as_traced),
        cmocka_unit_test(a_standby_that_hears_signals_waits_for_the_end_of_the_lease),
        cmocka_unit_test(a_look_or_a_renewal_can_be_made_sooner),
        cmocka_unit_test(a_leader_is_due_at_its_renewal_or_at_its_end),
        cmocka_unit_test(a_holder_stops_before_the_store_gives_the_lease_to_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
