/* Every response of the page: the headers that keep strangers' text from doing anything,
 * validators, and what caches may do. */
#ifndef PS_SCHEDULER_PAGE_RESPONSE_H
#define PS_SCHEDULER_PAGE_RESPONSE_H
#include "shared/io/http_server.h"

struct ps_page_response {
    int status;       /* 200 unless set */
    const char *type; /* Content-Type */
    const char *body; /* borrowed for the call */
    size_t len;
    const char *cache;   /* Cache-Control; NULL: no-store */
    int64_t modified_ms; /* wall clock, for Last-Modified; 0: none */
};

/* Answers and ends the exchange. A 200 has an ETag of its bytes; a request that has these bytes
 * already (If-None-Match, or without that If-Modified-Since) gets 304. */
void ps_page_respond(struct ps_http_exchange *exchange, const struct ps_page_response *response);

#endif
