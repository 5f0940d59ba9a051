/* The child's environment: what is given and no more, in the order and with the entry that
 * Windows wants. */
#include <stdio.h>

#include "environment_windows.h"
#include "helpers_act_windows.h"
#include "memory.h"
#include "text_windows.h"

SUITE(environment_windows);

/* ---- in a child ------------------------------------------------------------------------- */

static const char *child_text;
static size_t child_length;

static void look_at(const char *const *env)
{
    brood_spawn_options options = {.env = env};
    child_text = act_text(options, ARGV("act:environment"), &child_length);
}

/* Wine adds names of its own: nothing can be said about all entries. */
static bool has(const char *entry)
{
    for (const char *at = child_text; at < child_text + child_length; at += strlen(at) + 1)
        if (strcmp(at, entry) == 0)
            return true;
    return false;
}

/* How many entries have this name, in any case. */
static int count(const char *name)
{
    size_t length = strlen(name);
    int found = 0;
    for (const char *at = child_text; at < child_text + child_length; at += strlen(at) + 1)
        found += _strnicmp(at, name, length) == 0 && at[length] == '=';
    return found;
}

static const char *own_root(void)
{
    static char entry[300] = "SystemRoot=";
    GetEnvironmentVariableA("SystemRoot", entry + 11, 280);
    return entry;
}

Test(environment_windows, it_is_replaced_as_a_whole)
{
    SetEnvironmentVariableW(L"BROOD_TEST_MARK", L"here");
    look_at(NULL);
    cr_expect(has("BROOD_TEST_MARK=here"));
    look_at(ARGV("B=2", "A=1", "EMPTY=", "E=a=b=", "BLANK= a b "));
    cr_expect_eq(count("BROOD_TEST_MARK"), 0);
    cr_expect_eq(count("USERPROFILE") + count("NUMBER_OF_PROCESSORS"), 0);
    cr_expect(has("A=1") && has("B=2") && has("EMPTY=") && has("E=a=b=") && has("BLANK= a b "));
    SetEnvironmentVariableW(L"BROOD_TEST_MARK", NULL);
}

Test(environment_windows, it_is_inherited_as_it_is_now)
{
    SetEnvironmentVariableW(L"BROOD_TEST_MARK", L"early");
    look_at(NULL);
    cr_expect(has("BROOD_TEST_MARK=early"));
    SetEnvironmentVariableW(L"BROOD_TEST_MARK", L"sp\x00e4t \xd83d\xde00");
    look_at(NULL);
    cr_expect(has("BROOD_TEST_MARK=sp\xc3\xa4t \xf0\x9f\x98\x80"));
    SetEnvironmentVariableW(L"BROOD_TEST_MARK", NULL);
    look_at(NULL);
    cr_expect_eq(count("BROOD_TEST_MARK"), 0);
}

Test(environment_windows, it_is_utf8)
{
    look_at(ARGV("\xc3\x84=\xc3\xb6", "A\xf0\x9f\x98\x80=\xe6\xbc\xa2\xe5\xad\x97",
                 "B=\xf4\x8f\xbf\xbf", "C=e\xcc\x81"));
    cr_expect(has("\xc3\x84=\xc3\xb6"));
    cr_expect(has("A\xf0\x9f\x98\x80=\xe6\xbc\xa2\xe5\xad\x97"));
    cr_expect(has("B=\xf4\x8f\xbf\xbf"));
    cr_expect(has("C=e\xcc\x81"));
}

Test(environment_windows, an_empty_one_works)
{
    look_at(ARGV(NULL));
    cr_expect_eq(count("PATH"), 0);
    cr_expect(has(own_root()));
}

Test(environment_windows, SystemRoot_is_kept_when_it_is_missing)
{
    look_at(ARGV("A=1", "ZZ=2"));
    cr_expect(has(own_root()), "%s", own_root());
    look_at(ARGV("systemROOT=C:\\elsewhere", "A=1")); /* Wine puts its own in its place */
    cr_expect_eq(count("SystemRoot"), 1);
}

Test(environment_windows, of_two_with_one_name_the_first_counts)
{
    look_at(ARGV("Name=1", "other=x", "NAME=2", "name=3", "\xc3\xa4=4", "\xc3\x84=5"));
    cr_expect_eq(count("name"), 1);
    cr_expect(has("Name=1"));
    cr_expect(has("\xc3\xa4=4") && !has("\xc3\x84=5"));
}

Test(environment_windows, the_folders_of_drives_may_be_given)
{
    look_at(ARGV("=C:=C:\\windows", "=X:=X:\\a b", "A=1"));
    cr_expect(has("=C:=C:\\windows"));
    cr_expect(has("=X:=X:\\a b"));
    cr_expect(has("A=1"));
}

