#include "scheduler/io/reader_site.h"
#include "embedded/scheduler_sql.h"

#include "scheduler/io/fleet.h"
#include "scheduler/io/forecast.h"
#include "scheduler/io/page_response.h"
#include "scheduler/io/scheduler_state.h"
#include "shared/core/alloc.h"
#include "shared/core/subgroup.h"
#include "shared/core/utc_time.h"
#include "shared/io/clock.h"
#include "shared/io/library_sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DAY_FINDS_MAX = 2000,
    DETAILS_MAX = 8,        /* batches about papers that are out */
    DETAILS_KEPT = 32,      /* papers whose answer is kept */
    DETAILS_KEEP_MS = 5000, /* for so long */
    WAITING_MAX = 256,      /* readers who wait for one answer */
    NAMES_MAX = 200         /* most documents of one number for which messages are read */
};

#define TYPE_HTML "text/html; charset=utf-8"

/* Statements of the batch about one paper. */
enum { NOTIFIED, PROBES };

/* What PostgreSQL said of one number. */
struct details {
    char key[PS_PAPER_ID_TEXT]; /* "" for a free place */
    struct ps_pg_rows *rows;    /* owned; NULL: not read */
    char *trouble;              /* why it was not read; NULL: it was, or is being */
    int64_t read_ms;            /* monotonic */
    bool busy;                  /* the batch is out */
    struct ps_http_exchange *waiting[WAITING_MAX];
    size_t waiting_len;
    struct ps_reader_site *site;
};

struct ps_reader_site {
    const struct ps_scheduler_state *state; /* borrowed */
    struct ps_fleet *fleet;                 /* borrowed */
    const struct ps_daemon *daemon;         /* borrowed */
    struct ps_library_sync *sync;
    struct ps_forecast *forecast;
    struct details *details; /* DETAILS_KEPT */
    size_t details_out;
    struct ps_buf text;
    /* Number of finds in the last day; counted again when the library changes, and each minute. */
    uint64_t counted_version;
    int64_t counted_ms, drafts_day, papers_day;
};

static bool is_public(const struct ps_reader_site *site)
{
    return site->daemon->config->public_page;
}

/* Any cache may keep a public page for a moment. An operator's own page is requested again each
 * time, and answered with 304 if nothing changed. */
static const char *cache_of(const struct ps_reader_site *site)
{
    return is_public(site) ? "public, max-age=30, stale-while-revalidate=60" : "no-cache";
}

static void respond_html(struct ps_reader_site *site, struct ps_http_exchange *exchange, int status,
                         const char *cache)
{
    ps_page_respond(exchange, &(struct ps_page_response){ .status = status,
                                                          .type = TYPE_HTML,
                                                          .body = ps_buf_str(&site->text),
                                                          .len = site->text.len,
                                                          .cache = cache });
}

static void count_day(struct ps_reader_site *site)
{
    struct ps_library *library = ps_library_sync_library(site->sync);
    int64_t now_ms = ps_clock_wall_ms();
    struct ps_find *finds;
    size_t len;

    if (site->counted_version == ps_library_version(library) &&
        now_ms - site->counted_ms < 60 * 1000 && now_ms >= site->counted_ms)
        return;
    site->counted_version = ps_library_version(library);
    site->counted_ms = now_ms;
    site->drafts_day = site->papers_day = 0;
    finds = ps_alloc_zero(DAY_FINDS_MAX, sizeof(*finds));
    len = ps_library_finds(library, &(struct ps_find_filter){ .since_ms = now_ms - PS_DAY_MS },
                           finds, DAY_FINDS_MAX);
    for (size_t i = 0; i < len; i++) {
        if (finds[i].kind != PS_FIND_NEW)
            continue;
        if (finds[i].document->kind == PS_DOCUMENT_DRAFT)
            site->drafts_day++;
        else if (!finds[i].initial)
            site->papers_day++;
    }
    free(finds);
}

