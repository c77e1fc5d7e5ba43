/* A server that stays away: told once when it has been gone too long, and once when it is back. */
#ifndef PS_NOTIFIER_OUTAGE_H
#define PS_NOTIFIER_OUTAGE_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stdint.h>

enum ps_outage_change { PS_OUTAGE_SAME, PS_OUTAGE_TELL, PS_OUTAGE_RECOVERED };

struct ps_outage {
    int64_t limit_ms;
    bool down;
    bool told;
    int64_t since_ms; /* when down */
};

/* It counts as down from now on, until a step says otherwise: a server that never came counts too.
 */
void ps_outage_init(struct ps_outage *outage, int64_t limit_ms, int64_t now_ms);
/* RECOVERED only follows TELL. out_gone_ms, when not NULL: how long it is or was away. */
enum ps_outage_change ps_outage_step(struct ps_outage *outage, bool up, int64_t now_ms,
                                     int64_t *out_gone_ms);

#endif
