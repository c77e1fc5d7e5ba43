/* An SVG plot of two delay distributions, for the documentation. Pure. */
#ifndef PS_SCHEDULER_DELAY_PLOT_H
#define PS_SCHEDULER_DELAY_PLOT_H
#include "scheduler/core/replay.h"
#include "shared/core/buf.h"

/* A curve: the part of the uploads that were found within a time, over that time. */
struct ps_delay_curve {
    const char *name; /* "adaptive" */
    const struct ps_replay *replay;
};

/* Adds the whole document to out_svg; false when its cap is too small. title is plain text. */
bool ps_delay_plot(const struct ps_delay_curve *curves, size_t count, const char *title,
                   struct ps_buf *out_svg);

#endif