/* fleet must outlive the view. */
static struct ps_reader_view view_of(struct ps_reader_site *site, struct ps_reader_fleet *out_fleet)
{
    count_day(site);
    ps_fleet_reader(site->fleet, out_fleet);
    out_fleet->drafts_day = site->drafts_day;
    out_fleet->papers_day = site->papers_day;
    ps_buf_reset(&site->text);
    return (struct ps_reader_view){ .library = ps_library_sync_library(site->sync),
                                    .fleet = out_fleet,
                                    .is_public = is_public(site),
                                    .loaded = ps_library_sync_loaded(site->sync) };
}

static void respond_missing(struct ps_reader_site *site, struct ps_http_exchange *exchange,
                            const char *what)
{
    struct ps_reader_fleet fleet;
    const struct ps_reader_view view = view_of(site, &fleet);

    ps_reader_missing(&view, what, &site->text);
    respond_html(site, exchange, 404, NULL);
}

/* A filter as the query names it; texts are owned. */
struct asked {
    struct ps_find_filter filter;
    char *author;
    char subgroup[PS_SUBGROUP_MAX + 1];
};

/* Returns false if the query names a subgroup or a paper that cannot exist. The caller clears
 * out_asked in any case. */
static bool read_filter(struct ps_reader_site *site, struct ps_http_exchange *exchange,
                        struct asked *out_asked)
{
    char *kind = ps_http_query_value(exchange, "kind");
    char *subgroup = ps_http_query_value(exchange, "subgroup");
    char *paper = ps_http_query_value(exchange, "paper");
    bool valid = true;

    *out_asked = (struct asked){ .author = ps_http_query_value(exchange, "author") };
    if (out_asked->author != NULL && out_asked->author[0] != '\0' &&
        strlen(out_asked->author) <= PS_LIBRARY_QUERY_BYTES)
        out_asked->filter.author = out_asked->author;
    out_asked->filter.drafts_only = kind != NULL && strcmp(kind, "drafts") == 0;
    out_asked->filter.papers_only = kind != NULL && strcmp(kind, "papers") == 0;
    if (subgroup != NULL && subgroup[0] != '\0') {
        valid = ps_subgroup_parse(ps_str_of(subgroup), out_asked->subgroup);
        out_asked->filter.subgroup = out_asked->subgroup;
    }
    if (paper != NULL && paper[0] != '\0') {
        out_asked->filter.group = ps_library_find(ps_library_sync_library(site->sync), paper);
        valid = valid && out_asked->filter.group != NULL;
    }
    free(paper);
    free(subgroup);
    free(kind);
    return valid;
}

static size_t read_count(struct ps_http_exchange *exchange)
{
    char *text = ps_http_query_value(exchange, "count");
    int64_t count = PS_READER_FINDS;

    if (text != NULL && !ps_str_int(ps_str_of(text), 1, PS_READER_FINDS_MAX, &count))
        count = PS_READER_FINDS;
    free(text);
    return (size_t)count;
}

static void on_finds(void *cookie, struct ps_http_exchange *exchange)
{
    struct ps_reader_site *site = cookie;
    struct ps_reader_fleet fleet;
    const struct ps_reader_view view = view_of(site, &fleet);
    struct asked asked;

    if (read_filter(site, exchange, &asked)) {
        ps_reader_finds(&view, &asked.filter, read_count(exchange), &site->text);
        respond_html(site, exchange, 200, cache_of(site));
    } else {
        respond_missing(site, exchange, "what this address asks for");
    }
    free(asked.author);
}

static void on_search(void *cookie, struct ps_http_exchange *exchange)
{
    struct ps_reader_site *site = cookie;
    struct ps_reader_fleet fleet;
    const struct ps_reader_view view = view_of(site, &fleet);
    char *query = ps_http_query_value(exchange, "q");

    ps_reader_search(&view, query, &site->text);
    respond_html(site, exchange, 200, cache_of(site));
    free(query);
}

static void on_search_json(void *cookie, struct ps_http_exchange *exchange)
{
    struct ps_reader_site *site = cookie;
    char *query = ps_http_query_value(exchange, "q");
    cJSON *answer =
        ps_reader_search_json(ps_library_sync_library(site->sync), query, PS_SEARCH_RESULTS);
    char *text = ps_json_print(answer);

    ps_page_respond(exchange, &(struct ps_page_response){ .type = "application/json; charset=utf-8",
                                                          .body = text,
                                                          .len = strlen(text),
                                                          .cache = cache_of(site) });
    free(text);
    cJSON_Delete(answer);
    free(query);
}

