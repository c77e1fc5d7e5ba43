#include "tests/upstream/record.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"

#include <stdlib.h>
#include <string.h>
/* Its default hash falls through cases in a way that clang warns of. */
#define HASH_FUNCTION(key, len, hash) HASH_OAT(key, len, hash)
#include <uthash.h>

/* A peak is the most requests in any second, seen in steps of 10 ms. */
enum { STEPS = 100, STEP_US = 10000, PATHS_MAX = 200000, STATUS_MAX = 8, METHOD_TEXT = 12 };

struct ps_tally {
    char *name;
    uint64_t count;
    uint64_t heads, gets, posts;
    struct {
        int status;
        uint64_t count;
    } status[STATUS_MAX];
    uint32_t in_flight, peak_in_flight;
    uint32_t step[STEPS];
    uint32_t in_second, peak_rate;
    int64_t newest_step;
    int64_t first_us, last_us;
    UT_hash_handle hh;
};

struct seen {
    int64_t wall_us;
    uint64_t connection;
    struct ps_tally *path, *host;
    int status; /* 0: none yet */
    char method[METHOD_TEXT];
};

struct ps_record {
    struct ps_tally *paths, *folders, *hosts; /* hashes */
    struct ps_tally all;
    struct seen *seen; /* ring */
    size_t keep;
    uint64_t total;
};

struct ps_record *ps_record_create(size_t keep)
{
    struct ps_record *record = ps_alloc_zero(1, sizeof *record);

    record->keep = keep;
    record->seen = ps_alloc_zero(keep, sizeof *record->seen);
    return record;
}

static void free_tallies(struct ps_tally **tallies)
{
    struct ps_tally *tally = *tallies, *next;

    HASH_CLEAR(hh, *tallies); /* the table alone: the items stay linked */
    for (; tally != NULL; tally = next) {
        next = tally->hh.next;
        free(tally->name);
        free(tally);
    }
}

void ps_record_destroy(struct ps_record *record)
{
    if (record == NULL)
        return;
    free_tallies(&record->paths);
    free_tallies(&record->folders);
    free_tallies(&record->hosts);
    free(record->seen);
    free(record);
}

static struct ps_tally *find(struct ps_tally **tallies, struct ps_str name)
{
    struct ps_tally *tally;

    if (HASH_COUNT(*tallies) >= PATHS_MAX)
        name = ps_str_of("(more)");
    HASH_FIND(hh, *tallies, name.data, name.len, tally);
    if (tally == NULL) {
        tally = ps_alloc_zero(1, sizeof *tally);
        tally->name = ps_alloc_copy(name.data, name.len);
        HASH_ADD_KEYPTR(hh, *tallies, tally->name, name.len, tally);
    }
    return tally;
}

static void count_rate(struct ps_tally *tally, int64_t wall_us)
{
    int64_t step = wall_us / STEP_US;

    if (step - tally->newest_step >= STEPS || step < tally->newest_step - STEPS) {
        memset(tally->step, 0, sizeof tally->step);
        tally->in_second = 0;
        tally->newest_step = step;
    }
    while (tally->newest_step < step) {
        uint32_t *oldest = &tally->step[++tally->newest_step % STEPS];

        tally->in_second -= *oldest;
        *oldest = 0;
    }
    tally->step[tally->newest_step % STEPS]++;
    tally->in_second++;
    if (tally->in_second > tally->peak_rate)
        tally->peak_rate = tally->in_second;
}

static void count_request(struct ps_tally *tally, const struct ps_record_request *request)
{
    if (tally->count++ == 0)
        tally->first_us = request->wall_us;
    tally->last_us = request->wall_us;
    tally->heads += ps_str_is(request->method, "HEAD");
    tally->gets += ps_str_is(request->method, "GET");
    tally->posts += ps_str_is(request->method, "POST");
    tally->in_flight++;
    if (tally->in_flight > tally->peak_in_flight)
        tally->peak_in_flight = tally->in_flight;
    count_rate(tally, request->wall_us);
}

static struct ps_str folder_of(struct ps_str path)
{
    while (path.len > 1 && path.data[path.len - 1] != '/')
        path.len--;
    return path;
}

void ps_record_begin(struct ps_record *record, const struct ps_record_request *request,
                     struct ps_record_visit *out_visit)
{
    struct seen *seen = &record->seen[record->total++ % record->keep];
    size_t len = request->method.len < METHOD_TEXT ? request->method.len : METHOD_TEXT - 1;

    out_visit->tally[0] = find(&record->paths, request->path);
    out_visit->tally[1] = find(&record->folders, folder_of(request->path));
    out_visit->tally[2] = find(&record->hosts, request->host);
    out_visit->tally[3] = &record->all;
    for (size_t i = 0; i < PS_COUNT_OF(out_visit->tally); i++)
        count_request(out_visit->tally[i], request);
    *seen = (struct seen){ .wall_us = request->wall_us,
                           .connection = request->connection,
                           .path = out_visit->tally[0],
                           .host = out_visit->tally[2] };
    memcpy(seen->method, request->method.data, len);
}

