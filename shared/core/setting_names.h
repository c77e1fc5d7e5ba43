/* Which setting a mistyped name was meant to be: a setting that nobody reads keeps its default,
 * silently. */
#ifndef PS_CORE_SETTING_NAMES_H
#define PS_CORE_SETTING_NAMES_H

/* Where a name stands. A .env file is written for this program, so that much may be a slip of the
 * pen; the environment is full of names that are none of our business. */
enum ps_setting_place { PS_SETTING_IN_FILE, PS_SETTING_IN_ENVIRONMENT };

/* Gives the setting (of any program) that name resembles; NULL when name is a setting itself, with
 * _FILE behind that of a secret too, or resembles none. The case of letters does not count. "_FILE"
 * behind a setting that is no secret resembles that setting. */
const char *ps_setting_nearest(const char *name, enum ps_setting_place place);

#endif