static void on_feed(void *cookie, struct ps_http_exchange *exchange)
{
    struct ps_reader_site *site = cookie;
    struct ps_reader_fleet fleet;
    struct asked asked;
    const char *query = ps_http_query(exchange);
    char *self;
    int64_t updated_ms;

    (void)view_of(site, &fleet);
    if (!read_filter(site, exchange, &asked) || !ps_library_sync_loaded(site->sync)) {
        /* If a feed were empty for a moment, feed readers would forget which entries they have
         * shown. */
        if (ps_library_sync_loaded(site->sync))
            respond_missing(site, exchange, "what this address asks for");
        else
            ps_http_respond(exchange, 503, "text/plain; charset=utf-8", "starting\n", 9);
        free(asked.author);
        return;
    }
    self = ps_alloc_format("/feed.atom%s%s", query == NULL ? "" : "?", query == NULL ? "" : query);
    updated_ms =
        ps_reader_feed(ps_library_sync_library(site->sync), &asked.filter, self, &site->text);
    ps_page_respond(exchange,
                    &(struct ps_page_response){ .type = "application/atom+xml; charset=utf-8",
                                                .body = ps_buf_str(&site->text),
                                                .len = site->text.len,
                                                .cache = "public, max-age=60",
                                                .modified_ms = updated_ms });
    free(self);
    free(asked.author);
}

/* Fills facts from the rows; facts borrow the texts of the rows. */
static void read_details(const struct details *details, struct ps_reader_facts *facts,
                         struct ps_reader_notified notified[NAMES_MAX],
                         struct ps_reader_probe probes[PS_READER_PROBES])
{
    const struct ps_pg_rows *rows = details->rows;

    facts->trouble = rows == NULL ? details->trouble : NULL;
    facts->notified = notified;
    facts->probes = probes;
    for (int i = 0; rows != NULL && i < ps_pg_row_count(rows, NOTIFIED) && i < NAMES_MAX; i++)
        notified[facts->notified_len++] = (struct ps_reader_notified){
            .name = ps_pg_text(rows, NOTIFIED, i, PS_SQL_READER_MESSAGES_ID),
            .people = ps_pg_int(rows, NOTIFIED, i, PS_SQL_READER_MESSAGES_PEOPLE, 0),
            .channels = ps_pg_int(rows, NOTIFIED, i, PS_SQL_READER_MESSAGES_CHANNELS, 0),
            .waiting = ps_pg_int(rows, NOTIFIED, i, PS_SQL_READER_MESSAGES_WAITING, 0),
            .first_ms = ps_pg_int(rows, NOTIFIED, i, PS_SQL_READER_MESSAGES_FIRST_SENT_AT, 0),
            .last_ms = ps_pg_int(rows, NOTIFIED, i, PS_SQL_READER_MESSAGES_LAST_SENT_AT, 0)
        };
    for (int i = 0; rows != NULL && i < ps_pg_row_count(rows, PROBES) && i < PS_READER_PROBES; i++)
        probes[facts->probes_len++] = (struct ps_reader_probe){
            .file = ps_pg_text(rows, PROBES, i, PS_SQL_READER_PROBES_NAME),
            .outcome = ps_pg_text(rows, PROBES, i, PS_SQL_READER_PROBES_OUTCOME),
            .status = ps_pg_int(rows, PROBES, i, PS_SQL_READER_PROBES_STATUS, 0),
            .category = ps_pg_text(rows, PROBES, i, PS_SQL_READER_PROBES_FAILURE),
            .at_ms = ps_pg_int(rows, PROBES, i, PS_SQL_READER_PROBES_SETTLED_AT, 0)
        };
}

