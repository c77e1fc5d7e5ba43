/* Validators of HTTP (RFC 9110, 8.8): the ETag and Last-Modified of a response, which a later
 * conditional request sends back. */
#ifndef PS_CORE_HTTP_VALIDATOR_H
#define PS_CORE_HTTP_VALIDATOR_H
#include "shared/core/base.h"

#include <stdbool.h>

enum { PS_HTTP_VALIDATOR_MAX = 256 };

/* Returns whether value may be stored and sent back: printable ASCII, 1 to PS_HTTP_VALIDATOR_MAX
 * bytes. PostgreSQL rejects bytes above 0x7f that are not UTF-8, and a long value would make the
 * server refuse every later request. NULL is not usable. */
bool ps_http_validator_usable(const char *value);

#endif
