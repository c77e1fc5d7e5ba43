#include "scheduler/core/draft_facts.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/email_redact.h"
#include "shared/core/json.h"
#include "shared/core/str.h"
#include "shared/core/text_normalize.h"

#include <stdlib.h>
#include <string.h>

enum { AUTHORS_BYTES_MAX = 64 * 1024 };

/* Adds text with each run of white space made one space, and none at either end. */
static void add_line(struct ps_buf *out, const char *text)
{
    bool space = false, first = true;

    for (; *text != '\0'; text++) {
        if (strchr(" \t\n\r\f\v", *text) != NULL) {
            space = true;
            continue;
        }
        if (space && !first)
            (void)ps_buf_char(out, ' ');
        (void)ps_buf_char(out, *text);
        space = first = false;
    }
}

char *ps_draft_title(const char *title)
{
    char *clean, *spaced, *redacted;
    struct ps_buf line;

    if (title == NULL)
        return NULL;
    clean = ps_utf8_clean(title, strlen(title));
    spaced = ps_utf8_spaces(clean, strlen(clean));
    redacted = ps_email_redact(spaced);
    ps_buf_init(&line, strlen(redacted) + 1);
    add_line(&line, redacted);
    free(redacted);
    free(spaced);
    free(clean);
    if (line.len > 0)
        return ps_buf_take(&line);
    ps_buf_clear(&line);
    return NULL;
}

char *ps_draft_authors(const char *authors)
{
    cJSON *names = authors == NULL ? NULL : ps_json_parse(authors, strlen(authors), NULL);
    const cJSON *item;
    struct ps_buf text;

    ps_buf_init(&text, AUTHORS_BYTES_MAX);
    for (item = cJSON_IsArray(names) ? names->child : NULL; item != NULL; item = item->next) {
        char *name = ps_draft_title(cJSON_GetStringValue(item));

        if (name != NULL && text.len + strlen(name) + 2 < AUTHORS_BYTES_MAX)
            (void)ps_buf_format(&text, "%s%s", text.len > 0 ? ", " : "", name);
        free(name);
    }
    cJSON_Delete(names);
    if (text.len > 0)
        return ps_buf_take(&text);
    ps_buf_clear(&text);
    return NULL;
}
