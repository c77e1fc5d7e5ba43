/* One log line: an event and typed fields, as text or JSON. Pure; io/log.h writes it. */
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
    PS_LOG_CRITICAL /* a threshold of the service before this one; no event has it */
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
/* Text form: the object itself; JSON form: its members, merged into the line. */
#define F_OBJECT(v) ((struct ps_log_field){ .name = "", .kind = PS_LOG_F_OBJECT, .text = (v) })

const char *ps_event_name(enum ps_event event);
enum ps_log_level ps_event_level(enum ps_event event);
const char *ps_log_level_name(enum ps_log_level level);
bool ps_log_level_parse(const char *name, enum ps_log_level *out_level) PS_MUST_USE;

/* Text: "2026-11-23T09:05:07.042Z INFO scheduler POLL-DONE papers=13118 took=\"1 s\"" ; a value is
   quoted when it holds anything but [A-Za-z0-9_.:/+@%,-]. JSON:
   {"ts":…,"level":…,"component":…,"instance":…,"event":…,fields}. No newline at the end; control
   characters escaped; invalid UTF-8 cleaned; text fields cut at 2,000 bytes. Slack ids (C…, D…, G…,
   U…, W… of 9 or more capitals and digits, one digit at least: CONFIGURATION is a word) in text
   values are cut to their first three characters and "***". Appends; a field that does not fit the
   buffer's cap is left out, and the line stays whole. */
void ps_log_render(bool json, int64_t wall_ms, const char *component, const char *instance,
                   enum ps_event event, const struct ps_log_field *fields, size_t count,
                   struct ps_buf *out_line);

#endif
