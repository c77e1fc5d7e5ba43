/* The head of an HTTP/1.1 request. */
#ifndef PS_UPSTREAM_REQUEST_H
#define PS_UPSTREAM_REQUEST_H
#include "tests/upstream/answer.h"

struct ps_request_head {
    struct ps_user_command ask; /* body, connection and time are the caller's to fill */
    int64_t body_len;
    bool keep_alive;
    bool expects_continue;
    bool chunked; /* a body that this server does not read */
};

/* text: the head with its empty line; the views of out_head borrow it. false: no HTTP. */
bool ps_request_parse(struct ps_str text, struct ps_request_head *out_head) PS_MUST_USE;

#endif
