/* Names of WG21's subgroups, as people type them and as an index or a listing writes them. */
#ifndef PS_CORE_SUBGROUP_H
#define PS_CORE_SUBGROUP_H
#include "shared/core/str.h"

#include <stdbool.h>

enum { PS_SUBGROUP_MAX = 20, PS_SUBGROUP_MIN = 2 };

/* Is this the abbreviation of a subgroup (LEWG, sg14)? Case does not matter. */
bool ps_subgroup_known(struct ps_str word);
/* Writes the name that is stored: lower case, and one name for each group: SG17 is ewgi, "Library
 * Evolution" is lewg. Letters and digits that are no known name are written as they are. False,
 * and out_name untouched, for anything else. */
bool ps_subgroup_parse(struct ps_str text, char out_name[PS_SUBGROUP_MAX + 1]) PS_MUST_USE;
/* Is the subgroup (as ps_subgroup_parse wrote it) among those that field names? Parts are separated
 * by commas, semicolons, slashes, "&" or "and". Of each part the first abbreviation counts, with
 * those that follow at once; the rest is its title: "EWGI SG17: EWG Incubator" names ewgi, and not
 * ewg. */
bool ps_subgroup_named(const char *field, const char *subgroup);

#endif
