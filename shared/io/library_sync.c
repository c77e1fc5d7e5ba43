#include "shared/io/library_sync.h"

#include "shared/core/alloc.h"
#include "shared/core/email_redact.h"
#include "shared/core/url.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EVERY_MS = 5000,
    SLICE = 500,       /* documents: some ten milliseconds */
    NEXT_SLICE_MS = 5, /* the loop does other work in between */
    NUMBER_TEXT = 24
};

struct ps_library_sync {
    const struct ps_daemon *daemon; /* borrowed */
    struct ps_timer *timer;
    struct ps_library *library;
    bool busy; /* a batch is out */
    bool papers_read, drafts_read;
    int64_t version; /* of the newest paper read, and its id */
    char *id;
    char *drafts_state;   /* of the drafts read last; NULL: none yet */
    char *drafts_reading; /* of the drafts that are being read; NULL: none are */
    char *url;            /* of the last draft of the slices so far */
};

enum { META, PAPERS, DRAFTS };

static void on_rows(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err);

static void ask(struct ps_library_sync *sync)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    char version[NUMBER_TEXT], slice[NUMBER_TEXT];

    (void)snprintf(version, sizeof(version), "%" PRId64, sync->version);
    (void)snprintf(slice, sizeof(slice), "%d", SLICE);
    PS_PG_ADD0(batch,
               "SELECT index_version, (SELECT count(*) || ':' || count(gone_at) || ':' || "
               "count(title) || ':' || coalesce(ps_ms(max(greatest(discovered_at, updated_at, "
               "gone_at))), 0) FROM discovered) FROM meta");
    PS_PG_ADD(batch,
              "SELECT id, title, author, subgroup, date, type, link, ps_ms(first_seen_at), "
              "version FROM papers WHERE (version, id) > ($1::bigint, $2) "
              "ORDER BY version, id LIMIT $3",
              version, sync->id, slice);
    if (sync->drafts_reading != NULL)
        PS_PG_ADD(batch,
                  "SELECT url, coalesce(title, ''), coalesce(authors, ''), outcome, "
                  "coalesce(last_modified, ''), ps_ms(discovered_at), ps_ms(updated_at), "
                  "ps_ms(gone_at) FROM discovered WHERE url > $1 ORDER BY url LIMIT $2",
                  sync->url, slice);
    sync->busy = true;
    ps_pg_run(sync->daemon->pg, batch, on_rows, sync);
}

static void replace(char **kept, const char *text)
{
    char *copy = ps_alloc_text(text);

    free(*kept);
    *kept = copy;
}

/* Everything is read anew. */
static void reset(struct ps_library_sync *sync)
{
    ps_library_clear(sync->library);
    sync->version = -1;
    replace(&sync->id, "");
    replace(&sync->drafts_state, NULL);
    replace(&sync->drafts_reading, NULL);
    sync->papers_read = sync->drafts_read = false;
}

/* What people typed into a title may hold an e-mail address; a page for everybody must not. */
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

static int read_papers(struct ps_library_sync *sync, const struct ps_pg_rows *rows)
{
    int count = ps_pg_row_count(rows, PAPERS);

    for (int i = 0; i < count; i++) {
        const char *id = ps_pg_text(rows, PAPERS, i, 0), *link = ps_pg_text(rows, PAPERS, i, 6);
        char *url = link[0] == '\0' ? ps_alloc_format("https://wg21.link/%s", id) : NULL;
        struct ps_document document = { .kind = PS_DOCUMENT_PAPER,
                                        .name = id,
                                        .title = ps_pg_text(rows, PAPERS, i, 1),
                                        .authors = ps_pg_text(rows, PAPERS, i, 2),
                                        .subgroup = ps_pg_text(rows, PAPERS, i, 3),
                                        .date = ps_pg_text(rows, PAPERS, i, 4),
                                        .type = ps_pg_text(rows, PAPERS, i, 5),
                                        .url = url == NULL ? link : url,
                                        .found_ms = ps_pg_int(rows, PAPERS, i, 7, 0) };

        put(sync->library, &document);
        free(url);
    }
    if (count > 0) {
        sync->version = ps_pg_int(rows, PAPERS, count - 1, 8, 0);
        replace(&sync->id, ps_pg_text(rows, PAPERS, count - 1, 0));
    }
    return count;
}

