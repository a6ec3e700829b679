// SPDX-License-Identifier: GPL-2.0-only
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core.h"

static int add_segment(struct core *core, const ElfW(Phdr) *phdr)
{
	struct segment *more;

	if (phdr->p_type != PT_LOAD)
		return 0;
	more = realloc(core->segments, (core->nr + 1) * sizeof(*more));
	if (!more)
		return -1;
	core->segments = more;
	more[core->nr++] = (struct segment) {
		.start = phdr->p_vaddr,
		.end = phdr->p_vaddr + phdr->p_memsz,
		.offset = phdr->p_offset,
	};
	return 0;
}

static int read_headers(struct core *core)
{
	ElfW(Ehdr) ehdr;
	ElfW(Phdr) phdr;
	int i;

	if (pread(core->fd, &ehdr, sizeof(ehdr), 0) != sizeof(ehdr) ||
	    memcmp(ehdr.e_ident, ELFMAG, SELFMAG) || ehdr.e_type != ET_CORE ||
	    ehdr.e_phentsize != sizeof(phdr)) {
		errno = EINVAL;
		return -1;
	}
	for (i = 0; i < ehdr.e_phnum; i++) {
		if (pread(core->fd, &phdr, sizeof(phdr), ehdr.e_phoff +
			  i * sizeof(phdr)) != sizeof(phdr)) {
			errno = EINVAL;
			return -1;
		}
		if (add_segment(core, &phdr))
			return -1;
	}
	return 0;
}

int core_open(struct core *core)
{
	memset(core, 0, sizeof(*core));
	core->fd = open(KCORE, O_RDONLY | O_CLOEXEC);
	if (core->fd < 0)
		return -1;
	if (read_headers(core)) {
		core_close(core);
		return -1;
	}
	return 0;
}

void core_close(struct core *core)
{
	free(core->segments);
	close(core->fd);
}

const struct segment *core_segment(const struct core *core, uint64_t addr)
{
	size_t i;

	for (i = 0; i < core->nr; i++) {
		if (addr >= core->segments[i].start &&
		    addr < core->segments[i].end)
			return &core->segments[i];
	}
	return NULL;
}

bool core_read(const struct core *core, uint64_t addr, void *buf, size_t len)
{
	const struct segment *segment = core_segment(core, addr);

	if (!segment || len > segment->end - addr) {
		errno = ERANGE;
		return false;
	}
	errno = 0;
	return pread(core->fd, buf, len, segment->offset + addr -
		     segment->start) == (ssize_t)len;
}

bool core_is_zero(const struct core *core, uint64_t addr, size_t len)
{
	static char buf[1 << 20], zeroes[1 << 20];
	size_t part;

	for (; len; addr += part, len -= part) {
		part = len < sizeof(buf) ? len : sizeof(buf);
		if (!core_read(core, addr, buf, part) ||
		    memcmp(buf, zeroes, part))
			return false;
	}
	return true;
}
