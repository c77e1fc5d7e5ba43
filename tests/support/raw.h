/* A client that writes bytes and reads bytes, beside a server that runs on the same loop. */
#ifndef PS_TESTS_RAW_H
#define PS_TESTS_RAW_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ps_loop;

enum { PS_TEST_RAW_CAP = 256 * 1024 };

/* What was read so far. */
struct ps_test_raw {
    struct ps_loop *loop;
    int fd; /* -1: not connected */
    char *text;
    size_t len;
    bool closed; /* the other side closed or reset */
};

/* Connects to 127.0.0.1:port; a failed assertion when that cannot be done. */
void ps_test_raw_open(struct ps_test_raw *raw, struct ps_loop *loop, uint16_t port);
void ps_test_raw_close(struct ps_test_raw *raw);
void ps_test_raw_send(struct ps_test_raw *raw, const char *text, size_t len);
void ps_test_raw_text(struct ps_test_raw *raw, const char *text);
/* Turns the loop until want was read count times, the other side closed, or ms passed. True when it
   was read. */
bool ps_test_raw_until(struct ps_test_raw *raw, const char *want, int count, int64_t ms);
/* The same until the other side closed. */
bool ps_test_raw_until_closed(struct ps_test_raw *raw, int64_t ms);
int ps_test_raw_count(const struct ps_test_raw *raw, const char *want);
/* Turns the loop once without waiting. */
void ps_test_turn(struct ps_loop *loop);

#endif
