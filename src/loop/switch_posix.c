/* Switching stacks: what a function call must preserve is put on the old stack and
 * taken from the new one.  A few instructions on x86-64 and AArch64, with unwind
 * information, so that a debugger sees the whole stack of a task; ucontext elsewhere,
 * or where BROOD_UCONTEXT is defined. */
#include <stdint.h>
#include <string.h>

#include "context.h"

/* Instructions and their unwind information, a line each. */
/* clang-format off */
#if defined(__APPLE__)
#define SYMBOL(name) "_" #name
#define BEGIN(name)  ".globl " SYMBOL(name) "\n.private_extern " SYMBOL(name) "\n" SYMBOL(name) ":\n"
#define END(name)
#else
#define SYMBOL(name) #name
#define BEGIN(name) \
    ".globl " #name "\n.hidden " #name "\n.type " #name ", %function\n" #name ":\n"
#define END(name) ".size " #name ", . - " #name "\n"
#endif

void brood__switch_start(void); /* the first place of every new stack */

#if defined(__CET__) && (__CET__ & 2) /* a shadow stack, which this switch knows nothing of */
#define BROOD_UCONTEXT
#endif

#if defined(__x86_64__) && !defined(BROOD_UCONTEXT)

/* The control words of the floating-point units belong to the caller too. */
__asm__(".text\n.p2align 4\n" BEGIN(brood__switch_stacks)
        ".cfi_startproc\n"
        "pushq %rbp\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %rbp, 0\n"
        "pushq %rbx\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %rbx, 0\n"
        "pushq %r12\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %r12, 0\n"
        "pushq %r13\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %r13, 0\n"
        "pushq %r14\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %r14, 0\n"
        "pushq %r15\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %r15, 0\n"
        "subq $8, %rsp\n.cfi_adjust_cfa_offset 8\n"
        "stmxcsr (%rsp)\nfnstcw 4(%rsp)\n"
        "movq %rsp, (%rdi)\n"
        "movq %rsi, %rsp\n" /* the layout is the same there */
        "ldmxcsr (%rsp)\nfldcw 4(%rsp)\n"
        "addq $8, %rsp\n.cfi_adjust_cfa_offset -8\n"
        "popq %r15\n.cfi_adjust_cfa_offset -8\n.cfi_restore %r15\n"
        "popq %r14\n.cfi_adjust_cfa_offset -8\n.cfi_restore %r14\n"
        "popq %r13\n.cfi_adjust_cfa_offset -8\n.cfi_restore %r13\n"
        "popq %r12\n.cfi_adjust_cfa_offset -8\n.cfi_restore %r12\n"
        "popq %rbx\n.cfi_adjust_cfa_offset -8\n.cfi_restore %rbx\n"
        "popq %rbp\n.cfi_adjust_cfa_offset -8\n.cfi_restore %rbp\n"
        "ret\n.cfi_endproc\n" END(brood__switch_stacks)
        /* r12: what to run, r13: its argument */
        ".p2align 4\n" BEGIN(brood__switch_start)
        ".cfi_startproc\n.cfi_undefined %rip\n"
        "movq %r13, %rdi\ncallq *%r12\nud2\n"
        ".cfi_endproc\n" END(brood__switch_start));

struct frame {
    uint32_t mxcsr;
    uint16_t x87, unused;
    void *r15, *r14, *r13, *r12, *rbx, *rbp;
    void (*return_to)(void);
    void *end; /* keeps the alignment of a call */
};

static void fill(struct frame *frame, void (*run)(void *), void *arg)
{
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(frame->mxcsr), "=m"(frame->x87));
    memcpy(&frame->r12, &run, sizeof run);
    frame->r13 = arg;
    frame->return_to = brood__switch_start;
}

#elif defined(__aarch64__) && !defined(BROOD_UCONTEXT)

