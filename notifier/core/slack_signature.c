#include "notifier/core/slack_signature.h"

#include "shared/core/alloc.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 12, HASH_BYTES = 32, HEX_DIGITS = 2 * HASH_BYTES };

static const char version[] = "v0=";

const char *ps_slack_signature_name(enum ps_slack_signature signature)
{
    static const char *const names[] = {
#define PS_X(id, name) name,
        PS_SLACK_SIGNATURES(PS_X)
#undef PS_X
    };

    return names[signature];
}

/* The string that is signed: "v0:", the timestamp, ":" and the body (api.slack.com, "Verifying
 * requests from Slack"). */
static void sign(const char *secret, const char *timestamp, struct ps_str body,
                 char out_hex[HEX_DIGITS])
{
    size_t prefix = strlen("v0::") + strlen(timestamp);
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned hash_len = 0;
    char *text = ps_alloc(prefix + body.len + 1);

    memcpy(text, "v0:", 3);
    memcpy(text + 3, timestamp, prefix - 4);
    text[prefix - 1] = ':';
    if (body.len > 0)
        memcpy(text + prefix, body.data, body.len);
    if (!HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)text,
              prefix + body.len, hash, &hash_len) ||
        hash_len != HASH_BYTES)
        abort();
    free(text);
    for (size_t i = 0; i < HASH_BYTES; i++) {
        out_hex[2 * i] = "0123456789abcdef"[hash[i] >> 4];
        out_hex[2 * i + 1] = "0123456789abcdef"[hash[i] & 15];
    }
}

enum ps_slack_signature ps_slack_signature_check(const char *secret, const char *timestamp,
                                                 const char *signature, struct ps_str body,
                                                 int64_t wall_s)
{
    int64_t signed_s;
    char hex[HEX_DIGITS];

    if (timestamp == NULL || signature == NULL || !ps_str_digits(ps_str_of(timestamp)) ||
        strlen(timestamp) > DIGITS_MAX ||
        !ps_str_int(ps_str_of(timestamp), 0, INT64_MAX, &signed_s))
        return PS_SLACK_SIGNATURE_MISSING;
    if (signed_s < wall_s - PS_SLACK_SIGNATURE_WINDOW_S ||
        signed_s > wall_s + PS_SLACK_SIGNATURE_WINDOW_S)
        return PS_SLACK_SIGNATURE_STALE;
    if (strncmp(signature, version, strlen(version)) != 0 ||
        strspn(signature + strlen(version), "0123456789abcdef") != HEX_DIGITS ||
        signature[strlen(version) + HEX_DIGITS] != '\0')
        return PS_SLACK_SIGNATURE_MALFORMED;
    sign(secret, timestamp, body, hex);
    return CRYPTO_memcmp(hex, signature + strlen(version), HEX_DIGITS) == 0
               ? PS_SLACK_SIGNATURE_GOOD
               : PS_SLACK_SIGNATURE_WRONG;
}
