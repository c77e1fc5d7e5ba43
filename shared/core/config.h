/* Settings. config.def is the one table of them: parsing, checks, --help, check-config,
 * deploy/SETTINGS.md and deploy/env.example are derived from it.
 *
 * A program loads its settings once, at the start, and reports all faults at once. Only secrets
 * change later (ps_config_exchange_secrets). Names, defaults and ranges are part of the contract
 * with operators. */
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

/* Text is owned and never NULL; "" if the setting has no value. A REAL or INT whose default is ""
 * is 0 without a value. */
struct ps_config {
#define PS_X(field, name, type, def, min, max, options, who, help) PS_CONFIG_TYPE_##type field;
#include "shared/core/config.def"
#undef PS_X
    bool poll_interval_set; /* the operator set it, in minutes or in seconds */
};

/* Gets the text of a setting, borrowed until the next call; NULL if it is not set. Returns false
 * with err if the text cannot be read (for example the file of a NAME_FILE); that is a fault of the
 * setting. */
typedef bool (*ps_config_get_fn)(void *cookie, const char *name, const char **out_value,
                                 struct ps_err *err);

/* Runs for each invalid setting, in the order of the table. err->what names the setting, its value
 * (never that of a secret) and the allowed values. */
typedef void (*ps_config_bad_fn)(void *cookie, const struct ps_err *err);

/* Fills out_config: the settings of component from get, all others with their defaults. Then checks
 * combinations of settings. Calls bad for every fault and returns false if there was one;
 * out_config is cleared then. On true the caller owns out_config. */
bool ps_config_load(unsigned component, ps_config_get_fn get, void *get_cookie,
                    ps_config_bad_fn bad, void *bad_cookie,
                    struct ps_config *out_config) PS_MUST_USE;
void ps_config_clear(struct ps_config *config); /* frees the texts */

/* Swaps each secret that differs between config and fresh, and calls fn with its name. Pointers to
 * the fields of config stay valid. A secret that is set in config and empty in fresh stays, because
 * a file that is being written reads as empty. */
void ps_config_exchange_secrets(struct ps_config *config, struct ps_config *fresh,
                                void (*fn)(void *cookie, const char *name), void *cookie);

/* Returns whether PROBE_PLANNER is adaptive. */
bool ps_config_adaptive(const struct ps_config *config);
/* Returns the poll interval: POLL_INTERVAL_SECONDS if it is set, else POLL_INTERVAL_MINUTES; 5
 * minutes if neither is set and the planner is adaptive, because that planner spends its budget in
 * small portions. */
int64_t ps_config_poll_interval_ms(const struct ps_config *config);
/* Returns how long polls may be missing before operators are alerted. */
int64_t ps_config_alert_after_ms(const struct ps_config *config);

/* Texts that are rendered from the table. For --help: name, default and meaning of the settings of
 * component. */
void ps_config_help(unsigned component, struct ps_buf *out_text);
/* For check-config: NAME=value lines; a secret that is set is printed as "(set)". */
void ps_config_print(unsigned component, const struct ps_config *config, struct ps_buf *out_text);
/* deploy/SETTINGS.md and deploy/env.example. */
void ps_config_markdown(struct ps_buf *out_text);
void ps_config_env_example(struct ps_buf *out_text);
/* Returns whether the value of the setting name is a secret. */
bool ps_config_is_secret(const char *name);

#endif
