/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What cases of several tests begin with, where @self is their fixture. After
 * ../kselftest_harness.h, whose macros are these macros' parts.
 */
#ifndef _SELFTESTS_VMALLOC_CASES_H
#define _SELFTESTS_VMALLOC_CASES_H

#include "areas.h"
#include "device.h"

/* @self->fd is the device, or less than 0 if its module could not be loaded. */
#define NEED_DEVICE(self) do { \
	if ((self)->fd < 0) \
		SKIP(return, "test_modules/" KSFT_VMALLOC_NAME ".ko: %s", \
		     strerror(device_error)); \
} while (0)

/* Reads vmallocinfo into @self->areas, in place of what was there. */
#define READ_AREAS(self) do { \
	areas_free(&(self)->areas); \
	ASSERT_EQ(0, areas_read(&(self)->areas)) \
		TH_LOG("%s", (self)->areas.wrong); \
} while (0)

#endif /* _SELFTESTS_VMALLOC_CASES_H */
