#include "shared/io/library_reader.h"

#include "embedded/shared_sql.h"
#include "shared/core/alloc.h"
#include "shared/core/email_redact.h"
#include "shared/core/url.h"

#include <stdlib.h>
#include <string.h>

enum { SLICE = 500 /* documents: some ten milliseconds */ };

struct ps_library_reader {
    struct ps_library *library;
    bool papers_read, drafts_read;
    int64_t version; /* of the newest paper read, and its id */
    char *id;
    char *drafts_state;   /* of the drafts read last; NULL: none yet */
    char *drafts_reading; /* of the drafts that are being read; NULL: none are */
    char *url;            /* of the last draft of the slices so far */
};

enum { META, PAPERS, DRAFTS };

struct ps_library_reader *ps_library_reader_create(void)
{
    struct ps_library_reader *reader = ps_alloc_zero(1, sizeof(*reader));

    reader->library = ps_library_create();
    reader->version = -1;
    reader->id = ps_alloc_text("");
    return reader;
}

void ps_library_reader_destroy(struct ps_library_reader *reader)
{
    if (reader == NULL)
        return;
    ps_library_destroy(reader->library);
    free(reader->id);
    free(reader->url);
    free(reader->drafts_state);
    free(reader->drafts_reading);
    free(reader);
}

struct ps_library *ps_library_reader_library(const struct ps_library_reader *reader)
{
    return reader->library;
}

bool ps_library_reader_loaded(const struct ps_library_reader *reader)
{
    return reader->papers_read && reader->drafts_read;
}

struct ps_pg_batch *ps_library_reader_batch(const struct ps_library_reader *reader)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    ps_sql_library_state(batch);
    ps_sql_library_papers(batch, reader->version, reader->id, SLICE);
    if (reader->drafts_reading != NULL)
        ps_sql_library_drafts(batch, reader->url, SLICE);
    return batch;
}

static void replace(char **kept, const char *text)
{
    char *copy = ps_alloc_text(text);

    free(*kept);
    *kept = copy;
}

void ps_library_reader_reset(struct ps_library_reader *reader)
{
    ps_library_clear(reader->library);
    reader->version = -1;
    replace(&reader->id, "");
    replace(&reader->drafts_state, NULL);
    replace(&reader->drafts_reading, NULL);
    reader->papers_read = reader->drafts_read = false;
}

/* Adds a document without e-mail addresses: a title may contain one, but a public page must not. */
static void put(struct ps_library *library, struct ps_document *document)
{
    char *title = ps_email_redact(document->title);
    char *authors = ps_email_redact(document->authors);

    document->title = title;
    document->authors = authors;
    ps_library_put(library, document);
    free(authors);
    free(title);
}

static int read_papers(struct ps_library_reader *reader, const struct ps_pg_rows *rows)
{
    int count = ps_pg_row_count(rows, PAPERS);

    for (int i = 0; i < count; i++) {
        const char *id = ps_pg_text(rows, PAPERS, i, PS_SQL_LIBRARY_PAPERS_ID),
                   *link = ps_pg_text(rows, PAPERS, i, PS_SQL_LIBRARY_PAPERS_LINK);
        char *url = link[0] == '\0' ? ps_alloc_format("https://wg21.link/%s", id) : NULL;
        struct ps_document document = {
            .kind = PS_DOCUMENT_PAPER,
            .name = id,
            .title = ps_pg_text(rows, PAPERS, i, PS_SQL_LIBRARY_PAPERS_TITLE),
            .authors = ps_pg_text(rows, PAPERS, i, PS_SQL_LIBRARY_PAPERS_AUTHOR),
            .subgroup = ps_pg_text(rows, PAPERS, i, PS_SQL_LIBRARY_PAPERS_SUBGROUP),
            .date = ps_pg_text(rows, PAPERS, i, PS_SQL_LIBRARY_PAPERS_DATE),
            .type = ps_pg_text(rows, PAPERS, i, PS_SQL_LIBRARY_PAPERS_TYPE),
            .url = url == NULL ? link : url,
            .found_ms = ps_pg_int(rows, PAPERS, i, PS_SQL_LIBRARY_PAPERS_FOUND_MS, 0)
        };

        put(reader->library, &document);
        free(url);
    }
    if (count > 0) {
        reader->version = ps_pg_int(rows, PAPERS, count - 1, PS_SQL_LIBRARY_PAPERS_VERSION, 0);
        replace(&reader->id, ps_pg_text(rows, PAPERS, count - 1, PS_SQL_LIBRARY_PAPERS_ID));
    }
    return count;
}

