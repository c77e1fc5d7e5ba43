/* Finds the setting that a misspelt name was meant to be. A misspelt setting is never read, so it
 * would silently have no effect. */
#ifndef PS_CORE_SETTING_NAMES_H
#define PS_CORE_SETTING_NAMES_H

/* Where a name was found. A .env file is written for this program, so a name with several typing
 * errors is still reported. The environment is full of names of other programs, so the comparison
 * is stricter there. */
enum ps_setting_place { PS_SETTING_IN_FILE, PS_SETTING_IN_ENVIRONMENT };

/* Returns the setting (of any component) that name resembles; a static string. Returns NULL if name
 * is a setting or a secret's NAME_FILE, or resembles none. Case is ignored. NAME_FILE of a setting
 * that is not a secret resembles that setting. */
const char *ps_setting_nearest(const char *name, enum ps_setting_place place);

#endif