static void respond_paper(struct ps_reader_site *site, struct ps_http_exchange *exchange,
                          const struct ps_library_group *group, const struct details *details)
{
    struct ps_reader_notified *notified = ps_alloc_zero(NAMES_MAX, sizeof(*notified));
    struct ps_reader_probe probes[PS_READER_PROBES];
    struct ps_reader_ask asks[PS_READER_ASKS];
    struct ps_reader_facts facts = { .asks = asks };
    struct ps_reader_fleet fleet;
    const struct ps_reader_view view = view_of(site, &fleet);
    const char *key = ps_group_key(group);
    struct ps_buf why;

    ps_buf_init(&why, 1024);
    read_details(details, &facts, notified, probes);
    if (key[0] == 'P')
        facts.asks_len = ps_forecast_read(site->forecast, (int)strtol(key + 1, NULL, 10),
                                          is_public(site), asks, &why);
    facts.why = why.len > 0 ? ps_buf_str(&why) : NULL;
    ps_reader_paper(&view, group, &facts, &site->text);
    respond_html(site, exchange, 200, facts.trouble == NULL ? cache_of(site) : NULL);
    ps_buf_clear(&why);
    free(notified);
}

/* Answers all waiting requests; the paper may have been removed meanwhile. */
static void answer_waiting(struct details *details)
{
    struct ps_reader_site *site = details->site;

    for (size_t i = 0; i < details->waiting_len; i++) {
        const struct ps_library_group *group =
            ps_library_find(ps_library_sync_library(site->sync), details->key);

        if (group == NULL)
            respond_missing(site, details->waiting[i], details->key);
        else
            respond_paper(site, details->waiting[i], group, details);
    }
    details->waiting_len = 0;
}

static void on_details(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct details *details = cookie;

    details->busy = false;
    details->site->details_out--;
    details->read_ms = ps_loop_now(details->site->daemon->loop);
    ps_pg_rows_destroy(details->rows);
    details->rows = err == NULL ? ps_pg_rows_copy(rows) : NULL;
    free(details->trouble);
    details->trouble = err == NULL ? NULL : ps_alloc_text(err->what);
    if (!ps_forecast_is_busy(details->site->forecast))
        answer_waiting(details);
}

static void on_forecast(void *cookie)
{
    struct ps_reader_site *site = cookie;

    for (size_t i = 0; i < DETAILS_KEPT; i++)
        if (!site->details[i].busy && site->details[i].waiting_len > 0)
            answer_waiting(&site->details[i]);
}

/* The ids under which messages name the documents of a group. */
static char *ids_of(const struct ps_library_group *group)
{
    const struct ps_document *documents[NAMES_MAX];
    cJSON *ids = cJSON_CreateArray();
    char *text, id[PS_PAPER_ID_TEXT];

    for (int kind = PS_DOCUMENT_PAPER; kind <= PS_DOCUMENT_DRAFT; kind++) {
        size_t count = ps_group_documents(group, (enum ps_document_kind)kind, documents, NAMES_MAX);

        for (size_t i = 0; i < count; i++) {
            ps_paper_id_format(&documents[i]->id, id);
            cJSON_AddItemToArray(ids, cJSON_CreateString(id));
        }
    }
    text = ps_json_print(ids);
    cJSON_Delete(ids);
    return text;
}

static void ask_details(struct details *details, const struct ps_library_group *group)
{
    const char *key = ps_group_key(group);
    struct ps_pg_batch *batch = ps_pg_batch_create();
    char *ids = ids_of(group);

    ps_sql_reader_messages(batch, ids);
    ps_sql_reader_probes(batch, key[0] == 'P' ? strtol(key + 1, NULL, 10) : -1);
    details->busy = true;
    details->site->details_out++;
    ps_pg_run(details->site->daemon->pg, batch, on_details, details);
    free(ids);
}

/* Returns the slot of key, otherwise the slot that was read longest ago and that no request waits
 * for; NULL if all are busy. */
static struct details *place_of(struct ps_reader_site *site, const char *key)
{
    struct details *oldest = NULL;

    for (size_t i = 0; i < DETAILS_KEPT; i++) {
        struct details *details = &site->details[i];

        if (strcmp(details->key, key) == 0)
            return details;
        if (!details->busy && details->waiting_len == 0 &&
            (oldest == NULL || details->read_ms < oldest->read_ms))
            oldest = details;
    }
    if (oldest == NULL)
        return NULL;
    (void)snprintf(oldest->key, sizeof(oldest->key), "%s", key);
    ps_pg_rows_destroy(oldest->rows);
    oldest->rows = NULL;
    free(oldest->trouble);
    oldest->trouble = NULL;
    oldest->read_ms = 0;
    oldest->site = site;
    return oldest;
}

