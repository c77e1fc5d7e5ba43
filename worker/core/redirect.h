/* Where an answer leads to, and whether one may go there. */
#ifndef PS_WORKER_CORE_REDIRECT_H
#define PS_WORKER_CORE_REDIRECT_H
#include "shared/core/err.h"

enum { PS_REDIRECTS_MAX = 5 };

/* from answered with status and location (NULL when absent), after followed redirects. Gives the
 * URL to ask next; NULL where the answer leads nowhere. false (NETWORK, with the CURLcode as code)
 * where it leads to what must not be asked: too far, from https to http, to another protocol. */
bool ps_redirect_of(const char *from, int status, const char *location, int followed,
                    char **out_url, struct ps_err *err) PS_MUST_USE;

/* Where redirects have led a request to. Zeroed: nowhere yet. */
struct ps_redirect_chain {
    char *led_to;
    int hops;
};

/* What to ask now: url itself, or where it led. Borrowed from either. */
const char *ps_redirect_chain_url(const struct ps_redirect_chain *trail, const char *url);
/* One step on from where it stands, as ps_redirect_of says; out_moved: there was one. */
bool ps_redirect_chain_follow(struct ps_redirect_chain *trail, const char *url, int status,
                              const char *location, bool *out_moved,
                              struct ps_err *err) PS_MUST_USE;
void ps_redirect_chain_clear(struct ps_redirect_chain *trail); /* back to nowhere */

#endif
