#include "worker/core/document_line.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/text_normalize.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

char *ps_document_line_format(const struct ps_document *document)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *authors = cJSON_AddArrayToObject(object, "authors");
    char *line;

    for (size_t i = 0; i < document->author_count; i++)
        cJSON_AddItemToArray(authors, cJSON_CreateString(document->authors[i]));
    ps_json_add_text(object, "title", document->title);
    ps_json_add_text(object, "words", document->words);
    line = ps_json_print(object);
    cJSON_Delete(object);
    return line;
}

char *ps_document_line_format_error(const struct ps_err *err)
{
    cJSON *object = cJSON_CreateObject();
    char *line;

    ps_json_add_text(object, "error", err->what);
    ps_json_add_text(object, "failure_category", ps_failure_name(err->category));
    ps_json_add_int(object, "code", err->code);
    line = ps_json_print(object);
    cJSON_Delete(object);
    return line;
}

/* Returns the text as valid UTF-8 on one line of at most max bytes, NULL if it is empty. */
static char *clean(const char *text, size_t max)
{
    char *copy;

    if (text == NULL || text[0] == '\0')
        return NULL;
    copy = ps_utf8_clean(text, strlen(text));
    for (char *c = copy; *c != '\0'; c++)
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    copy[ps_utf8_cut(copy, strlen(copy), max)] = '\0';
    return copy;
}

static void read_authors(const cJSON *names, struct ps_document *document)
{
    const cJSON *name;

    document->authors = ps_alloc_zero(PS_DOCUMENT_AUTHORS_MAX, sizeof(*document->authors));
    for (name = cJSON_IsArray(names) ? names->child : NULL;
         name != NULL && document->author_count < PS_DOCUMENT_AUTHORS_MAX; name = name->next) {
        char *text = clean(cJSON_GetStringValue(name), PS_DOCUMENT_AUTHOR_MAX);

        if (text != NULL)
            document->authors[document->author_count++] = text;
    }
}

static bool read_error(const cJSON *object, struct ps_err *err)
{
    const char *what = ps_json_text(object, "error");
    const char *category_name = ps_json_text(object, "failure_category");
    enum ps_failure category = PS_FAILURE_UNKNOWN;
    char *text;
    int64_t code = 0;

    if (what == NULL)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "the document child's answer has no title");
    if (category_name == NULL || !ps_failure_parse(category_name, &category))
        category = PS_FAILURE_UNKNOWN;
    if (!ps_json_int(object, "code", 0, INT_MAX, &code))
        code = 0;
    text = clean(what, sizeof(err->what) - 1);
    (void)ps_fail(err, category, (int)code, "%s", text == NULL ? "no reason given" : text);
    free(text);
    return false;
}

bool ps_document_line_parse(const char *line, size_t len, struct ps_document *out_document,
                            struct ps_err *err)
{
    cJSON *object = ps_json_parse(line, len, err);
    bool ok = cJSON_IsObject(object);

    memset(out_document, 0, sizeof(*out_document));
    if (!ok) {
        (void)ps_fail(err, PS_FAILURE_UNKNOWN, 0,
                      "the document child's answer is not a JSON object");
    } else if (!cJSON_HasObjectItem(object, "title")) {
        ok = read_error(object, err);
    } else {
        out_document->title = clean(ps_json_text(object, "title"), PS_DOCUMENT_TITLE_MAX);
        out_document->words = clean(ps_json_text(object, "words"), PS_DOCUMENT_WORDS_MAX);
        read_authors(cJSON_GetObjectItemCaseSensitive(object, "authors"), out_document);
    }
    cJSON_Delete(object);
    return ok;
}
