/* Settings: one table (config.def) from which parsing, checks, --help, check-config and the
 * README's table come. */
#ifndef PS_CORE_CONFIG_H
#define PS_CORE_CONFIG_H
#include "shared/core/buf.h"
#include "shared/core/err.h"

#include <stdint.h>

enum ps_component {
    PS_COMPONENT_SCHEDULER = 1,
    PS_COMPONENT_WORKER = 2,
    PS_COMPONENT_NOTIFIER = 4
};

struct ps_list {
    char **items; /* owned */
    size_t len;
};

struct ps_range {
    int first, last;
};

struct ps_ranges {
    struct ps_range *items; /* owned */
    size_t len;
};

#define PS_CONFIG_TYPE_INT    int64_t
#define PS_CONFIG_TYPE_REAL   double
#define PS_CONFIG_TYPE_BOOL   bool
#define PS_CONFIG_TYPE_TEXT   char *
#define PS_CONFIG_TYPE_SECRET char *
#define PS_CONFIG_TYPE_CHOICE char *
#define PS_CONFIG_TYPE_URL    char *
#define PS_CONFIG_TYPE_LIST   struct ps_list
#define PS_CONFIG_TYPE_RANGES struct ps_ranges

/* Text fields are owned and never NULL ("" when not set). A REAL or INT with default "" is 0 when
 * not set. */
struct ps_config {
#define PS_X(field, name, type, def, min, max, options, who, help) PS_CONFIG_TYPE_##type field;
#include "shared/core/config.def"
#undef PS_X
    bool poll_interval_set; /* by the operator, in minutes or in seconds */
};

/* Gives the raw value of a name, borrowed until the next call; NULL when not set. A non-NULL err
   message set by the getter (an unreadable NAME_FILE, say) fails the load: returns false then. */
typedef bool (*ps_config_get_fn)(void *cookie, const char *name, const char **out_value,
                                 struct ps_err *err);

/* Called for each bad setting, in table order, err.what naming variable, value (never a secret's)
 * and what is allowed. */
typedef void (*ps_config_bad_fn)(void *cookie, const struct ps_err *err);

/* Fills out_config from defaults and the getter for the settings of component (the others keep
   their defaults), then checks them against each other (ps_config_cross_check). Tells every fault,
   not only the first; false when there was one, out_config cleared. */
bool ps_config_load(unsigned component, ps_config_get_fn get, void *get_cookie,
                    ps_config_bad_fn bad, void *bad_cookie,
                    struct ps_config *out_config) PS_MUST_USE;
void ps_config_clear(struct ps_config *config);

/* Exchanges each secret of config that differs in fresh, so that fresh holds the old ones, and
   calls fn with its name. A secret that is set in config and empty in fresh stays: a file that is
   being written looks like that. The fields' addresses stay what they were. */
void ps_config_exchange_secrets(struct ps_config *config, struct ps_config *fresh,
                                void (*fn)(void *cookie, const char *name), void *cookie);

/* Is PROBE_PLANNER adaptive? */
bool ps_config_adaptive(const struct ps_config *config);
/* How long a poll may be missing before operations are alerted. */
int64_t ps_config_alert_after_ms(const struct ps_config *config);
/* Effective poll interval in ms: the seconds when set, else the minutes; 5 minutes when neither is
 * set and the planner is adaptive. */
int64_t ps_config_poll_interval_ms(const struct ps_config *config);

/* Rendered from the table. --help's list: NAME, default, meaning, of one component. */
void ps_config_help(unsigned component, struct ps_buf *out_text);
/* check-config's list: NAME=value lines; a secret that is set shows as "(set)". */
void ps_config_print(unsigned component, const struct ps_config *config, struct ps_buf *out_text);
/* The README's table, and deploy/env.example. */
void ps_config_markdown(struct ps_buf *out_text);
void ps_config_env_example(struct ps_buf *out_text);
/* True for names whose values are secrets (for redaction of errors). */
bool ps_config_is_secret(const char *name);

#endif
