/* How many messages wait for each channel, which notifier has the channel, and how long Slack asked
 * it to wait: the table of `paperscout-notifier queue`. Pure; cmd_queue.c reads the list and the
 * channels' keys. */
#ifndef PS_NOTIFIER_CHANNEL_TABLE_H
#define PS_NOTIFIER_CHANNEL_TABLE_H
#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

struct ps_channel_table;

struct ps_channel_table *ps_channel_table_create(void);        /* without channels; never NULL */
void ps_channel_table_destroy(struct ps_channel_table *table); /* NULL is fine */
/* Counts one entry of the list `notify` for its channel. An entry that is not a valid message
 * counts for the channel "?". Borrows text for the call. */
void ps_channel_table_message(struct ps_channel_table *table, const char *text, size_t len);
/* Notes which notifier has the channel (NULL: none), and for how many ms Slack asked it to wait (0
 * or less: not at all). */
void ps_channel_table_state(struct ps_channel_table *table, const char *channel, const char *holder,
                            int64_t hold_ms);
/* Returns created_at (wall clock ms) of the oldest message; 0 if no message has one. */
int64_t ps_channel_table_oldest_ms(const struct ps_channel_table *table);
/* Gives [{"channel","messages","hold_ms","holder"}, …], the channel with most messages first. */
cJSON *ps_channel_table_json(const struct ps_channel_table *table);

#endif