static void read_drafts(struct ps_library_sync *sync, const struct ps_pg_rows *rows)
{
    int count = ps_pg_row_count(rows, DRAFTS);

    for (int i = 0; i < count; i++) {
        const char *url = ps_pg_text(rows, DRAFTS, i, 0);
        struct ps_document document = { .kind = PS_DOCUMENT_DRAFT,
                                        .name = ps_url_tail(url),
                                        .title = ps_pg_text(rows, DRAFTS, i, 1),
                                        .authors = ps_pg_text(rows, DRAFTS, i, 2),
                                        .type = ps_pg_text(rows, DRAFTS, i, 3),
                                        .last_modified = ps_pg_text(rows, DRAFTS, i, 4),
                                        .url = url,
                                        .found_ms = ps_pg_int(rows, DRAFTS, i, 5, 0),
                                        .changed_ms = ps_pg_int(rows, DRAFTS, i, 6, 0),
                                        .gone_ms = ps_pg_int(rows, DRAFTS, i, 7, 0) };

        put(sync->library, &document);
    }
    if (count > 0)
        replace(&sync->url, ps_pg_text(rows, DRAFTS, count - 1, 0));
    if (count == SLICE)
        return;
    ps_library_end_drafts(sync->library);
    free(sync->drafts_state);
    sync->drafts_state = sync->drafts_reading;
    sync->drafts_reading = NULL;
    sync->drafts_read = true;
}

/* Drafts have no version: whenever their count or newest time differs, all are read. */
static void see_drafts(struct ps_library_sync *sync, const char *state)
{
    if (sync->drafts_reading != NULL ||
        (sync->drafts_state != NULL && strcmp(sync->drafts_state, state) == 0))
        return;
    sync->drafts_reading = ps_alloc_text(state);
    replace(&sync->url, "");
    ps_library_begin_drafts(sync->library);
}

static void on_rows(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_library_sync *sync = cookie;
    int papers;

    sync->busy = false;
    if (err != NULL || ps_pg_row_count(rows, META) == 0)
        return; /* PG-UP and PG-DOWN log why; the next look follows */
    if (ps_pg_int(rows, META, 0, 0, 0) < sync->version || ps_library_is_worn(sync->library)) {
        reset(sync); /* PostgreSQL was restored to an older state; or too much was replaced */
        ps_timer_set(sync->timer, NEXT_SLICE_MS);
        return;
    }
    papers = read_papers(sync, rows);
    if (sync->drafts_reading != NULL)
        read_drafts(sync, rows);
    see_drafts(sync, ps_pg_text(rows, META, 0, 1));
    sync->papers_read = sync->papers_read || papers < SLICE;
    if (papers == SLICE || sync->drafts_reading != NULL)
        ps_timer_set(sync->timer, NEXT_SLICE_MS);
}

static void on_timer(void *cookie)
{
    struct ps_library_sync *sync = cookie;

    ps_timer_set(sync->timer, EVERY_MS);
    if (!sync->busy && ps_pg_up(sync->daemon->pg))
        ask(sync);
}

struct ps_library_sync *ps_library_sync_create(const struct ps_daemon *daemon)
{
    struct ps_library_sync *sync = ps_alloc_zero(1, sizeof(*sync));

    sync->daemon = daemon;
    sync->library = ps_library_create();
    sync->version = -1;
    sync->id = ps_alloc_text("");
    sync->timer = ps_timer_create(daemon->loop, on_timer, sync);
    ps_timer_set(sync->timer, 0);
    return sync;
}

void ps_library_sync_destroy(struct ps_library_sync *sync)
{
    if (sync == NULL)
        return;
    ps_timer_destroy(sync->timer);
    ps_library_destroy(sync->library);
    free(sync->id);
    free(sync->url);
    free(sync->drafts_state);
    free(sync->drafts_reading);
    free(sync);
}

struct ps_library *ps_library_sync_library(const struct ps_library_sync *sync)
{
    return sync->library;
}

bool ps_library_sync_loaded(const struct ps_library_sync *sync)
{
    return sync->papers_read && sync->drafts_read;
}
