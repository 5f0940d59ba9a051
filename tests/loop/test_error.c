/* Names and messages of the codes. */
#include "support.h"

SUITE(error);

static const struct {
    int value;
    const char *name, *text;
} listed[] = {
#define LISTED(name, value, text) {BROOD_##name, #name, text},
    BROOD_ERRORS(LISTED)
#undef LISTED
};

enum { COUNT = sizeof listed / sizeof *listed };

Test(error, every_code_has_its_name_and_message)
{
    for (size_t i = 0; i < COUNT; i++) {
        cr_expect_str_eq(brood_errname(listed[i].value), listed[i].name);
        cr_expect_str_eq(brood_strerror(listed[i].value), listed[i].text);
    }
}

Test(error, codes_are_negative_and_differ)
{
    for (size_t i = 0; i < COUNT; i++) {
        cr_expect_lt(listed[i].value, 0, "%s", listed[i].name);
        for (size_t j = i + 1; j < COUNT; j++)
            cr_expect_neq(listed[i].value, listed[j].value, "%s and %s", listed[i].name,
                          listed[j].name);
    }
}

Test(error, the_systems_errors_keep_their_numbers)
{
    cr_expect_eq(BROOD_ENOENT, -ENOENT);
    cr_expect_eq(BROOD_ETIMEDOUT, -ETIMEDOUT);
    cr_expect_str_eq(brood_errname(-EMFILE), "EMFILE");
    cr_expect_lt(BROOD_EOF, -4000, "not an errno of any system");
}

Test(error, zero_is_no_error)
{
    cr_expect_eq(BROOD_OK, 0);
    cr_expect_str_eq(brood_errname(0), "OK");
    cr_expect_str_eq(brood_strerror(0), "no error");
}

Test(error, unknown_codes_have_a_text_too)
{
    const int unknown[] = {1, ENOENT, -1000000, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        cr_expect_str_eq(brood_errname(unknown[i]), "EUNKNOWN");
        cr_expect_str_eq(brood_strerror(unknown[i]), "unknown error");
    }
}
