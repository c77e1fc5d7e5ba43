#include "scheduler/core/delay_plot.h"

#include "shared/core/alloc.h"

#include <math.h>
#include <stdlib.h>

enum { WIDTH = 720, HEIGHT = 400, LEFT = 60, RIGHT = 20, TOP = 50, BOTTOM = 50, STEPS = 240 };

static const double ticks_minutes[] = { 1, 5, 15, 60, 240, 1440 };
static const char *const tick_names[] = { "1 min", "5 min", "15 min", "1 h", "4 h", "1 day" };
static const char *const colours[] = { "#b45309", "#1d4ed8", "#15803d" };

#define LEAST_MINUTES 0.5
#define MOST_MINUTES  1440.0

/* Time runs on a logarithmic axis: one planner answers in minutes, the other in hours. */
static double x_of(double minutes)
{
    double part = log(minutes / LEAST_MINUTES) / log(MOST_MINUTES / LEAST_MINUTES);

    return LEFT + part * (WIDTH - LEFT - RIGHT);
}

static double y_of(double part)
{
    return HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM);
}

static double part_within(const struct ps_replay *replay, double minutes)
{
    size_t within = 0;

    for (size_t i = 0; i < replay->len; i++) {
        const struct ps_replay_upload *upload = &replay->uploads[i];

        within +=
            upload->found_ms != 0 && (double)(upload->found_ms - upload->at_ms) <= minutes * 60000;
    }
    return replay->len == 0 ? 0 : (double)within / (double)replay->len;
}

static void add_axes(struct ps_buf *svg)
{
    for (size_t i = 0; i < PS_COUNT_OF(ticks_minutes); i++) {
        double x = x_of(ticks_minutes[i]);

        ps_buf_format(svg,
                      "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#ddd\"/>"
                      "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
                      x, TOP, x, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 18, tick_names[i]);
    }
    for (int percent = 0; percent <= 100; percent += 25) {
        double y = y_of(percent / 100.0);

        ps_buf_format(svg,
                      "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#ddd\"/>"
                      "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%d %%</text>\n",
                      LEFT, y, WIDTH - RIGHT, y, LEFT - 6, y + 4, percent);
    }
    ps_buf_format(svg,
                  "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">time from upload to discovery"
                  "</text>\n",
                  (WIDTH + LEFT) / 2, HEIGHT - 12);
}

static void add_curve(struct ps_buf *svg, const struct ps_delay_curve *curve, size_t position)
{
    const char *colour = colours[position % PS_COUNT_OF(colours)];
    struct ps_delay_stats stats;

    ps_replay_delays(curve->replay, PS_TIER_COUNT, -1, &stats);
    ps_buf_format(svg, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"",
                  colour);
    for (int step = 0; step <= STEPS; step++) {
        double minutes = LEAST_MINUTES * pow(MOST_MINUTES / LEAST_MINUTES, (double)step / STEPS);

        ps_buf_format(svg, "%.1f,%.1f ", x_of(minutes), y_of(part_within(curve->replay, minutes)));
    }
    ps_buf_format(svg,
                  "\"/>\n<text x=\"%d\" y=\"%d\" fill=\"%s\">%s: mean %.1f min, median %.1f min, "
                  "p90 %.0f min</text>\n",
                  LEFT + 8, TOP + 18 * ((int)position + 1), colour, curve->name, stats.mean,
                  stats.median, stats.p90);
}

bool ps_delay_plot(const struct ps_delay_curve *curves, size_t count, const char *title,
                   struct ps_buf *out_svg)
{
    ps_buf_format(out_svg,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
                  "font-family=\"sans-serif\" font-size=\"12\" fill=\"#333\">\n"
                  "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
                  "<text x=\"%d\" y=\"26\" font-size=\"15\">%s</text>\n",
                  WIDTH, HEIGHT, LEFT, title);
    add_axes(out_svg);
    for (size_t i = 0; i < count; i++)
        add_curve(out_svg, &curves[i], i);
    ps_buf_text(out_svg, "</svg>\n");
    return !out_svg->full;
}
