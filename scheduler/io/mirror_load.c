#include "scheduler/io/mirror_load.h"

#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/io/background.h"

#include <stdlib.h>

struct ps_mirror_load {
    struct ps_pg_rows *rows;
    const struct ps_config *config;
    struct ps_paper_index *before; /* NULL: none */
    int64_t known, version;        /* of the index: before and after */
    bool all;
    /* The result; NULL where nothing changes. */
    struct ps_paper_index *index;
    struct ps_url_set *discovered;
    struct ps_probe_times *probed;
    struct ps_watchlists *watch;
    struct ps_cycle *run;
};

struct ps_mirror_load *ps_mirror_load_create(const struct ps_leadership *leadership,
                                             const struct ps_pg_rows *rows, int64_t known, bool all)
{
    struct ps_mirror_load *load = ps_alloc_zero(1, sizeof(*load));

    *load = (struct ps_mirror_load){ .rows = ps_pg_rows_take(rows),
                                     .config = leadership->daemon->config,
                                     .before = ps_paper_index_share(leadership->index),
                                     .known = known,
                                     .all = all };
    return load;
}

void ps_mirror_load_work(void *data)
{
    struct ps_mirror_load *load = data;

    load->index = ps_store_read_index(load->rows, load->before, load->known, &load->version);
    if (!load->all)
        return;
    load->discovered = ps_store_read_discovered(load->rows);
    load->probed = ps_store_read_asked(load->rows, load->config);
    load->watch = ps_store_read_watch(load->rows, PS_STORE_LOAD_WATCH);
    load->run = ps_store_read_run(load->rows);
}

void ps_mirror_load_destroy(void *data)
{
    struct ps_mirror_load *load = data;

    ps_pg_rows_destroy(load->rows);
    ps_paper_index_destroy(load->before);
    ps_paper_index_destroy(load->index);
    ps_url_set_destroy(load->discovered);
    ps_probe_times_destroy(load->probed);
    ps_watchlists_destroy(load->watch);
    ps_cycle_destroy(load->run);
    free(load);
}

static void install_meta(const struct ps_pg_rows *rows, struct ps_leadership *leadership)
{
    const size_t meta = PS_STORE_LOAD_META;

    leadership->generation = ps_pg_int(rows, meta, 0, PS_SQL_META_LOAD_GENERATION, 0);
    leadership->last_cycle = ps_pg_int(rows, meta, 0, PS_SQL_META_LOAD_CYCLE, 0);
    leadership->last_started_ms = ps_pg_int(rows, meta, 0, PS_SQL_META_LOAD_STARTED_AT, 0);
    leadership->last_finished_ms = ps_pg_int(rows, meta, 0, PS_SQL_META_LOAD_FINISHED_AT, 0);
    leadership->last_good_ms = ps_pg_int(rows, meta, 0, PS_SQL_META_LOAD_LAST_SUCCESSFUL_POLL, 0);
    leadership->etag = ps_alloc_text(ps_pg_text(rows, meta, 0, PS_SQL_META_LOAD_INDEX_ETAG));
    leadership->modified =
        ps_alloc_text(ps_pg_text(rows, meta, 0, PS_SQL_META_LOAD_INDEX_MODIFIED));
    leadership->index_fetched_ms = ps_pg_int(rows, meta, 0, PS_SQL_META_LOAD_INDEX_FETCHED_AT, 0);
    leadership->redis_run_id =
        ps_alloc_text(ps_pg_text(rows, meta, 0, PS_SQL_META_LOAD_REDIS_RUN_ID));
    leadership->open_std_year = (int)ps_pg_int(rows, meta, 0, PS_SQL_META_LOAD_OPEN_STD_YEAR, 0);
    leadership->open_std_papers =
        (size_t)ps_pg_int(rows, meta, 0, PS_SQL_META_LOAD_OPEN_STD_PAPERS, 0);
}

bool ps_mirror_load_install(struct ps_mirror_load *load, struct ps_leadership *leadership)
{
    if (leadership->index_version != load->known)
        return false;
    if (load->all) {
        ps_leadership_clear(leadership);
        install_meta(load->rows, leadership);
        leadership->discovered = load->discovered;
        leadership->probed = load->probed;
        leadership->watch = load->watch;
        leadership->run = load->run;
        load->discovered = NULL;
        load->probed = NULL;
        load->watch = NULL;
        load->run = NULL;
    }
    if (load->index != NULL) {
        ps_paper_index_destroy(leadership->index);
        leadership->index = load->index;
        load->index = NULL;
    }
    leadership->index_version = load->version;
    return true;
}

struct ps_watch_load {
    struct ps_pg_rows *rows;
    size_t statement;
    uint64_t number; /* in the order in which they were read */
    struct ps_watchlists *watch;
};

struct ps_watch_load *ps_watch_load_create(struct ps_leadership *leadership,
                                           const struct ps_pg_rows *rows, size_t statement)
{
    struct ps_watch_load *load = ps_alloc_zero(1, sizeof(*load));

    *load = (struct ps_watch_load){ .rows = ps_pg_rows_take(rows),
                                    .statement = statement,
                                    .number = ++leadership->watch_reads };
    return load;
}

void ps_watch_load_work(void *data)
{
    struct ps_watch_load *load = data;

    load->watch = ps_store_read_watch(load->rows, load->statement);
}

void ps_watch_load_destroy(void *data)
{
    struct ps_watch_load *load = data;

    ps_watchlists_destroy(load->watch);
    ps_pg_rows_destroy(load->rows);
    free(load);
}

static void destroy_watch(void *watch)
{
    ps_watchlists_destroy(watch);
}

static void on_destroyed(void *cookie, void *watch)
{
    (void)cookie;
    (void)watch;
}

void ps_watch_load_install(struct ps_watch_load *load, struct ps_leadership *leadership)
{
    if (load->number < leadership->watch_number)
        return;
    /* Freeing the entries of thousands of people takes some 20 ms. */
    ps_background_run(leadership->daemon->background,
                      &(struct ps_background_job){ .work = destroy_watch, .done = on_destroyed },
                      leadership->watch);
    leadership->watch = load->watch;
    leadership->watch_number = load->number;
    load->watch = NULL;
}

struct ps_pg_rows *ps_watch_load_take_rows(struct ps_watch_load *load)
{
    struct ps_pg_rows *rows = load->rows;

    load->rows = NULL;
    return rows;
}
