/* Names of WG21's subgroups, as people type them and as an index writes them. Both are reduced to
 * one stored name for each group, which watch rules compare. */
#ifndef PS_CORE_SUBGROUP_H
#define PS_CORE_SUBGROUP_H
#include "shared/core/str.h"

#include <stdbool.h>

enum { PS_SUBGROUP_MAX = 20, PS_SUBGROUP_MIN = 2 };

/* Returns whether word is the abbreviation of a subgroup (LEWG, sg14); case is ignored. */
bool ps_subgroup_known(struct ps_str word);
/* Writes the stored name: lower case, one name for each group (SG17 is ewgi, "Library Evolution" is
 * lewg). An unknown name of letters and digits is accepted, because WG21 founds new groups. Returns
 * false for any other text; out_name is untouched then. */
bool ps_subgroup_parse(struct ps_str text, char out_name[PS_SUBGROUP_MAX + 1]) PS_MUST_USE;
/* Returns whether field names subgroup (a stored name). Commas, semicolons, slashes, "&" and "and"
 * separate the parts of field. In each part the first abbreviation counts, with those that follow
 * it directly; the rest is the group's title: "EWGI SG17: EWG Incubator" names ewgi and not ewg. */
bool ps_subgroup_named(const char *field, const char *subgroup);

#endif
