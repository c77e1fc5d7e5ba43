#include "tests/upstream/request.h"

#include <string.h>

enum { BODY_MAX = 256 * 1024 * 1024 };

static bool next_line(struct ps_str *rest, struct ps_str *out_line)
{
    if (!ps_str_next(rest, '\n', out_line))
        return false;
    if (out_line->len > 0 && out_line->data[out_line->len - 1] == '\r')
        out_line->len--;
    return true;
}

static bool parse_first(struct ps_str line, struct ps_request_head *head)
{
    struct ps_str target;

    if (!ps_str_next(&line, ' ', &head->ask.method) || !ps_str_next(&line, ' ', &target) ||
        target.len == 0 || target.data[0] != '/')
        return false;
    head->keep_alive = ps_str_is(line, "HTTP/1.1");
    if (!head->keep_alive && !ps_str_is(line, "HTTP/1.0"))
        return false;
    if (!ps_str_next(&target, '?', &head->ask.path))
        return false;
    head->ask.query = target;
    return true;
}

static void take_header(struct ps_request_head *head, struct ps_str name, struct ps_str value)
{
    const struct {
        const char *name;
        struct ps_str *value;
    } kept[] = {
        {"host",               &head->ask.host             },
        { "if-none-match",     &head->ask.if_none_match    },
        { "if-modified-since", &head->ask.if_modified_since},
        { "authorization",     &head->ask.authorization    },
        { "content-type",      &head->ask.content_type     },
    };

    for (size_t i = 0; i < PS_COUNT_OF(kept); i++) {
        if (ps_str_is_fold(name, kept[i].name))
            *kept[i].value = value;
    }
    if (ps_str_is_fold(name, "connection")) {
        if (ps_str_is_fold(value, "close"))
            head->keep_alive = false;
        else if (ps_str_is_fold(value, "keep-alive"))
            head->keep_alive = true;
    } else if (ps_str_is_fold(name, "expect")) {
        head->expects_continue = ps_str_is_fold(value, "100-continue");
    } else if (ps_str_is_fold(name, "transfer-encoding")) {
        head->chunked = true;
    }
}

bool ps_request_parse(struct ps_str text, struct ps_request_head *out_head)
{
    struct ps_request_head head = { .body_len = 0 };
    struct ps_str line, name;

    if (!next_line(&text, &line) || !parse_first(line, &head))
        return false;
    while (next_line(&text, &line) && line.len > 0) {
        if (!ps_str_next(&line, ':', &name) || line.data == NULL)
            return false;
        line = ps_str_trim(line);
        if (ps_str_is_fold(name, "content-length") &&
            !ps_str_int(line, 0, BODY_MAX, &head.body_len))
            return false;
        take_header(&head, name, line);
    }
    *out_head = head;
    return true;
}
