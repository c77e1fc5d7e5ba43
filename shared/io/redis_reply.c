#include "shared/io/redis_reply.h"

#include "shared/core/str.h"

#include <hiredis/hiredis.h>
#include <string.h>

static const struct {
    const char *word;
    int code;
    enum ps_failure category;
    bool reroute;
} known[] = {
    {"NOGROUP",       PS_REDIS_ERR_NOGROUP,  PS_FAILURE_UNKNOWN,       false},
    { "NOSCRIPT",     PS_REDIS_ERR_NOSCRIPT, PS_FAILURE_UNKNOWN,       false},
    { "FENCED",       PS_REDIS_ERR_FENCED,   PS_FAILURE_UNKNOWN,       false},
    { "NOCYCLE",      PS_REDIS_ERR_NOCYCLE,  PS_FAILURE_UNKNOWN,       false},
    { "READONLY",     PS_REDIS_ERR_REPLY,    PS_FAILURE_NETWORK,       true },
    { "LOADING",      PS_REDIS_ERR_REPLY,    PS_FAILURE_NETWORK,       true },
    { "NOMASTERLINK", PS_REDIS_ERR_REPLY,    PS_FAILURE_NETWORK,       true },
    { "DENIED",       PS_REDIS_ERR_REPLY,    PS_FAILURE_CONFIGURATION, true },
    { "MASTERDOWN",   PS_REDIS_ERR_REPLY,    PS_FAILURE_NETWORK,       true },
    { "UNBLOCKED",    PS_REDIS_ERR_REPLY,    PS_FAILURE_NETWORK,       true },
    { "NOAUTH",       PS_REDIS_ERR_REPLY,    PS_FAILURE_CONFIGURATION, true },
    { "WRONGPASS",    PS_REDIS_ERR_REPLY,    PS_FAILURE_CONFIGURATION, false},
    { "NOPERM",       PS_REDIS_ERR_REPLY,    PS_FAILURE_CONFIGURATION, false},
    { "MISCONF",      PS_REDIS_ERR_REPLY,    PS_FAILURE_NETWORK,       false},
    { "MOVED",        PS_REDIS_ERR_MOVED,    PS_FAILURE_NETWORK,       true },
    { "OOM",          PS_REDIS_ERR_REPLY,    PS_FAILURE_NETWORK,       false},
    { "NOREPLICAS",   PS_REDIS_ERR_REPLY,    PS_FAILURE_NETWORK,       false},
    { "ASK",          PS_REDIS_ERR_REPLY,    PS_FAILURE_NETWORK,       false},
    { "TRYAGAIN",     PS_REDIS_ERR_REPLY,    PS_FAILURE_NETWORK,       false},
    { "CLUSTERDOWN",  PS_REDIS_ERR_REPLY,    PS_FAILURE_NETWORK,       false},
    { "CROSSSLOT",    PS_REDIS_ERR_REPLY,    PS_FAILURE_CONFIGURATION, false},
    { "BUSY",         PS_REDIS_ERR_REPLY,    PS_FAILURE_TIMEOUT,       false},
};

/* The word that names the error. Before Redis 7 a script's failing command is wrapped:
   "ERR Error running script (call to f_…): @user_script:3: -READONLY You can't …". */
static const char *error_word(const char *text)
{
    static const char wrapped[] = "ERR Error running script";
    const char *inner;

    if (strncmp(text, wrapped, sizeof(wrapped) - 1) != 0)
        return text;
    inner = strstr(text, ": -");
    return inner == NULL ? text : inner + 3;
}

bool ps_redis_reply_error(const struct redisReply *reply, struct ps_err *out_err)
{
    const char *text = reply->str == NULL ? "" : reply->str;
    const char *word = error_word(text);

    for (size_t i = 0; i < PS_COUNT_OF(known); i++) {
        size_t len = strlen(known[i].word);

        if (strncmp(word, known[i].word, len) == 0 && (word[len] == ' ' || word[len] == '\0')) {
            (void)ps_fail(out_err, known[i].category, known[i].code, "%s", word);
            return known[i].reroute;
        }
    }
    /* The one state of a server that has no word of its own. */
    (void)ps_fail(out_err,
                  strstr(text, "max number of clients") != NULL ? PS_FAILURE_NETWORK
                                                                : PS_FAILURE_UNKNOWN,
                  PS_REDIS_ERR_REPLY, "%s", text);
    return false;
}

const char *ps_redis_reply_text(const struct redisReply *reply, size_t *out_len)
{
    if (reply == NULL || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS))
        return NULL;
    if (out_len != NULL)
        *out_len = (size_t)reply->len;
    return reply->str;
}

int64_t ps_redis_reply_int(const struct redisReply *reply, int64_t fallback)
{
    struct ps_str text;
    int64_t value;

    if (reply == NULL)
        return fallback;
    if (reply->type == REDIS_REPLY_INTEGER)
        return reply->integer;
    text.data = ps_redis_reply_text(reply, &text.len);
    if (text.data == NULL || !ps_str_int(text, INT64_MIN, INT64_MAX, &value))
        return fallback;
    return value;
}
