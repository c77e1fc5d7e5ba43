/* Follows HTTP redirects one hop at a time, and decides which of them a worker may follow.
 *
 * Place in the data flow: prober and document_reader call it with each answer. They do not let curl
 * follow redirects, because each hop is a request of its own: it needs a permit of the host that it
 * goes to (guarantee 6), and its address is checked. Pure. */
#ifndef PS_WORKER_CORE_REDIRECT_H
#define PS_WORKER_CORE_REDIRECT_H
#include "shared/core/err.h"

enum { PS_REDIRECTS_MAX = 5 };

/**
 * ps_redirect_of(from, status, location, followed, out_url, err): Set ${out_url} to the URL that
 * the answer of ${from} redirects to, owned by the caller, NULL if it is no redirect. ${location}
 * is NULL when absent; ${followed} counts the hops so far. Return false (NETWORK, with the CURLcode
 * as code) if the hop is forbidden: more than PS_REDIRECTS_MAX, from https to http, or to another
 * protocol.
 */
bool ps_redirect_of(const char *from, int status, const char *location, int followed,
                    char **out_url, struct ps_err *err) PS_MUST_USE;

/* The hops that one request has made. Zero it before the first use. */
struct ps_redirect_chain {
    char *current_url; /* owned; NULL before the first hop */
    int hops;
};

/* The URL to request now: ${url} itself before the first hop. Borrowed from either. */
const char *ps_redirect_chain_url(const struct ps_redirect_chain *chain, const char *url);
/* Makes one hop, as ps_redirect_of says. *out_moved: there was a redirect, request the new URL. */
bool ps_redirect_chain_follow(struct ps_redirect_chain *chain, const char *url, int status,
                              const char *location, bool *out_moved,
                              struct ps_err *err) PS_MUST_USE;
/* Frees the chain and starts over at the original URL. */
void ps_redirect_chain_clear(struct ps_redirect_chain *chain);

#endif
