/* The embedded SQL migrations, in order. */
#ifndef PS_IO_MIGRATIONS_H
#define PS_IO_MIGRATIONS_H
#include <stddef.h>

struct ps_migration {
    const char *name; /* file name without .sql, e.g. 0001_tables */
    const char *sql;
};

extern const struct ps_migration ps_migrations[];
extern const size_t ps_migration_count;

#endif
