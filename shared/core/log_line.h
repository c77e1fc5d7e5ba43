/* Renders one log line: an event (log.def) and typed fields, as text or JSON. io/log.h writes it.
 *
 * Log lines leave the machine, so rendering redacts them: credentials in URLs and Slack ids do not
 * appear. It escapes control characters, so that text of a stranger cannot forge a line. Log
 * readers parse both forms: do not change them. */
#ifndef PS_CORE_LOG_LINE_H
#define PS_CORE_LOG_LINE_H
#include "shared/core/buf.h"
#include "shared/core/err.h"

#include <stdint.h>

enum ps_log_level {
    PS_LOG_DEBUG,
    PS_LOG_INFO,
    PS_LOG_WARNING,
    PS_LOG_ERROR,
    PS_LOG_CRITICAL /* a LOG_LEVEL of the Python service; no event has it */
};

enum ps_event {
#define PS_X(id, name, level) PS_EVENT_##id,
#include "shared/core/log.def"
#undef PS_X
    PS_EVENT_COUNT
};

enum ps_log_kind {
    PS_LOG_F_TEXT,
    PS_LOG_F_INT,
    PS_LOG_F_REAL,
    PS_LOG_F_BOOL,
    PS_LOG_F_ERR,
    PS_LOG_F_OBJECT
};

/* name and text are borrowed for the call. */
struct ps_log_field {
    const char *name;
    enum ps_log_kind kind;
    const char *text; /* TEXT; OBJECT: the text of a JSON object */
    int64_t number;   /* INT, BOOL */
    double real;
    const struct ps_err *err;
};

#define F_TEXT(n, v) ((struct ps_log_field){ .name = (n), .kind = PS_LOG_F_TEXT, .text = (v) })
#define F_INT(n, v)                                                                                \
    ((struct ps_log_field){ .name = (n), .kind = PS_LOG_F_INT, .number = (int64_t)(v) })
#define F_REAL(n, v)                                                                               \
    ((struct ps_log_field){ .name = (n), .kind = PS_LOG_F_REAL, .real = (double)(v) })
#define F_BOOL(n, v) ((struct ps_log_field){ .name = (n), .kind = PS_LOG_F_BOOL, .number = (v) })
/* failure_category=TIMEOUT error="…" */
#define F_ERR(e) ((struct ps_log_field){ .name = "error", .kind = PS_LOG_F_ERR, .err = (e) })
/* Text form: the object itself. JSON form: its members become members of the line. */
#define F_OBJECT(v) ((struct ps_log_field){ .name = "", .kind = PS_LOG_F_OBJECT, .text = (v) })

const char *ps_event_name(enum ps_event event);         /* "POLL-DONE"; static */
enum ps_log_level ps_event_level(enum ps_event event);  /* as log.def says */
const char *ps_log_level_name(enum ps_log_level level); /* "INFO"; static */
/* Returns false, with out_level untouched, if name is not a level. */
bool ps_log_level_parse(const char *name, enum ps_log_level *out_level) PS_MUST_USE;

/* Appends a line without a newline to out_line.
 *
 * Text: 2026-11-23T09:05:07.042Z INFO scheduler POLL-DONE papers=13118 took="1 s"; a value is
 * quoted unless it consists of [A-Za-z0-9_.:/+@%,-]. JSON:
 * {"ts":…,"level":…,"component":…,"instance":…,"event":…,fields}. Control characters are escaped,
 * invalid UTF-8 is cleaned, text fields are cut at 2,000 bytes. Slack ids in text values (C…, D…,
 * G…, U…, W… of 9 or more capitals and digits, with at least one digit, because CONFIGURATION is a
 * word) are cut to three characters and "***". A field that does not fit the buffer's cap is
 * omitted; the line stays complete. */
void ps_log_render(bool json, int64_t wall_ms, const char *component, const char *instance,
                   enum ps_event event, const struct ps_log_field *fields, size_t count,
                   struct ps_buf *out_line);

#endif