static void read_drafts(struct ps_library_reader *reader, const struct ps_pg_rows *rows)
{
    int count = ps_pg_row_count(rows, DRAFTS);

    for (int i = 0; i < count; i++) {
        const char *url = ps_pg_text(rows, DRAFTS, i, PS_SQL_LIBRARY_DRAFTS_URL);
        struct ps_document document = {
            .kind = PS_DOCUMENT_DRAFT,
            .name = ps_url_tail(url),
            .title = ps_pg_text(rows, DRAFTS, i, PS_SQL_LIBRARY_DRAFTS_TITLE),
            .authors = ps_pg_text(rows, DRAFTS, i, PS_SQL_LIBRARY_DRAFTS_AUTHORS),
            .type = ps_pg_text(rows, DRAFTS, i, PS_SQL_LIBRARY_DRAFTS_OUTCOME),
            .last_modified = ps_pg_text(rows, DRAFTS, i, PS_SQL_LIBRARY_DRAFTS_LAST_MODIFIED),
            .url = url,
            .found_ms = ps_pg_int(rows, DRAFTS, i, PS_SQL_LIBRARY_DRAFTS_FOUND_MS, 0),
            .changed_ms = ps_pg_int(rows, DRAFTS, i, PS_SQL_LIBRARY_DRAFTS_CHANGED_MS, 0),
            .gone_ms = ps_pg_int(rows, DRAFTS, i, PS_SQL_LIBRARY_DRAFTS_GONE_MS, 0)
        };

        put(reader->library, &document);
    }
    if (count > 0)
        replace(&reader->url, ps_pg_text(rows, DRAFTS, count - 1, PS_SQL_LIBRARY_DRAFTS_URL));
    if (count == SLICE)
        return;
    ps_library_end_drafts(reader->library);
    free(reader->drafts_state);
    reader->drafts_state = reader->drafts_reading;
    reader->drafts_reading = NULL;
    reader->drafts_read = true;
}

/* Drafts have no version: whenever their count or newest time differs, all are read. */
static void see_drafts(struct ps_library_reader *reader, const char *state)
{
    if (reader->drafts_reading != NULL ||
        (reader->drafts_state != NULL && strcmp(reader->drafts_state, state) == 0))
        return;
    reader->drafts_reading = ps_alloc_text(state);
    replace(&reader->url, "");
    ps_library_begin_drafts(reader->library);
}

bool ps_library_reader_take(struct ps_library_reader *reader, const struct ps_pg_rows *rows)
{
    int papers;

    if (ps_pg_row_count(rows, META) == 0)
        return false;
    if (ps_pg_int(rows, META, 0, PS_SQL_LIBRARY_STATE_INDEX_VERSION, 0) < reader->version ||
        ps_library_is_worn(reader->library)) {
        /* PostgreSQL was restored to an older state; or too much was replaced */
        ps_library_reader_reset(reader);
        return true;
    }
    papers = read_papers(reader, rows);
    if (reader->drafts_reading != NULL)
        read_drafts(reader, rows);
    see_drafts(reader, ps_pg_text(rows, META, 0, PS_SQL_LIBRARY_STATE_DRAFTS));
    reader->papers_read = reader->papers_read || papers < SLICE;
    return papers == SLICE || reader->drafts_reading != NULL;
}
