/* What the tests of Windows's own ways share: this very program as a child, which acts on
 * what its argv[0] says before there is any test ("act:line"), or else the name of its file
 * ("act_line.exe"), so that all other arguments are free; and a folder for files. */
#ifndef BROOD_TEST_HELPERS_ACT_WINDOWS_H
#define BROOD_TEST_HELPERS_ACT_WINDOWS_H

#include "support.h"
#include "system_windows.h"

/* What it can do:
 *   arguments    write them all as CommandLineToArgvW gives them, each with a NUL behind it
 *   line         write the command line
 *   environment  write all entries, each with a NUL behind it
 *   path, cwd    write the program's own path, or its current folder
 *   set N ...    set the events that have these handles, as far as they are any
 *   both         write "one" to stdout, "two" to stderr, "three" to stdout
 *   standard     end with a bit for each standard handle that is a character device
 *   deaf         close stdin, say so, and wait for the end of the file that N names
 *   priority     end with the priority class
 *   window       end with 256 and how the first window is to be shown, if that was said
 *   exit N       end with that code */

/* Whether this is Wine, which lacks some of what is tested. */
bool under_wine(void);

/* The path of this program. */
const char *act_program(void);

/* Runs the child of argv to its end; with pipes on stdout and stderr, and as this program
 * if argv[0] begins with "act:".  Fails the test when it cannot be started. */
brood_result act_run(brood_spawn_options options, const char *const *argv);

/* What it has written if it ended with 0; valid until the next call, NULs included: *len. */
const char *act_text(brood_spawn_options options, const char *const *argv, size_t *len);

/* "EINVAL exec what" of a child that cannot be started, "started" of another. */
const char *act_failure(brood_spawn_options options, const char *const *argv);

/* ---- text and files -------------------------------------------------------------- */

/* UTF-16; a few are valid at a time. */
const wchar_t *wide(const char *text);

void folder_begin(void);
void folder_end(void);
const char *folder(void);
/* The path of something in the folder; a few are valid at a time. */
const char *in_folder(const char *name);
const char *folder_make(const char *name);                   /* another folder in it */
const char *folder_file(const char *name, const char *text); /* a file with that text */
const char *folder_act(const char *name);                    /* a copy of this program */

#endif
