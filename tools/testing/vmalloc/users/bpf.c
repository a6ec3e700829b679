// SPDX-License-Identifier: GPL-2.0
/*
 * bpf programs N: load, run and drop N programs, some of them at once.
 * bpf arenas N: make, fill, read and drop N arenas.
 *
 * By the system call alone: no library stands between.
 */
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How many programs are loaded at once. */
#define BATCH		16
/* Length of a program: each has a good part of a page once compiled. */
#define INSNS		400
/* A frame to run programs on: the shortest that is taken. */
#define FRAME_BYTES	64

#define ARENA_MAP	33	/* BPF_MAP_TYPE_ARENA, since Linux 6.9 */
#define ARENA_PAGES	64
/* Nothing of this program's is there. */
#define ARENA_ADDRESS	(1UL << 44)

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* A program that returns @result, by way of INSNS - 2 additions of 1. */
static int load(uint32_t result)
{
	struct bpf_insn insns[INSNS] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K,
		  .imm = result - (INSNS - 2) },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (uintptr_t)insns,
		.insn_cnt = INSNS,
		.license = (uintptr_t)"GPL",
	};
	int i, fd;

	for (i = 1; i < INSNS - 1; i++) {
		insns[i].code = BPF_ALU64 | BPF_ADD | BPF_K;
		insns[i].imm = 1;
	}
	insns[i].code = BPF_JMP | BPF_EXIT;
	fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		die("BPF_PROG_LOAD");
	return fd;
}

static void run(int fd, uint32_t result)
{
	static char frame[FRAME_BYTES];
	union bpf_attr attr = {
		.test.prog_fd = fd,
		.test.data_in = (uintptr_t)frame,
		.test.data_size_in = sizeof(frame),
		.test.repeat = 1,
	};

	if (bpf(BPF_PROG_TEST_RUN, &attr))
		die("BPF_PROG_TEST_RUN");
	if (attr.test.retval != result) {
		fprintf(stderr, "a program returned %u, not %u\n",
			attr.test.retval, result);
		exit(1);
	}
}

static void programs(long nr)
{
	int fds[BATCH];
	long done, i, batch;

	for (done = 0; done < nr; done += batch) {
		batch = nr - done < BATCH ? nr - done : BATCH;
		for (i = 0; i < batch; i++)
			fds[i] = load(done + i + INSNS);
		for (i = 0; i < batch; i++) {
			run(fds[i], done + i + INSNS);
			close(fds[i]);
		}
	}
}

static void use_arena(long seed)
{
	const size_t page = sysconf(_SC_PAGESIZE), size = ARENA_PAGES * page;
	union bpf_attr attr = {
		.map_type = ARENA_MAP,
		.max_entries = ARENA_PAGES,
		.map_flags = BPF_F_MMAPABLE,
		.map_extra = ARENA_ADDRESS,
	};
	long *word;
	char *area;
	size_t i;
	int fd;

	fd = bpf(BPF_MAP_CREATE, &attr);
	if (fd < 0)
		die("BPF_MAP_CREATE");
	area = mmap((void *)ARENA_ADDRESS, size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
	if (area == MAP_FAILED)
		die("mmap");
	for (i = 0; i < ARENA_PAGES; i++) {
		word = (long *)(area + i * page);
		/* Pages are zeroed, whoever had them before. */
		if (*word) {
			fprintf(stderr, "page %zu of a new arena has %#lx\n",
				i, *word);
			exit(1);
		}
		*word = seed + i;
	}
	for (i = 0; i < ARENA_PAGES; i++) {
		word = (long *)(area + i * page);
		if (*word != (long)(seed + i)) {
			fprintf(stderr, "page %zu of an arena has %#lx\n", i,
				*word);
			exit(1);
		}
	}
	munmap(area, size);
	close(fd);
}

int main(int argc, char **argv)
{
	long nr = argc == 3 ? atol(argv[2]) : 0, i;

	if (nr > 0 && !strcmp(argv[1], "programs")) {
		programs(nr);
		return 0;
	}
	if (nr > 0 && !strcmp(argv[1], "arenas")) {
		for (i = 0; i < nr; i++)
			use_arena(1 + i * ARENA_PAGES);
		return 0;
	}
	fprintf(stderr, "usage: bpf programs|arenas N\n");
	return 2;
}
