/* A probe's result, and its fields in the stream `results`.
 *
 * Place in the data flow: a worker formats a result, the leader parses it and stores it. Pure.
 *
 * The limits below are part of the format. A worker cuts each text to them, because a result that
 * the leader rejects would leave its probe without an outcome (guarantee 3). */
#ifndef PS_CORE_RESULT_H
#define PS_CORE_RESULT_H
#include "shared/core/task.h"

enum {
    PS_RESULT_FRONT_MAX = 64 * 1024,   /* bytes of front text */
    PS_RESULT_HEADER_MAX = 256,        /* bytes of a header's value */
    PS_RESULT_TITLE_MAX = 1024,        /* bytes of a title */
    PS_RESULT_AUTHORS_MAX = 16 * 1024, /* bytes of the JSON array of names */
    PS_RESULT_FIELDS = PS_TASK_FIELDS + 13
};

/* PS_X(identifier, name) */
#define PS_OUTCOMES(PS_X)                                                                          \
    PS_X(HIT_RECENT, "hit_recent")                                                                 \
    PS_X(HIT_OLD, "hit_old")                                                                       \
    PS_X(HIT_NO_LM, "hit_no_lm")                                                                   \
    PS_X(MISS, "miss")                                                                             \
    PS_X(SUSPECT, "suspect")                                                                       \
    PS_X(DEFERRED, "deferred")                                                                     \
    PS_X(ERROR, "error")

enum ps_outcome {
#define PS_X(id, name) PS_OUTCOME_##id,
    PS_OUTCOMES(PS_X)
#undef PS_X
        PS_OUTCOME_COUNT
};

struct ps_result {
    struct ps_task task;
    enum ps_outcome outcome;
    int status;             /* HTTP status of the last answer; 0 for none */
    char *last_modified;    /* header as sent, owned; NULL for none */
    char *etag;             /* header as sent, owned; NULL for none */
    int64_t content_length; /* of the header; -1 when unknown */
    int64_t answered_ms;    /* of the last answer: its Date, else the worker's clock; 0 for none */
    bool failed;            /* failure_category is set */
    enum ps_failure category; /* when failed */
    int attempts;             /* requests that were sent */
    int64_t latency_ms;       /* of the last request */
    char *worker;             /* instance id, owned */
    char *front_text;         /* owned; NULL for none */
    char *title;              /* of the document, owned; NULL when none was found */
    char *authors; /* JSON array of names as text, owned; NULL when no name was found. A parsed one
                      is well-formed, has only strings in it and is not empty. */
};

const char *ps_outcome_name(enum ps_outcome outcome); /* as PS_OUTCOMES says; static */
/* Returns false, with out_outcome untouched, if name is not an outcome. */
bool ps_outcome_parse(struct ps_str name, enum ps_outcome *out_outcome) PS_MUST_USE;
bool ps_outcome_is_hit(enum ps_outcome outcome); /* hit_recent, hit_old, hit_no_lm */
/* Whether a planned probe found something: a hit, or a suspect. Its spans are always sent. */
bool ps_result_is_find(const struct ps_task *task, enum ps_outcome outcome);

/* As ps_task_parse. The task's fields and outcome are required. The others may be empty or absent,
 * because an older worker does not send all of them. */
bool ps_result_parse(const struct ps_str *fields, size_t count, struct ps_result *out_result,
                     struct ps_err *err) PS_MUST_USE;
void ps_result_clear(struct ps_result *result); /* frees the texts */

/**
 * ps_result_authors_format(names, count): Return ${names} as the text of the field authors, a JSON
 * array, owned by the caller. Return NULL if there is no name. Names past PS_RESULT_AUTHORS_MAX
 * bytes are left out, so that the scheduler never refuses the result.
 */
char *ps_result_authors_format(const char *const *names, size_t count) PS_MUST_USE;

/* The fields of a stream entry: a flat list of names and values. The values share a few blocks of
 * memory, because a worker formats thousands of results per second. */
struct ps_fields {
    const char **items; /* name, value, name, value …; see ps_fields_add */
    size_t len;
    size_t size;
    struct ps_fields_block *blocks; /* own the values */
};
void ps_fields_init(struct ps_fields *fields);  /* empty, in the caller's memory */
void ps_fields_clear(struct ps_fields *fields); /* frees the values; empty afterwards */
/* Appends a pair. name is borrowed for the life of fields, so it is a literal in practice. value is
 * copied; NULL becomes "". */
void ps_fields_add(struct ps_fields *fields, const char *name, const char *value);
void ps_fields_add_int(struct ps_fields *fields, const char *name, int64_t value); /* decimal */
/* Append PS_TASK_FIELDS and PS_RESULT_FIELDS pairs, and traceparent where the task is traced. */
void ps_task_format(const struct ps_task *task, struct ps_fields *fields);
void ps_result_format(const struct ps_result *result, struct ps_fields *fields);

#endif
