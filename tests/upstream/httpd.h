/* HTTP/1.1 connections: reads requests, sends answers, and commits the faults an answer asks for.
 */
#ifndef PS_UPSTREAM_HTTPD_H
#define PS_UPSTREAM_HTTPD_H
#include "tests/upstream/control.h"

#include <event2/event.h>

struct ps_httpd;

/* Listens on 127.0.0.1. Borrows both. port 0: any free one. */
struct ps_httpd *ps_httpd_start(struct event_base *base, struct ps_upstream *upstream,
                                uint16_t port, struct ps_err *err) PS_MUST_USE;
uint16_t ps_httpd_port(const struct ps_httpd *httpd);
void ps_httpd_stop(struct ps_httpd *httpd);

#endif