Test(environment_windows, a_large_one_arrives)
{
    enum { ENTRIES = 1000, LENGTH = 110, LONG = 32000 };
    static char entries[ENTRIES][LENGTH], longest[LONG + 1] = "LONGEST=";
    static const char *env[ENTRIES + 2];
    for (int i = 0; i < ENTRIES; i++) {
        snprintf(entries[i], LENGTH, "NAME%d=%099d", (i * 7919) % ENTRIES, i);
        env[i] = entries[i];
    }
    memset(longest + 8, 'x', LONG - 8);
    env[ENTRIES] = longest;
    look_at(env);
    for (int i = 0; i < ENTRIES; i++)
        cr_expect(has(env[i]), "%s", env[i]);
    cr_expect(has(longest));
}

/* ---- what is refused ---------------------------------------------------------------------- */

Test(environment_windows, what_is_no_entry_is_refused_and_named)
{
    static const char *const bad[] = {"", "=", "a", "=a", "NAME", "\xc3\xa4", "A\xff=1", "B=\xc3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char expected[64];
        snprintf(expected, sizeof expected, "EINVAL env %s", bad[i]);
        brood_spawn_options options = {.env = ARGV("A=1", bad[i], "worse")};
        cr_expect_str_eq(act_failure(options, ARGV("act:cwd")), expected);
    }
}

/* ---- the block by itself ------------------------------------------------------------------- */

/* Its entries with a bar behind each. */
static const char *block_of(const char *const *env)
{
    static char text[512];
    wchar_t *block = NULL;
    const char *bad = NULL;
    text[0] = '\0';
    cr_assert_eq(brood__environment_block(env, &block, &bad), 0);
    for (const wchar_t *at = block; *at != L'\0'; at += wcslen(at) + 1) {
        size_t used = strlen(text);
        WideCharToMultiByte(CP_UTF8, 0, at, -1, text + used, (int)(sizeof text - used - 1), NULL,
                            NULL);
        strcat(text, "|");
    }
    brood__free(block);
    return text;
}

Test(environment_windows, the_block_is_sorted_without_regard_to_case)
{
    cr_expect_str_eq(block_of(ARGV("b=1", "SYSTEMROOT=x", "A=2", "a_=3", "C=4", "AB=5", "aa=6")),
                     "A=2|aa=6|AB=5|a_=3|b=1|C=4|SYSTEMROOT=x|");
    cr_expect_str_eq(block_of(ARGV("x=1", "=C:=C:\\", "SystemRoot=r", "X=2", "=c:=other")),
                     "=C:=C:\\|SystemRoot=r|x=1|");
}

Test(environment_windows, the_block_has_SystemRoot)
{
    char expected[400];
    snprintf(expected, sizeof expected, "A=1|%s|z=2|", own_root());
    cr_expect_str_eq(block_of(ARGV("z=2", "A=1")), expected);
}

Test(environment_windows, a_name_ends_at_its_first_sign)
{
    cr_expect_str_eq(block_of(ARGV("systemroot=r", "A=2=3", "AA=1", "A==1")),
                     "A=2=3|AA=1|systemroot=r|");
}

Test(environment_windows, without_anything_the_block_is_two_ends)
{
    wchar_t root[MAX_PATH], *block = NULL;
    const char *bad = NULL;
    cr_assert_gt(GetEnvironmentVariableW(L"SystemRoot", root, MAX_PATH), 0);
    SetEnvironmentVariableW(L"SystemRoot", NULL);
    cr_expect_eq(brood__environment_block(ARGV(NULL), &block, &bad), 0);
    cr_expect(block[0] == L'\0' && block[1] == L'\0');
    brood__free(block);
    cr_expect_str_eq(block_of(ARGV("A=1")), "A=1|");
    SetEnvironmentVariableW(L"SystemRoot", root);
}

Test(environment_windows, without_memory_there_is_no_block)
{
    const char *const *env = ARGV("A=1", "b=2", "a=3");
    size_t nth = 0;
    bool failed = true;
    while (failed) {
        wchar_t *block = NULL;
        const char *bad = NULL;
        test_fail_allocation(++nth, false);
        int error = brood__environment_block(env, &block, &bad);
        failed = test_allocation_failed();
        test_fail_allocation(0, false);
        cr_expect_eq(error, failed ? BROOD_ENOMEM : 0);
        brood__free(block);
        cr_assert_lt(nth, 100);
    }
    cr_expect_geq(nth, 6);
}
