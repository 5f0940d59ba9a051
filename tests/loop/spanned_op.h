/* Operations for the tests of a backend by itself, with memory to read into or to write. */
#ifndef BROOD_TEST_SPANNED_OP_H
#define BROOD_TEST_SPANNED_OP_H

#include "backend.h"
#include "support.h"

struct spanned_type {
    struct brood__op_type type;
    struct brood__span span;
};

/* Where a read has put its bytes, once it is finished. */
static inline struct brood__span *span_of(const struct brood__op *op)
{
    struct brood__op_type *type;
    memcpy(&type, &op->type, sizeof type); /* which is const for everybody else */
    return &BROOD__CONTAINER(type, struct spanned_type, type)->span;
}

static inline int give_span(struct brood__op *op, struct brood__span *span)
{
    *span = *span_of(op);
    return 0;
}

/* A test has not many. */
static inline struct brood__op spanned_op(uint8_t kind, void *data, size_t len)
{
    static struct spanned_type types[1024];
    static size_t used;
    cr_assert_lt(used, sizeof types / sizeof *types);
    types[used] = (struct spanned_type){{.prepare = give_span}, {.data = data, .len = len}};
    return (struct brood__op){.kind = kind, .type = &types[used++].type};
}

/* As the loop does it.  One that is posted has no span. */
static inline bool finish_spanned(struct brood__backend *backend, struct brood__op *op)
{
    if (op->type == NULL)
        return backend->table->finish(backend, op, NULL);
    struct brood__span span = *span_of(op);
    bool done = backend->table->finish(backend, op, &span);
    if (done)
        *span_of(op) = span;
    return done;
}

#endif
