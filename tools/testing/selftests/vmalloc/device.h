/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module of test_modules/, and the other ones there.
 */
#ifndef _SELFTESTS_VMALLOC_DEVICE_H
#define _SELFTESTS_VMALLOC_DEVICE_H

#include <stdint.h>

#include "test_modules/ksft_vmalloc.h"

/* Of device_load(): 0, or the errno. */
extern int device_error;

/* The module is unloaded at exit. */
void device_load(void);

/* Stops the whole of a test that can do nothing without the module. */
void need_device(void);

/* A descriptor of the device, or -1 and errno. */
int device_open(void);

/* The address, or 0. */
uint64_t device_alloc(int fd, enum ksft_vmalloc_kind kind, unsigned int pages,
		      uint32_t seed);
int device_free(int fd, uint64_t addr);

/* 0, or the errno: areas of up to @pages pages come and go so many @times. */
int device_churn(int fd, unsigned int times, unsigned int pages,
		 uint32_t seed);

/* 0, or the errno: EFAULT if the access faulted. */
int device_peek(int fd, unsigned int cpu, uint64_t addr, uint64_t *word);
int device_poke(int fd, unsigned int cpu, uint64_t addr, uint64_t word);

/*
 * Has each CPU that is online read the word at @addr. Returns how many of them
 * have not got @err, or for an @err of 0 not @word; the first such one goes to
 * @cpu. Less than 0: there was none to ask.
 */
int device_peek_all(int fd, uint64_t addr, int err, uint64_t word, int *cpu);

/* Load test_modules/NAME.ko, and unload it: 0, or the errno. */
int module_load(const char *name);
int module_unload(const char *name);

#endif /* _SELFTESTS_VMALLOC_DEVICE_H */
