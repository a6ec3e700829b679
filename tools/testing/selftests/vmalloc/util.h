/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small files of the kernel's, and children without privileges.
 */
#ifndef _SELFTESTS_VMALLOC_UTIL_H
#define _SELFTESTS_VMALLOC_UTIL_H

#include <stdbool.h>
#include <stddef.h>

#define KPTR_RESTRICT	"/proc/sys/kernel/kptr_restrict"

/* Stops the whole of a test that only root can do. */
void need_root(void);

/* Is this mm/vmalloc/, and not mm/vmalloc.c? Only that has the sysctls. */
bool is_ordered(void);

/*
 * Have the kernel show root true addresses, until exit; stops the whole of the
 * test if it cannot be made to. At a kptr_restrict of 0 it shows hashes of them.
 */
void need_addresses(void);
int set_kptr_restrict(int value);

/* All that can be read from @fd, as a string to free; NULL and errno if not. */
char *fd_read(int fd);
char *file_read(const char *path);

/* One write() of @len bytes: 0, or the errno; a short one is EIO. */
int file_write(const char *path, const char *text, size_t len);

/* The number that follows @name in the file; -1 if there is none. */
long file_number(const char *path, const char *name);

/* Whoever wakes up comes first from now on: the caller is preempted anywhere. */
int run_idle(void);

/*
 * Runs @fn in a child that is nobody: no user, no group, no capability.
 * Returns what @fn does, from 0 to 127, or -1.
 */
int as_nobody(int (*fn)(void *arg), void *arg);

/* For as_nobody(): may the file @path be opened with @flags? 0, or the errno. */
struct opening {
	const char *path;
	int flags;
};
int try_open(void *opening);

#endif /* _SELFTESTS_VMALLOC_UTIL_H */
