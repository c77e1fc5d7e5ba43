#include "shared/core/text_distance.h"

#include "shared/core/bounds.h"

#include <stdint.h>
#include <string.h>

size_t ps_text_distance(const char *a, const char *b)
{
    size_t rows[3][PS_TEXT_DISTANCE_MAX_LEN + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    size_t a_len = strlen(a), b_len = strlen(b);

    if (a_len > PS_TEXT_DISTANCE_MAX_LEN || b_len > PS_TEXT_DISTANCE_MAX_LEN)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_len; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *spare = before;

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = ps_min_size(last[j] + 1, row[j - 1] + 1);
            row[j] = ps_min_size(row[j], last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = ps_min_size(row[j], before[j - 2] + 1);
        }
        before = last;
        last = row;
        row = spare;
    }
    return last[b_len];
}