__asm__(".text\n.p2align 4\n" BEGIN(brood__switch_stacks)
        ".cfi_startproc\n"
        "sub sp, sp, #176\n.cfi_adjust_cfa_offset 176\n"
        "stp x19, x20, [sp, #0]\n.cfi_rel_offset x19, 0\n.cfi_rel_offset x20, 8\n"
        "stp x21, x22, [sp, #16]\n.cfi_rel_offset x21, 16\n.cfi_rel_offset x22, 24\n"
        "stp x23, x24, [sp, #32]\n.cfi_rel_offset x23, 32\n.cfi_rel_offset x24, 40\n"
        "stp x25, x26, [sp, #48]\n.cfi_rel_offset x25, 48\n.cfi_rel_offset x26, 56\n"
        "stp x27, x28, [sp, #64]\n.cfi_rel_offset x27, 64\n.cfi_rel_offset x28, 72\n"
        "stp x29, x30, [sp, #80]\n.cfi_rel_offset x29, 80\n.cfi_rel_offset x30, 88\n"
        "stp d8, d9, [sp, #96]\nstp d10, d11, [sp, #112]\n"
        "stp d12, d13, [sp, #128]\nstp d14, d15, [sp, #144]\n"
        "mrs x9, fpcr\nstr x9, [sp, #160]\n"
        "mov x9, sp\nstr x9, [x0]\n"
        "mov sp, x1\n" /* the layout is the same there */
        "ldr x9, [sp, #160]\nmsr fpcr, x9\n"
        "ldp x19, x20, [sp, #0]\nldp x21, x22, [sp, #16]\n"
        "ldp x23, x24, [sp, #32]\nldp x25, x26, [sp, #48]\n"
        "ldp x27, x28, [sp, #64]\nldp x29, x30, [sp, #80]\n"
        "ldp d8, d9, [sp, #96]\nldp d10, d11, [sp, #112]\n"
        "ldp d12, d13, [sp, #128]\nldp d14, d15, [sp, #144]\n"
        "add sp, sp, #176\n.cfi_adjust_cfa_offset -176\n"
        "ret\n.cfi_endproc\n" END(brood__switch_stacks)
        /* x19: what to run, x20: its argument */
        ".p2align 4\n" BEGIN(brood__switch_start)
        ".cfi_startproc\n.cfi_undefined x30\n"
        "mov x0, x20\nblr x19\nbrk #1\n"
        ".cfi_endproc\n" END(brood__switch_start));

struct frame {
    void *x[10], *fp;
    void (*return_to)(void);
    uint64_t d[8], fpcr, unused;
};

static void fill(struct frame *frame, void (*run)(void *), void *arg)
{
    __asm__ volatile("mrs %0, fpcr" : "=r"(frame->fpcr));
    memcpy(&frame->x[0], &run, sizeof run);
    frame->x[1] = arg;
    frame->return_to = brood__switch_start;
}

#else
/* clang-format on */
#include <ucontext.h>

/* Each place is a ucontext_t on the stack that was left there. */
struct frame {
    ucontext_t context;
    void (*run)(void *);
    void *arg;
};

void brood__switch_stacks(void **save, void *to)
{
    ucontext_t here;
    *save = &here;
    swapcontext(&here, to);
}

/* makecontext passes ints: a pointer goes in two halves. */
static void start(unsigned high, unsigned low)
{
    uint64_t address = (uint64_t)high << 32 | low;
    struct frame *frame = (struct frame *)(uintptr_t)address;
    frame->run(frame->arg);
}

static void fill(struct frame *frame, void (*run)(void *), void *arg)
{
    uint64_t address = (uintptr_t)frame;
    frame->run = run;
    frame->arg = arg;
    makecontext(&frame->context, (void (*)(void))start, 2, (unsigned)(address >> 32),
                (unsigned)address);
}

#endif
/* clang-format on */

void *brood__switch_prepare(const struct brood__stack *stack, void (*run)(void *), void *arg)
{
    char *top = stack->bottom + stack->size - sizeof(struct frame);
    top -= (uintptr_t)top & 15;
    struct frame *frame = (struct frame *)(void *)top;
    memset(frame, 0, sizeof *frame);
#if defined(BROOD_UCONTEXT) || (!defined(__x86_64__) && !defined(__aarch64__))
    getcontext(&frame->context);
    frame->context.uc_stack.ss_sp = stack->bottom;
    frame->context.uc_stack.ss_size = (size_t)(top - stack->bottom);
#endif
    fill(frame, run, arg);
    return frame;
}
