/* What waits for each channel, for people to look at. */
#ifndef PS_NOTIFIER_CHANNEL_TABLE_H
#define PS_NOTIFIER_CHANNEL_TABLE_H
#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

struct ps_channel_table;

struct ps_channel_table *ps_channel_table_create(void);
void ps_channel_table_destroy(struct ps_channel_table *table);
/* A list entry; one that is no message counts for the channel "?". */
void ps_channel_table_message(struct ps_channel_table *table, const char *text, size_t len);
/* Who has it (NULL: nobody) and how long Slack wants it left alone (0 and less: not). */
void ps_channel_table_state(struct ps_channel_table *table, const char *channel, const char *holder,
                            int64_t hold_ms);
/* created_at of the oldest message; 0 where none tells it. */
int64_t ps_channel_table_oldest_ms(const struct ps_channel_table *table);
/* Gives [{"channel","messages","hold_ms","holder"}, …], the channel with most messages first. */
cJSON *ps_channel_table_json(const struct ps_channel_table *table);

#endif
