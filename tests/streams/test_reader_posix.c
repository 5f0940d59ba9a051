/* A forked child and the readers of its parent. */
#include "readers.h"

SUITE(reader_posix);

static brood_reader *inherited;

static bool all_is_refused(void)
{
    struct read_job job = {.reader = inherited, .n = 1, .deadline = BROOD_FOREVER};
    for (int kind = 0; kind < WAITS; kind++) {
        job.kind = (enum reading)kind;
        if (do_read(&job) != BROOD_EFORK)
            return false;
    }
    brood_reader_feed_eof(inherited);
    brood_reader_set_error(inherited, BROOD_EIO);
    brood_reader_close(inherited);
    return brood_reader_feed(inherited, "x", 1) == BROOD_EFORK &&
           brood_reader_error(inherited) == 0 && brood_reader_buffered(inherited) == 3;
}

Test(reader_posix, a_forked_child_cannot_use_its_parents)
{
    struct source source = fed_source(0);
    brood_slice slice;
    supply(&source, "own");
    inherited = source.reader;
    cr_assert(holds_in_a_fork(all_is_refused));
    GIVES(brood_reader_read_slice(source.reader, &slice, BROOD_NOWAIT), slice, "own");
    source_close(&source);
}
