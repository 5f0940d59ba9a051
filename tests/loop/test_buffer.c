/* brood_buffer. */
#include "support.h"

SUITE(buffer);

Test(buffer, grows_and_ends_with_a_nul)
{
    brood_buffer buffer = {0};
    for (size_t i = 0; i < 5000; i++) {
        cr_assert_eq(brood_buffer_append(&buffer, &(char){(char)('a' + i % 26)}, 1), 0);
        cr_assert_eq(buffer.len, i + 1);
        cr_assert_lt(buffer.len, buffer.cap);
        cr_assert_eq(buffer.data[buffer.len], '\0');
    }
    for (size_t i = 0; i < 5000; i++)
        cr_assert_eq(buffer.data[i], (char)('a' + i % 26));
    brood_buffer_free(&buffer);
}

Test(buffer, takes_more_than_it_had_doubled)
{
    static char block[100000];
    brood_buffer buffer = {0};
    memset(block, 'x', sizeof block);
    cr_assert_eq(brood_buffer_append(&buffer, "ab", 2), 0);
    cr_assert_eq(brood_buffer_append(&buffer, block, sizeof block), 0);
    cr_assert_eq(buffer.len, sizeof block + 2);
    cr_assert_arr_eq(buffer.data, "abxx", 4);
    cr_assert_eq(strlen(buffer.data), buffer.len);
    brood_buffer_free(&buffer);
}

Test(buffer, nothing_appended_is_an_empty_string)
{
    brood_buffer buffer = {0};
    cr_assert_eq(brood_buffer_append(&buffer, NULL, 0), 0);
    cr_assert_eq(buffer.len, 0);
    cr_assert_str_eq(buffer.data, "");
    cr_assert_eq(brood_buffer_append(&buffer, "", 0), 0);
    cr_assert_str_eq(buffer.data, "");
    brood_buffer_free(&buffer);
}

Test(buffer, zero_bytes_are_bytes)
{
    brood_buffer buffer = {0};
    cr_assert_eq(brood_buffer_append(&buffer, "a\0b", 3), 0);
    cr_assert_eq(buffer.len, 3);
    cr_assert_arr_eq(buffer.data, "a\0b", 4);
    brood_buffer_free(&buffer);
}

Test(buffer, is_usable_again_after_free)
{
    brood_buffer buffer = {0};
    cr_assert_eq(brood_buffer_append(&buffer, "one", 3), 0);
    brood_buffer_free(&buffer);
    cr_assert_null(buffer.data);
    cr_assert_eq(buffer.len, 0);
    cr_assert_eq(buffer.cap, 0);
    cr_assert_eq(brood_buffer_append(&buffer, "two", 3), 0);
    cr_assert_str_eq(buffer.data, "two");
    brood_buffer_free(&buffer);
    brood_buffer_free(&buffer);
    brood_buffer_free(NULL);
}

Test(buffer, wrong_arguments_are_refused)
{
    brood_buffer buffer = {0};
    cr_assert_eq(brood_buffer_append(NULL, "a", 1), BROOD_EINVAL);
    cr_assert_eq(brood_buffer_append(&buffer, NULL, 1), BROOD_EINVAL);
    cr_assert_null(buffer.data);
}

Test(buffer, keeps_what_it_had_when_there_is_no_memory)
{
    static char block[1000];
    brood_buffer buffer = {0};
    test_fail_allocation(1, false);
    cr_assert_eq(brood_buffer_append(&buffer, "abc", 3), BROOD_ENOMEM);
    cr_assert_null(buffer.data);

    cr_assert_eq(brood_buffer_append(&buffer, "abc", 3), 0);
    brood_buffer before = buffer;
    test_fail_allocation(1, false);
    cr_assert_eq(brood_buffer_append(&buffer, block, sizeof block), BROOD_ENOMEM);
    cr_assert_eq(buffer.data, before.data);
    cr_assert_eq(buffer.len, 3);
    cr_assert_eq(buffer.cap, before.cap);
    cr_assert_str_eq(buffer.data, "abc");
    brood_buffer_free(&buffer);
}

Test(buffer, an_impossible_length_is_out_of_memory)
{
    brood_buffer buffer = {0};
    cr_assert_eq(brood_buffer_append(&buffer, "abc", 3), 0);
    const size_t lengths[] = {SIZE_MAX, SIZE_MAX - 3, SIZE_MAX / 2, SIZE_MAX / 2 - 3};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        cr_assert_eq(brood_buffer_append(&buffer, "x", lengths[i]), BROOD_ENOMEM);
    cr_assert_str_eq(buffer.data, "abc");
    brood_buffer_free(&buffer);
}
