/* Starting a process by CreateProcess.
 *
 * What the child inherits is listed: copies of its standard handles, which can be inherited
 * only while it is being started.  So children that are started at the same time by
 * different threads get nothing of each other's, and every end of a pipe is seen at once. */
#include "spawn.h"

#include "environment_windows.h"
#include "memory.h"
#include "program_windows.h"
#include "stdio_windows.h"
#include "text_windows.h"

#ifndef PROC_THREAD_ATTRIBUTE_JOB_LIST
#define PROC_THREAD_ATTRIBUTE_JOB_LIST 0x0002000D /* Windows 10 */
#endif

struct brood__spawn {
    const brood_spawn_options *options;
    struct brood__stdio stdio;
    struct brood__program program;
    wchar_t *environment; /* NULL: the parent's */
    wchar_t *cwd;
};

/* A child with keep_fds inherits whatever can be inherited: nothing of a child that is
 * being started meanwhile. */
static SRWLOCK starting = SRWLOCK_INIT;

/* ---- options --------------------------------------------------------------------- */

/* The first option that has no counterpart here, or NULL. */
static const char *find_unavailable(const brood_spawn_options *options)
{
    const struct {
        bool is_set;
        const char *name;
    } options_of_unix[] = {
        {options->in.kind == BROOD_SOCKET, "in"},
        {options->out.kind == BROOD_SOCKET, "out"},
        {options->err.kind == BROOD_SOCKET, "err"},
        {options->fd_count > 0, "fds"},
        {options->new_session, "new_session"},
        {options->set_process_group && options->process_group != 0, "process_group"},
        {options->set_umask, "umask"},
        {options->set_user, "user"},
        {options->set_group, "group"},
        {options->set_extra_groups, "extra_groups"},
        {options->keep_signals, "keep_signals"},
        {options->nice != 0, "nice"},
        {options->death_signal != 0, "death_signal"},
        {options->rlimit_count > 0, "rlimits"},
        {options->preexec != NULL, "preexec"},
    };
    for (size_t i = 0; i < sizeof options_of_unix / sizeof *options_of_unix; i++)
        if (options_of_unix[i].is_set)
            return options_of_unix[i].name;
    return NULL;
}

static int check(const brood_spawn_options *options)
{
    int error = brood__options_check(options);
    if (error < 0)
        return error;
    const char *name = find_unavailable(options);
    return name != NULL ? brood__spawn_failed(options, BROOD_ENOSYS, "options", name) : 0;
}

static int find_folder(struct brood__spawn *spawn)
{
    const brood_spawn_options *options = spawn->options;
    if (options->cwd == NULL)
        return 0;
    int error = *options->cwd == '\0' ? BROOD_ENOENT : brood__text_wide(options->cwd, &spawn->cwd);
    if (error == 0) {
        DWORD attributes = GetFileAttributesW(spawn->cwd);
        if (attributes == INVALID_FILE_ATTRIBUTES)
            error = brood__last_error();
        else if ((attributes & FILE_ATTRIBUTE_DIRECTORY) == 0)
            error = BROOD_ENOTDIR;
    }
    return error < 0 ? brood__spawn_failed(options, error, "chdir", options->cwd) : 0;
}

static int make_environment(struct brood__spawn *spawn)
{
    const char *bad;
    if (spawn->options->env == NULL)
        return 0;
    int error = brood__environment_block(spawn->options->env, &spawn->environment, &bad);
    return error < 0 ? brood__spawn_failed(spawn->options, error, "env", bad) : 0;
}

int brood__spawn_open(const brood_spawn_options *options, struct brood__spawn **made,
                      intptr_t ends[3])
{
    int error = check(options);
    if (error < 0)
        return error;
    struct brood__spawn *spawn = brood__alloc(sizeof *spawn);
    if (spawn == NULL)
        return brood__spawn_failed(options, BROOD_ENOMEM, "memory", "");
    spawn->options = options;
    error = find_folder(spawn);
    if (error == 0)
        error = brood__program_find(&spawn->program, options);
    if (error == 0)
        error = make_environment(spawn);
    if (error == 0)
        error = brood__stdio_open(&spawn->stdio, options);
    if (error < 0) {
        brood__spawn_close(spawn);
        return error;
    }
    brood__stdio_take_parent_ends(&spawn->stdio, ends);
    *made = spawn;
    return 0;
}

void brood__spawn_close(struct brood__spawn *spawn)
{
    if (spawn == NULL)
        return;
    brood__stdio_close(&spawn->stdio);
    brood__program_free(&spawn->program);
    brood__free(spawn->environment);
    brood__free(spawn->cwd);
    brood__free(spawn);
}

/* ---- what is inherited ------------------------------------------------------------ */

struct inheritance {
    HANDLE handles[3]; /* the child's 0, 1 and 2: copies      */
    HANDLE list[3];    /* the same, each once                 */
    DWORD count;
    HANDLE job; /* or NULL */
    LPPROC_THREAD_ATTRIBUTE_LIST attributes;
};

static int copy_handle(HANDLE handle, HANDLE *copy)
{
    HANDLE self = GetCurrentProcess();
    if (!DuplicateHandle(self, handle, self, copy, 0, TRUE, DUPLICATE_SAME_ACCESS))
        return brood__last_error();
    return 0;
}

