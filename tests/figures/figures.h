/* Figures: times of a whole run, compared as ratios within it. */
#ifndef BROOD_FIGURES_H
#define BROOD_FIGURES_H

#include "support.h"

struct samples {
    double values[4096];
    size_t count;
};

void samples_add(struct samples *samples, double value);
double samples_median(struct samples *samples); /* sorts them */

/* Counts the children of a test, and what they did. */
struct counter {
    brood_loop *loop;
    size_t exited, lost;
    brood_returncode last;
};

/* A protocol whose argument is the struct child of each. */
struct child {
    struct counter *counter;
    brood_subprocess *transport;
    uint64_t received;
    brood_buffer output;
    bool keep_output;
};
extern const brood_subprocess_protocol counting_protocol;

void start_child(struct counter *counter, struct child *child, brood_spawn_options options,
                 const char *const *arguments);
void run_until_exited(struct counter *counter, size_t count);
void run_until_lost(struct counter *counter, size_t count);

/* Whether this is such a Linux, or a later one. */
bool kernel_is_at_least(int major, int minor);

/* The machine is shared: a comparison that fails is made again, twice at most. */
enum { ATTEMPTS = 3 };

#endif
