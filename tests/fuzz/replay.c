/* Runs a fuzz target over every file of the folders and over the files that are named, and over the
   empty input: what libFuzzer's own main does with a corpus, without libFuzzer. */
#include "shared/core/alloc.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20 };

static bool run_file(const char *path)
{
    uint8_t *data = ps_alloc(INPUT_MAX);
    FILE *file = fopen(path, "rb");
    uint8_t *exact;
    size_t len;

    if (file == NULL) {
        perror(path);
        free(data);
        return false;
    }
    len = fread(data, 1, INPUT_MAX, file);
    (void)fclose(file);
    /* Printed before, so that a crash is known by the last line; of its own size, so that a
       sanitizer sees the first byte read past its end. */
    (void)printf("%s (%zu bytes)\n", path, len);
    (void)fflush(stdout);
    exact = (uint8_t *)ps_alloc_copy((const char *)data, len);
    exact = ps_alloc_array(exact, len, 1);
    free(data);
    (void)LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    return true;
}

/* Gives the number of files run; -1 when something cannot be read. */
static int run_path(const char *path)
{
    struct stat status;
    struct dirent *entry;
    int count = 0;
    DIR *folder;

    if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
        return run_file(path) ? 1 : -1;
    folder = opendir(path);
    if (folder == NULL) {
        perror(path);
        return -1;
    }
    while (count >= 0 && (entry = readdir(folder)) != NULL) {
        char *file;

        if (entry->d_name[0] == '.')
            continue;
        file = ps_alloc_format("%s/%s", path, entry->d_name);
        count = run_file(file) ? count + 1 : -1;
        free(file);
    }
    (void)closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    uint8_t *nothing = ps_alloc_array(NULL, 0, 1);
    int i, count, total = 0;

    (void)LLVMFuzzerTestOneInput(nothing, 0);
    free(nothing);
    for (i = 1; i < argc; i++) {
        count = run_path(argv[i]);
        if (count < 0)
            return EXIT_FAILURE;
        total += count;
    }
    /* An empty corpus would always pass and show nothing. */
    if (total == 0) {
        (void)fprintf(stderr, "%s: no inputs\n", argv[0]);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
