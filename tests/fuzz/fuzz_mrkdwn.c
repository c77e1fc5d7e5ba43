/* Whatever text of strangers goes to Slack: it shows, within its limits, and does nothing else. */
#include "shared/core/mrkdwn.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Escapes only, on one line. */
static void check_shown(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        assert(c >= ' ' && c != 0x7F && c != '<' && c != '>' && c != '`');
        assert(c != '&' || strncmp(text + i, "&amp;", 5) == 0 ||
               strncmp(text + i, "&lt;", 4) == 0 || strncmp(text + i, "&gt;", 4) == 0);
    }
}

static void check_link(const char *text, size_t len)
{
    const char *bar = strchr(text, '|');

    if (text[0] != '<') {
        check_shown(text, len);
        return;
    }
    assert(bar != NULL && text[len - 1] == '>');
    assert(strncmp(text, "<http://", 8) == 0 || strncmp(text, "<https://", 9) == 0);
    check_shown(text + 1, (size_t)(bar - text) - 1);
    check_shown(bar + 1, (size_t)(text + len - 1 - bar) - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = input_of(data, size);
    size_t max = (size_t)abs(input_number(&input)) % 200;
    char *url = input_line(&input);
    char *text = ps_alloc_copy(input.len > 0 ? input.data : "", input.len);
    struct ps_buf out;

    ps_buf_init(&out, 1 << 20);
    ps_mrkdwn_text(&out, text, max);
    check_text(ps_buf_str(&out), out.len);
    check_shown(ps_buf_str(&out), out.len);
    assert(ps_mrkdwn_chars(ps_buf_str(&out)) <= max);
    ps_buf_reset(&out);
    ps_mrkdwn_link(&out, url == NULL ? "" : url, text, max);
    check_text(ps_buf_str(&out), out.len);
    check_link(ps_buf_str(&out), out.len);
    ps_buf_clear(&out);
    free(text);
    free(url);
    return 0;
}