static void count_status(struct ps_tally *tally, int status)
{
    for (size_t i = 0; i < STATUS_MAX; i++) {
        if (tally->status[i].count == 0)
            tally->status[i].status = status;
        if (tally->status[i].status == status) {
            tally->status[i].count++;
            return;
        }
    }
}

void ps_record_status(struct ps_record *record, const struct ps_record_visit *visit, int status)
{
    record->seen[(record->total - 1) % record->keep].status = status;
    for (size_t i = 0; i < PS_COUNT_OF(visit->tally); i++)
        count_status(visit->tally[i], status);
}

void ps_record_end(struct ps_record_visit *visit)
{
    for (size_t i = 0; i < PS_COUNT_OF(visit->tally); i++) {
        if (visit->tally[i] != NULL && visit->tally[i]->in_flight > 0)
            visit->tally[i]->in_flight--;
        visit->tally[i] = NULL;
    }
}

/* Requests still in flight hold their tallies: these are emptied, not freed. */
static void reset_tally(struct ps_tally *tally)
{
    struct ps_tally fresh = { .name = tally->name,
                              .in_flight = tally->in_flight,
                              .peak_in_flight = tally->in_flight,
                              .hh = tally->hh };

    *tally = fresh;
}

static void reset_tallies(struct ps_tally *tallies)
{
    struct ps_tally *tally, *next;

    HASH_ITER (hh, tallies, tally, next) {
        reset_tally(tally);
    }
}

void ps_record_reset(struct ps_record *record)
{
    reset_tallies(record->paths);
    reset_tallies(record->folders);
    reset_tallies(record->hosts);
    reset_tally(&record->all);
    memset(record->seen, 0, record->keep * sizeof *record->seen);
    record->total = 0;
}

static void add_ms(cJSON *object, const char *name, int64_t wall_us)
{
    ps_json_add_real(object, name, (double)wall_us / 1000.0);
}

static cJSON *tally_json(const struct ps_tally *tally)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *status = cJSON_CreateObject();

    ps_json_add_int(object, "count", (int64_t)tally->count);
    ps_json_add_int(object, "head", (int64_t)tally->heads);
    ps_json_add_int(object, "get", (int64_t)tally->gets);
    ps_json_add_int(object, "post", (int64_t)tally->posts);
    ps_json_add_int(object, "peak_rate", tally->peak_rate);
    ps_json_add_int(object, "in_flight", tally->in_flight);
    ps_json_add_int(object, "peak_in_flight", tally->peak_in_flight);
    add_ms(object, "first_ms", tally->first_us);
    add_ms(object, "last_ms", tally->last_us);
    for (size_t i = 0; i < STATUS_MAX && tally->status[i].count > 0; i++) {
        char *name = ps_alloc_format("%d", tally->status[i].status);

        ps_json_add_int(status, name, (int64_t)tally->status[i].count);
        free(name);
    }
    cJSON_AddItemToObject(object, "status", status);
    return object;
}

static void add_tallies(cJSON *object, const char *name, const struct ps_tally *tallies)
{
    cJSON *list = cJSON_AddObjectToObject(object, name);
    const struct ps_tally *tally;

    for (tally = tallies; tally != NULL; tally = tally->hh.next) {
        if (tally->count > 0)
            cJSON_AddItemToObject(list, tally->name, tally_json(tally));
    }
}

cJSON *ps_record_stats(const struct ps_record *record)
{
    cJSON *stats = tally_json(&record->all);

    add_tallies(stats, "hosts", record->hosts);
    add_tallies(stats, "folders", record->folders);
    add_tallies(stats, "paths", record->paths);
    return stats;
}

static bool selected(const struct seen *seen, const struct ps_record_query *query)
{
    const char *path = seen->path->name;

    return strncmp(path, query->prefix.data, query->prefix.len) == 0 &&
           seen->wall_us >= query->from_us &&
           (query->until_us == 0 || seen->wall_us < query->until_us);
}

static cJSON *seen_json(const struct seen *seen)
{
    cJSON *object = cJSON_CreateObject();

    add_ms(object, "t_ms", seen->wall_us);
    ps_json_add_text(object, "method", seen->method);
    ps_json_add_text(object, "host", seen->host->name);
    ps_json_add_text(object, "path", seen->path->name);
    ps_json_add_int(object, "status", seen->status);
    ps_json_add_int(object, "connection", (int64_t)seen->connection);
    return object;
}

cJSON *ps_record_requests(const struct ps_record *record, const struct ps_record_query *query)
{
    cJSON *list = cJSON_CreateArray();
    uint64_t count = record->total < record->keep ? record->total : record->keep;
    uint64_t left = query->limit > 0 ? (uint64_t)query->limit : count;

    for (uint64_t back = 1; back <= count && left > 0; back++) {
        const struct seen *seen = &record->seen[(record->total - back) % record->keep];

        if (!selected(seen, query))
            continue;
        cJSON_InsertItemInArray(list, 0, seen_json(seen));
        left--;
    }
    return list;
}
