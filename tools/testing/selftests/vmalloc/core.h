/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /proc/kcore: kernel memory by its virtual address, as the ELF headers say
 * where in the file it is.
 */
#ifndef _SELFTESTS_VMALLOC_CORE_H
#define _SELFTESTS_VMALLOC_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KCORE		"/proc/kcore"

struct segment {
	uint64_t start;
	uint64_t end;
	uint64_t offset;
};

struct core {
	int fd;
	size_t nr;
	struct segment *segments;
};

/* Returns 0, or -1 and errno; EINVAL if it is no ELF core file. */
int core_open(struct core *core);
void core_close(struct core *core);
const struct segment *core_segment(const struct core *core, uint64_t addr);

/* Returns true if all of [@addr, @addr + @len) was read, in one go. */
bool core_read(const struct core *core, uint64_t addr, void *buf, size_t len);

/* Is all of it read, and zero? @len of any size. */
bool core_is_zero(const struct core *core, uint64_t addr, size_t len);

#endif /* _SELFTESTS_VMALLOC_CORE_H */
