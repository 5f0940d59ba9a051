/* The child of the tests in two halves: child.c reads the arguments and does what is the
 * same everywhere; child_posix.c and child_windows.c do the rest, and have main. */
#ifndef BROOD_TEST_CHILD_PROGRAM_H
#define BROOD_TEST_CHILD_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/* ---- child.c -------------------------------------------------------------------- */

/* All of the program, from its arguments in UTF-8, the name included. */
int child_run(int argc, char **argv);

/* The arguments that are still to be read, ended by NULL. */
extern const char *const *child_arguments;
const char *child_next_argument(void); /* ends the program with 120 if there is none */
int child_next_number(void);

void child_write(int fd, const char *data, size_t len); /* all of it, or ends with 121 */

/* ---- of the system -------------------------------------------------------------- */

/* Both as read and write have it: -1 is an error, 0 from a read the end. */
long child_read_some(int fd, void *data, size_t len);
long child_write_some(int fd, const void *data, size_t len);
void child_close(int fd);

/* The file behind fd, from its start, whatever the offset; false if it can't be read so. */
bool child_show(int fd);
/* Opens and closes it. */
bool child_open(const char *path);
/* Whether this is now the grandchild; in the child it prints the grandchild's number. */
bool child_fork(void);
void child_ignore(int signal);
_Noreturn void child_pause(void);
/* Milliseconds of user time so far. */
long long child_time_used(void);
void child_report_fds(void);
void child_report_session(void);
void child_report_env(void);
void child_report_cwd(void);

/* What is there on this system alone; false: it knows no such thing. */
extern const char child_more_help[];
bool child_report_more(const char *what);
bool child_act_more(const char *command);

#endif
