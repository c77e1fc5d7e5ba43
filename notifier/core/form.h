/* Parses application/x-www-form-urlencoded, the form of slash commands and interactions. A percent
 * sign that begins no escape stays as it is. Pure. */
#ifndef PS_NOTIFIER_FORM_H
#define PS_NOTIFIER_FORM_H
#include <stddef.h>

/* Gives the decoded value of the first field of that name; NULL when there is none. A "%" that two
   hexadecimal digits do not follow stands for itself, a NUL that was sent ends the value. */
char *ps_form_value(const char *form, size_t len, const char *name);

#endif
