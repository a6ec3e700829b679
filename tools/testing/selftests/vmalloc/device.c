// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../kselftest.h"
#include "device.h"

/* Somebody may still look at a module that is to go, as udev does. */
#define UNLOAD_TRIES	50

int device_error;

int module_load(const char *name)
{
	char path[128];
	int fd, err = 0;

	snprintf(path, sizeof(path), "test_modules/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (syscall(SYS_finit_module, fd, "", 0))
		err = errno;
	close(fd);
	return err;
}

int module_unload(const char *name)
{
	int tries;

	for (tries = 0; tries < UNLOAD_TRIES; tries++) {
		if (!syscall(SYS_delete_module, name, O_NONBLOCK))
			return 0;
		if (errno != EAGAIN && errno != EBUSY)
			break;
		usleep(20000);
	}
	return errno;
}

static void device_unload(void)
{
	module_unload(KSFT_VMALLOC_NAME);
}

void device_load(void)
{
	device_error = module_load(KSFT_VMALLOC_NAME);
	if (!device_error)
		atexit(device_unload);
}

void need_device(void)
{
	device_load();
	if (device_error)
		ksft_exit_skip("test_modules/%s.ko: %s\n", KSFT_VMALLOC_NAME,
			       strerror(device_error));
}

int device_open(void)
{
	return open("/dev/" KSFT_VMALLOC_NAME, O_RDWR | O_CLOEXEC);
}

uint64_t device_alloc(int fd, enum ksft_vmalloc_kind kind, unsigned int pages,
		      uint32_t seed)
{
	struct ksft_vmalloc_area area = {
		.kind = kind,
		.pages = pages,
		.seed = seed,
	};

	return ioctl(fd, KSFT_ALLOC, &area) ? 0 : area.addr;
}

int device_free(int fd, uint64_t addr)
{
	return ioctl(fd, KSFT_FREE, &addr) ? errno : 0;
}

int device_churn(int fd, unsigned int times, unsigned int pages,
		 uint32_t seed)
{
	struct ksft_vmalloc_churn churn = {
		.times = times,
		.pages = pages,
		.seed = seed,
	};

	return ioctl(fd, KSFT_CHURN, &churn) ? errno : 0;
}

static int device_access(int fd, unsigned long cmd,
			 struct ksft_vmalloc_access *access)
{
	return ioctl(fd, cmd, access) ? errno : -access->error;
}

int device_peek(int fd, unsigned int cpu, uint64_t addr, uint64_t *word)
{
	struct ksft_vmalloc_access access = { .addr = addr, .cpu = cpu };
	int err = device_access(fd, KSFT_PEEK, &access);

	*word = access.word;
	return err;
}

int device_peek_all(int fd, uint64_t addr, int err, uint64_t word, int *cpu)
{
	int nr = sysconf(_SC_NPROCESSORS_CONF), i, got, bad = 0, asked = 0;
	uint64_t found;

	for (i = 0; i < nr; i++) {
		got = device_peek(fd, i, addr, &found);
		if (got == ENXIO || got == EINVAL)
			continue;	/* offline, or not a CPU at all */
		asked++;
		if (got == err && (err || found == word))
			continue;
		if (!bad++)
			*cpu = i;
	}
	return asked ? bad : -1;
}

int device_poke(int fd, unsigned int cpu, uint64_t addr, uint64_t word)
{
	struct ksft_vmalloc_access access = {
		.addr = addr, .cpu = cpu, .word = word,
	};

	return device_access(fd, KSFT_POKE, &access);
}
