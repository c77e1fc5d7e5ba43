/* What was asked: counts and peaks per path, folder, host and as a whole, and the last requests. */
#ifndef PS_UPSTREAM_RECORD_H
#define PS_UPSTREAM_RECORD_H
#include "shared/core/str.h"

#include <cjson/cJSON.h>
#include <stdint.h>

struct ps_record;
struct ps_tally;

/* What one request was counted under, until it is over. */
struct ps_record_visit {
    struct ps_tally *tally[4]; /* path, folder, host, all */
};

struct ps_record_request {
    struct ps_str method, host, path;
    int64_t wall_us;
    uint64_t connection;
};

struct ps_record *ps_record_create(size_t keep) PS_MUST_USE; /* how many requests it remembers */
void ps_record_destroy(struct ps_record *record);
void ps_record_begin(struct ps_record *record, const struct ps_record_request *request,
                     struct ps_record_visit *out_visit);
void ps_record_status(struct ps_record *record, const struct ps_record_visit *visit, int status);
void ps_record_end(struct ps_record_visit *visit);
void ps_record_reset(struct ps_record *record);
/* Give JSON. like, from_us, until_us and limit select (NULL and 0: all). */
cJSON *ps_record_stats(const struct ps_record *record) PS_MUST_USE;

struct ps_record_query {
    struct ps_str prefix; /* of the path */
    int64_t from_us, until_us;
    int64_t limit; /* newest so many; 0: all */
};
cJSON *ps_record_requests(const struct ps_record *record,
                          const struct ps_record_query *query) PS_MUST_USE;

#endif
