/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_scheduler: stands for cupsd at the outer edge.  A program's own
 * cupsDoRequest() and its like win over libcups's, so no scheduler is asked:
 * the answer to Get-Job-Attributes is what the test says.
 */
#ifndef TESTS_FAKE_SCHEDULER_H
#define TESTS_FAKE_SCHEDULER_H

#include <stdint.h>

#include <cups/cups.h>

/* NULL from it: the scheduler gives no answer. */
typedef ipp_t *fake_answer(void *context);

/* Before the first scheduler_job().  `answer` NULL: there is no scheduler. */
void fake_scheduler(fake_answer *answer, void *context);

/* As cupsd answers of job `id`, printing on `queue` for user "me". */
ipp_t *fake_printing_job(const char *queue, uint32_t id);

#endif
