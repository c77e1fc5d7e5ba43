#include "notifier/core/channel_table.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/message.h"

#include <stdlib.h>
#include <string.h>

struct row {
    char *channel, *holder;
    int64_t messages, hold_ms;
};

struct ps_channel_table {
    struct row *rows;
    size_t count;
    int64_t oldest_ms;
};

struct ps_channel_table *ps_channel_table_create(void)
{
    return ps_alloc_zero(1, sizeof(struct ps_channel_table));
}

void ps_channel_table_destroy(struct ps_channel_table *table)
{
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->count; i++) {
        free(table->rows[i].channel);
        free(table->rows[i].holder);
    }
    free(table->rows);
    free(table);
}

static struct row *row_of(struct ps_channel_table *table, const char *channel)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->rows[i].channel, channel) == 0)
            return &table->rows[i];
    table->rows = ps_alloc_array(table->rows, table->count + 1, sizeof(*table->rows));
    table->rows[table->count] = (struct row){ .channel = ps_alloc_text(channel) };
    return &table->rows[table->count++];
}

void ps_channel_table_message(struct ps_channel_table *table, const char *text, size_t len)
{
    struct ps_message content;
    struct ps_err err;

    if (!ps_message_parse(text, len, &content, &err)) {
        row_of(table, "?")->messages++;
        return;
    }
    row_of(table, content.channel)->messages++;
    if (content.created_ms > 0 && (table->oldest_ms == 0 || content.created_ms < table->oldest_ms))
        table->oldest_ms = content.created_ms;
    ps_message_clear(&content);
}

void ps_channel_table_state(struct ps_channel_table *table, const char *channel, const char *holder,
                            int64_t hold_ms)
{
    struct row *row = row_of(table, channel);

    free(row->holder);
    row->holder = ps_alloc_text(holder);
    row->hold_ms = hold_ms > 0 ? hold_ms : 0;
}

int64_t ps_channel_table_oldest_ms(const struct ps_channel_table *table)
{
    return table->oldest_ms;
}

static int compare(const void *left, const void *right)
{
    const struct row *a = *(const struct row *const *)left;
    const struct row *b = *(const struct row *const *)right;

    if (a->messages != b->messages)
        return a->messages < b->messages ? 1 : -1;
    return strcmp(a->channel, b->channel);
}

cJSON *ps_channel_table_json(const struct ps_channel_table *table)
{
    const struct row **order = ps_alloc_array(NULL, table->count + 1, sizeof(struct row *));
    cJSON *json = cJSON_CreateArray();

    for (size_t i = 0; i < table->count; i++)
        order[i] = &table->rows[i];
    qsort(order, table->count, sizeof(*order), compare);
    for (size_t i = 0; i < table->count; i++) {
        const struct row *row = order[i];
        cJSON *one = cJSON_CreateObject();

        ps_json_add_text(one, "channel", row->channel);
        ps_json_add_int(one, "messages", row->messages);
        ps_json_add_int(one, "hold_ms", row->hold_ms);
        ps_json_add_text(one, "holder", row->holder);
        cJSON_AddItemToArray(json, one);
    }
    free(order);
    return json;
}
