/* A site for component tests, in the test's own loop: scripted answers, counted requests. */
#ifndef PS_TESTS_SUPPORT_FAKE_SITE_H
#define PS_TESTS_SUPPORT_FAKE_SITE_H
#include "shared/io/loop.h"

#include <stddef.h>

struct fake_site;

/* One answer; text is borrowed and must outlive the site. */
struct fake_answer {
    const char *path;
    int status;          /* 0: the connection is dropped */
    const char *headers; /* "Name: value\nName: value"; NULL for none */
    const char *body;
    size_t body_len; /* 0: strlen(body) */
    int64_t delay_ms;
    int times; /* 0: without end; else the next answer of that path follows after so many */
    const char *wants, *wants_value; /* header that the request must have; NULL: any will do */
};

struct fake_site *fake_site_create(struct ps_loop *loop);
void fake_site_destroy(struct fake_site *site);
/* What no answer was given for is 404. */
void fake_site_add(struct fake_site *site, const struct fake_answer *answer);
/* "http://127.0.0.1:<port>"; borrowed. */
const char *fake_site_base(const struct fake_site *site);
/* Requests seen, with path NULL all; method NULL any. */
int fake_site_count(const struct fake_site *site, const char *method, const char *path);
/* Monotonic ms of request number n, counted from 0, over all paths; 0 when there were fewer. */
int64_t fake_site_time(const struct fake_site *site, int n);

#endif
