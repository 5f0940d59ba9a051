/* What test_begin and test_end need of the system, besides what support.h tells all. */
#ifndef BROOD_TEST_SUPPORT_SYSTEM_H
#define BROOD_TEST_SUPPORT_SYSTEM_H

/* Before the first count: what the system makes at its first use, and keeps, is made. */
void test_system_prepare(void);

/* Before the last count: a moment for what has ended but has not yet gone, until the
 * counts are no longer above these. */
void test_system_settle(int descriptors, int threads);

/* Unix: a thread that has been joined may be listed for a moment longer; and what the
 * system adds with the first thread is there from now on. */
void test_threads_settle(void);

#endif
