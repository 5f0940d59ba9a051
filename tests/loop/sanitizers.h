/* Which sanitizer the suite has been built with: for what one of them makes
 * impossible or slow. */
#ifndef BROOD_TEST_SANITIZERS_H
#define BROOD_TEST_SANITIZERS_H

#if defined(__has_feature)
#define TEST_HAS(feature) __has_feature(feature)
#else
#define TEST_HAS(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || TEST_HAS(address_sanitizer)
enum { UNDER_ASAN = 1 };
#else
enum { UNDER_ASAN = 0 };
#endif

#if defined(__SANITIZE_THREAD__) || TEST_HAS(thread_sanitizer)
enum { UNDER_TSAN = 1 };
#else
enum { UNDER_TSAN = 0 };
#endif

#endif
