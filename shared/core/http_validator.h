/* Validators of HTTP (RFC 9110 section 8.8): ETag and Last-Modified, which go back to the server in
 * a conditional request. */
#ifndef PS_CORE_HTTP_VALIDATOR_H
#define PS_CORE_HTTP_VALIDATOR_H
#include "shared/core/base.h"

#include <stdbool.h>

enum { PS_HTTP_VALIDATOR_MAX = 256 };

/* The value may be stored and sent back: printable ASCII, 1 to PS_HTTP_VALIDATOR_MAX bytes. A byte
 * above 0x7f is no text for PostgreSQL, and a long value makes a server refuse every later request.
 * NULL is not usable. */
bool ps_http_validator_usable(const char *value);

#endif
