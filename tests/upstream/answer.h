/* A request as read and the answer to it; which answer the index and the drafts give. */
#ifndef PS_UPSTREAM_ANSWER_H
#define PS_UPSTREAM_ANSWER_H
#include "shared/core/buf.h"
#include "tests/upstream/scenario.h"

/* Borrowed from the connection for the call. */
struct ps_user_command {
    struct ps_str method, path, query, host;
    struct ps_str if_none_match, if_modified_since, authorization, content_type;
    struct ps_str body;
    uint64_t connection;
    int64_t wall_us; /* real time */
};

struct ps_answer {
    int status;
    char *reason; /* NULL: the status' own */
    struct ps_blob *body;
    char *content_type;    /* NULL: none */
    struct ps_buf headers; /* "Name: value\r\n"… */
    struct ps_transport transport;
};

void ps_answer_init(struct ps_answer *answer);
void ps_answer_clear(struct ps_answer *answer);
void ps_answer_text(struct ps_answer *answer, int status, const char *text);
/* Takes json. */
void ps_answer_json(struct ps_answer *answer, int status, cJSON *json);
/* Lays a behaviour over the answer. clock_ms: the upstream's clock. */
void ps_answer_apply(struct ps_answer *answer, const struct ps_behaviour *behaviour,
                     int64_t clock_ms);
/* The index, a draft or 404, with the rules laid over it. out_answer is initialised. */
void ps_answer_page(struct ps_scenario *scenario, const struct ps_user_command *ask,
                    struct ps_answer *out_answer);
const char *ps_answer_reason(int status);
int64_t ps_answer_clock(const struct ps_scenario *scenario, const struct ps_user_command *ask);

#endif
