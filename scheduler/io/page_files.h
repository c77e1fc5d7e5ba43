/* The status page's files, embedded by the build (scheduler/cmake/embed_page.cmake). */
#ifndef PS_SCHEDULER_PAGE_FILES_H
#define PS_SCHEDULER_PAGE_FILES_H
#include <stddef.h>

struct ps_page_file {
    const char *path; /* as asked for: "/operations" or "/page/…" */
    const char *type; /* Content-Type */
    const char *data;
    size_t len;
};

extern const struct ps_page_file ps_page_files[];
extern const size_t ps_page_file_count;

#endif
