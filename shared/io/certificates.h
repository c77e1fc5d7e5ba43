/* When the certificates end that this process has seen, for every https:// host that answered. One
 * list for the process, because every HTTP client adds to it and one incident (tls_expires) reads
 * it. */
#ifndef PS_IO_CERTIFICATES_H
#define PS_IO_CERTIFICATES_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stdint.h>

enum { PS_CERTIFICATES_HOSTS = 16, PS_CERTIFICATES_HOST = 256 };

/* Notes what the host of url showed: OpenSSL's or an ISO time, as curl gives "Expire date". What
 * cannot be read is ignored, and so are hosts beyond PS_CERTIFICATES_HOSTS. */
void ps_certificates_note(const char *url, const char *expires);
/* Gives the one that ends first: its host, borrowed, and wall clock ms. False: none was seen. */
bool ps_certificates_soonest(const char **out_host, int64_t *out_ms) PS_MUST_USE;

#endif
