/* E-mail addresses in text of strangers: nothing is added, and no bare address is left. */
#include "shared/core/alloc.h"
#include "shared/core/email_redact.h"
#include "tests/fuzz/check.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *raw = ps_alloc_copy((const char *)data, size);
    char *text = ps_utf8_clean(raw, strlen(raw));
    char *redacted = ps_email_redact(text);
    size_t len = strlen(redacted);

    check_text(redacted, strlen(text));
    for (size_t i = 1; i + 1 < len; i++)
        assert(redacted[i] != '@' || !is_word(redacted[i - 1]) || !is_word(redacted[i + 1]));
    free(redacted);
    redacted = ps_email_redact(raw); /* any bytes */
    assert(strlen(redacted) <= strlen(raw));
    free(redacted);
    free(text);
    free(raw);
    return 0;
}