static int copy_handles(struct inheritance *inheritance, const struct brood__stdio *stdio)
{
    for (int i = 0; i < 3; i++) {
        if (i == 2 && stdio->child[2] == stdio->child[1]) {
            inheritance->handles[2] = inheritance->handles[1];
            continue;
        }
        int error = copy_handle(stdio->child[i], &inheritance->handles[i]);
        if (error < 0)
            return error;
        inheritance->list[inheritance->count++] = inheritance->handles[i];
    }
    return 0;
}

static int list_attributes(struct inheritance *inheritance, bool keep_fds)
{
    SIZE_T size = 0;
    DWORD count = (keep_fds ? 0u : 1u) + (inheritance->job != NULL ? 1u : 0u);
    if (count == 0)
        return 0;
    InitializeProcThreadAttributeList(NULL, count, 0, &size);
    LPPROC_THREAD_ATTRIBUTE_LIST list = brood__alloc(size);
    if (list == NULL)
        return BROOD_ENOMEM;
    if (!InitializeProcThreadAttributeList(list, count, 0, &size)) {
        int error = brood__last_error();
        brood__free(list);
        return error;
    }
    inheritance->attributes = list;
    if (!keep_fds &&
        !UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, inheritance->list,
                                   inheritance->count * sizeof(HANDLE), NULL, NULL))
        return brood__last_error();
    if (inheritance->job != NULL &&
        !UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_JOB_LIST, &inheritance->job,
                                   sizeof(HANDLE), NULL, NULL))
        return brood__last_error();
    return 0;
}

static void end_inheritance(struct inheritance *inheritance)
{
    for (DWORD i = 0; i < inheritance->count; i++)
        CloseHandle(inheritance->list[i]);
    if (inheritance->attributes != NULL)
        DeleteProcThreadAttributeList(inheritance->attributes);
    brood__free(inheritance->attributes);
}

/* ---- birth --------------------------------------------------------------------------- */

static int create(struct brood__spawn *spawn, struct inheritance *inheritance,
                  struct brood__child *child)
{
    const brood_spawn_options *options = spawn->options;
    PROCESS_INFORMATION process;
    STARTUPINFOEXW startup = {
        .StartupInfo = {.cb = inheritance->attributes != NULL ? sizeof startup
                                                              : sizeof startup.StartupInfo,
                        .dwFlags = STARTF_USESTDHANDLES,
                        .wShowWindow = SW_HIDE,
                        .hStdInput = inheritance->handles[0],
                        .hStdOutput = inheritance->handles[1],
                        .hStdError = inheritance->handles[2]},
        .lpAttributeList = inheritance->attributes,
    };
    DWORD flags = options->creation_flags | CREATE_UNICODE_ENVIRONMENT;
    if (inheritance->attributes != NULL)
        flags |= EXTENDED_STARTUPINFO_PRESENT;
    if (options->hide_window)
        startup.StartupInfo.dwFlags |= STARTF_USESHOWWINDOW;
    if (options->set_process_group)
        flags |= CREATE_NEW_PROCESS_GROUP;

    if (!CreateProcessW(spawn->program.path, spawn->program.line, NULL, NULL, TRUE, flags,
                        spawn->environment, spawn->cwd, &startup.StartupInfo, &process))
        return brood__spawn_failed(options, brood__last_error(), "exec", spawn->program.name);
    CloseHandle(process.hThread);
    child->pid = process.dwProcessId;
    child->process = brood__number_of(process.hProcess);
    child->leads_group = (flags & CREATE_NEW_PROCESS_GROUP) != 0;
    return 0;
}

static int start(struct brood__spawn *spawn, struct inheritance *inheritance,
                 struct brood__child *child)
{
    int error = copy_handles(inheritance, &spawn->stdio);
    if (error < 0)
        return brood__spawn_failed(spawn->options, error, "dup2", "");
    error = list_attributes(inheritance, spawn->options->keep_fds);
    if (error < 0)
        return brood__spawn_failed(spawn->options, error, "fork", "");
    return create(spawn, inheritance, child);
}

static void lock(bool alone)
{
    if (alone)
        AcquireSRWLockExclusive(&starting);
    else
        AcquireSRWLockShared(&starting);
}

static void unlock(bool alone)
{
    if (alone)
        ReleaseSRWLockExclusive(&starting);
    else
        ReleaseSRWLockShared(&starting);
}

int brood__spawn_start(struct brood__spawn *spawn, brood_loop *loop, struct brood__child *child)
{
    (void)loop;
    struct inheritance inheritance = {0};
    bool alone = spawn->options->keep_fds;
    if (spawn->options->kill_tree) {
        inheritance.job = CreateJobObjectW(NULL, NULL);
        if (inheritance.job == NULL)
            return brood__spawn_failed(spawn->options, brood__last_error(), "job", "");
    }
    lock(alone);
    int error = start(spawn, &inheritance, child);
    end_inheritance(&inheritance);
    unlock(alone);
    if (error == 0)
        child->job = brood__number_of(inheritance.job);
    else if (inheritance.job != NULL)
        CloseHandle(inheritance.job);
    return error;
}
