/* The rows of config.def, and the conversion of one setting between text and value. Only config*.c
 * and setting_names.c include it. */
#ifndef PS_CORE_CONFIG_ROW_H
#define PS_CORE_CONFIG_ROW_H
#include "shared/core/config.h"

enum ps_config_type {
    PS_CONFIG_INT,
    PS_CONFIG_REAL,
    PS_CONFIG_BOOL,
    PS_CONFIG_TEXT,
    PS_CONFIG_SECRET,
    PS_CONFIG_CHOICE,
    PS_CONFIG_URL,
    PS_CONFIG_LIST,
    PS_CONFIG_RANGES
};

enum ps_config_id {
#define PS_X(field, name, type, def, min, max, options, who, help) PS_CONFIG_ID_##field,
#include "shared/core/config.def"
#undef PS_X
    PS_CONFIG_ROWS
};

struct ps_config_row {
    const char *name;
    enum ps_config_type type;
    unsigned who;  /* enum ps_component, or-ed: the components that read it */
    size_t offset; /* of the field in struct ps_config */
    const char *def;
    double min, max;
    const char *options;
    const char *help;
};

extern const struct ps_config_row ps_config_rows[PS_CONFIG_ROWS];

/* Parses raw and stores the value in the row's field of config; frees the old value. Returns false
 * with err that names the setting, its value (never a secret's) and the allowed values; config is
 * untouched then. raw is "" only for a default, and gives 0 or "". */
bool ps_config_row_parse(const struct ps_config_row *row, const char *raw, struct ps_config *config,
                         struct ps_err *err) PS_MUST_USE;
void ps_config_row_clear(const struct ps_config_row *row, struct ps_config *config);
/* Adds the allowed values: "a whole number from 1 to 1000". */
void ps_config_row_allowed(const struct ps_config_row *row, struct ps_buf *out_text);
/* Adds the value as text that ps_config_row_parse accepts; a secret as "(set)" or "". */
void ps_config_row_print(const struct ps_config_row *row, const struct ps_config *config,
                         struct ps_buf *out_text);

#endif
