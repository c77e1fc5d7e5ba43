#include "shared/core/setting_names.h"

#include "shared/core/bounds.h"
#include "shared/core/config_private.h"
#include "shared/core/str.h"
#include "shared/core/text_distance.h"

#include <stdint.h>
#include <string.h>

enum {
    NAME_MAX_LEN = 64,   /* longer than every setting with the allowed typing errors */
    FILE_ERRORS_MAX = 3, /* typing errors in a name that is still reported */
    STRICT_ERRORS_MAX = 2,
    FILE_LEN_PER_ERROR = 4,
    STRICT_LEN_PER_ERROR = 6,
    STRICT_LEN_MIN = 8 /* a POST of another program must not be reported as PORT */
};

/* Writes name in capitals, without '_' and '-' if squeeze is set. Returns its length; 0 if it is
 * too long. */
static size_t normalize(const char *name, bool squeeze, char out_text[NAME_MAX_LEN + 1])
{
    size_t len = 0;

    for (; *name != '\0'; name++) {
        char c = *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name;

        if (squeeze && (c == '_' || c == '-'))
            continue;
        if (len == NAME_MAX_LEN)
            return 0;
        out_text[len++] = c;
    }
    out_text[len] = '\0';
    return len;
}

static size_t errors_allowed(size_t len, enum ps_setting_place place)
{
    if (place == PS_SETTING_IN_FILE)
        return ps_min_size(FILE_ERRORS_MAX, len / FILE_LEN_PER_ERROR);
    return len < STRICT_LEN_MIN ? 0 : ps_min_size(STRICT_ERRORS_MAX, len / STRICT_LEN_PER_ERROR);
}

/* Returns the row of the setting name, and whether name is its NAME_FILE; PS_CONFIG_ROWS if name is
 * not a setting. */
static size_t find(const char *name, bool *out_file)
{
    struct ps_str text = ps_str_of(name);

    *out_file = false;
    for (size_t i = 0; i < PS_CONFIG_ROWS; i++)
        if (ps_str_is_fold(text, ps_config_rows[i].name))
            return i;
    if (text.len <= 5 || !ps_str_is_fold((struct ps_str){ text.data + text.len - 5, 5 }, "_FILE"))
        return PS_CONFIG_ROWS;
    text.len -= 5;
    *out_file = true;
    for (size_t i = 0; i < PS_CONFIG_ROWS; i++)
        if (ps_str_is_fold(text, ps_config_rows[i].name))
            return i;
    return PS_CONFIG_ROWS;
}

/* Returns the nearest setting within the errors that place allows. A name that differs only in its
 * underscores counts as equal. */
static const char *nearest(const char *name, enum ps_setting_place place)
{
    static const char prefix[] = "PAPERSCOUT_";
    char text[NAME_MAX_LEN + 1], squeezed[NAME_MAX_LEN + 1], other[NAME_MAX_LEN + 1];
    const char *best = NULL;
    const char *bare = text;
    size_t best_errors = SIZE_MAX;

    if (normalize(name, false, text) == 0)
        return NULL;
    if (strncmp(text, prefix, sizeof(prefix) - 1) == 0)
        bare += sizeof(prefix) - 1;
    (void)normalize(bare, true, squeezed);
    for (size_t i = 0; i < PS_CONFIG_ROWS; i++) {
        const char *setting = ps_config_rows[i].name;
        size_t errors = ps_text_distance(bare, setting);
        size_t allowed = errors_allowed(strlen(setting), place);

        if (allowed == 0 && bare != text)
            continue; /* Kubernetes sets PAPERSCOUT_PORT for a service named paperscout */
        (void)normalize(setting, true, other);
        if (strcmp(squeezed, other) == 0)
            errors = 0;
        if (errors <= allowed && errors < best_errors) {
            best = setting;
            best_errors = errors;
        }
    }
    return best;
}

const char *ps_setting_nearest(const char *name, enum ps_setting_place place)
{
    bool file;
    size_t row = find(name, &file);

    if (row == PS_CONFIG_ROWS)
        return nearest(name, place);
    if (file && ps_config_rows[row].type != PS_CONFIG_SECRET &&
        errors_allowed(strlen(ps_config_rows[row].name), place) > 0)
        return ps_config_rows[row].name;
    return NULL;
}
