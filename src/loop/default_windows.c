/* A thread's own loop: what NULL means where a loop is asked for.  Made at first
 * use, closed when the thread ends, by way of the storage of fibers: of all that
 * belongs to a thread, that alone is told of its end. */
#include <string.h>

#include "fiber_windows.h"
#include "loop.h"

static _Thread_local brood_loop *mine;
static _Thread_local bool held;
static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
static DWORD slot = FLS_OUT_OF_INDEXES;

static bool process_ends(void)
{
    BOOLEAN(NTAPI * shutdown)(void) = NULL;
    HMODULE system = GetModuleHandleW(L"ntdll.dll");
    FARPROC found = system == NULL ? NULL : GetProcAddress(system, "RtlDllShutdownInProgress");
    if (found == NULL)
        return false;
    memcpy(&shutdown, &found, sizeof shutdown);
    return shutdown();
}

/* Called for each fiber that is deleted, and at the end of the process too, when all other
 * threads are gone already, and there is nothing to wait for. */
static void NTAPI close_mine(void *value)
{
    if (value == (void *)&mine && !held && !process_ends())
        brood_loop_close(mine);
}

/* A task that asks for the thread's loop stores it with its own fiber: when that ends the
 * loop is stored again, with the one that goes on. */
void brood__default_hold(void)
{
    held = true;
}

void brood__default_let_go(void)
{
    held = false;
    brood__default_keep();
}

void brood__default_keep(void)
{
    if (mine != NULL && FlsGetValue(slot) == NULL)
        FlsSetValue(slot, (void *)&mine);
}

static BOOL CALLBACK make_slot(INIT_ONCE *unused, void *parameter, void **context)
{
    (void)unused, (void)parameter, (void)context;
    HMODULE self; /* stays loaded: the ends of threads lead here, whatever the host unloads */
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
                       (const wchar_t *)(const void *)&slot, &self);
    slot = FlsAlloc(close_mine);
    return TRUE;
}

static int open_mine(void)
{
    brood_loop *made;
    InitOnceExecuteOnce(&once, make_slot, NULL, NULL);
    if (slot == FLS_OUT_OF_INDEXES)
        return BROOD_ENOMEM;
    int error = brood_loop_open(&made, NULL);
    if (error < 0)
        return error;
    if (!FlsSetValue(slot, (void *)&mine)) {
        brood_loop_close(made);
        return BROOD_ENOMEM;
    }
    made->owner = &mine;
    mine = made;
    return 0;
}

int brood_loop_default(brood_loop **loop)
{
    if (loop == NULL)
        return BROOD_EINVAL;
    int error = mine == NULL ? open_mine() : 0;
    if (error == 0)
        *loop = mine;
    return error;
}