static void show_paper(struct ps_reader_site *site, struct ps_http_exchange *exchange,
                       const struct ps_library_group *group)
{
    static const struct details crowded = { .trouble =
                                                (char *)(uintptr_t) "too many pages are read "
                                                                    "at once; reload" };
    static const struct details away = { .trouble =
                                             (char *)(uintptr_t) "PostgreSQL is not reached" };
    struct details *details = place_of(site, ps_group_key(group));
    int64_t now_ms = ps_loop_now(site->daemon->loop);

    ps_forecast_wanted(site->forecast);
    if (details != NULL && details->rows != NULL && !ps_forecast_is_busy(site->forecast) &&
        now_ms - details->read_ms < DETAILS_KEEP_MS) {
        respond_paper(site, exchange, group, details);
    } else if (!ps_pg_up(site->daemon->pg)) {
        respond_paper(site, exchange, group, &away);
    } else if (details == NULL || details->waiting_len == WAITING_MAX ||
               (!details->busy && site->details_out == DETAILS_MAX)) {
        respond_paper(site, exchange, group, &crowded);
    } else {
        details->waiting[details->waiting_len++] = exchange;
        if (!details->busy)
            ask_details(details, group);
    }
}

static void on_paper(void *cookie, struct ps_http_exchange *exchange)
{
    struct ps_reader_site *site = cookie;
    const char *name = ps_http_tail(exchange);
    const struct ps_library_group *group =
        strlen(name) < 2 * PS_PAPER_ID_TEXT
            ? ps_library_find(ps_library_sync_library(site->sync), name)
            : NULL;
    char *location;

    if (group == NULL) {
        respond_missing(site, exchange, strlen(name) < 2 * PS_PAPER_ID_TEXT ? name : "that");
    } else if (strcmp(name, ps_group_key(group)) != 0) {
        location = ps_alloc_format("/papers/%s", ps_group_key(group));
        ps_http_add_header(exchange, "Location", location);
        ps_http_respond(exchange, 308, "text/plain; charset=utf-8", "", 0);
        free(location);
    } else {
        show_paper(site, exchange, group);
    }
}

struct ps_reader_site *ps_reader_site_create(const struct ps_scheduler_state *state,
                                             struct ps_fleet *fleet)
{
    struct ps_reader_site *site = ps_alloc_zero(1, sizeof(*site));

    site->state = state;
    site->fleet = fleet;
    site->daemon = state->daemon;
    site->sync = ps_library_sync_create(&(struct ps_library_sync_options){
        .loop = site->daemon->loop, .pg = site->daemon->pg, .signals = site->daemon->signals });
    site->forecast = ps_forecast_create(state->leadership, on_forecast, site);
    site->details = ps_alloc_zero(DETAILS_KEPT, sizeof(*site->details));
    ps_buf_init(&site->text, PS_READER_PAGE_BYTES_MAX);
    return site;
}

void ps_reader_site_serve(struct ps_reader_site *site, struct ps_http_server *server)
{
    ps_http_server_route(server, "/", PS_HTTP_SERVER_GET, on_finds, site);
    ps_http_server_route(server, "/search", PS_HTTP_SERVER_GET, on_search, site);
    ps_http_server_route(server, "/api/search", PS_HTTP_SERVER_GET, on_search_json, site);
    ps_http_server_route(server, "/feed.atom", PS_HTTP_SERVER_GET, on_feed, site);
    ps_http_server_route(server, "/papers/*", PS_HTTP_SERVER_GET, on_paper, site);
}

void ps_reader_site_destroy(struct ps_reader_site *site)
{
    if (site == NULL)
        return;
    for (size_t i = 0; i < DETAILS_KEPT; i++) {
        ps_pg_rows_destroy(site->details[i].rows);
        free(site->details[i].trouble);
    }
    free(site->details);
    ps_forecast_destroy(site->forecast);
    ps_library_sync_destroy(site->sync);
    ps_buf_clear(&site->text);
    free(site);
}
