// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest.h"
#include "util.h"

#define NOBODY	65534

char *fd_read(int fd)
{
	size_t size = 1 << 16, len = 0;
	char *text = malloc(size), *more;
	ssize_t got;

	while (text) {
		got = read(fd, text + len, size - len - 1);
		if (got < 0) {
			free(text);
			return NULL;
		}
		len += got;
		text[len] = '\0';
		if (!got)
			break;
		if (size - len > size / 2)
			continue;
		size *= 2;
		more = realloc(text, size);
		if (!more)
			free(text);
		text = more;
	}
	return text;
}

char *file_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text;

	if (fd < 0)
		return NULL;
	text = fd_read(fd);
	close(fd);
	return text;
}

int file_write(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;
	ssize_t put;

	if (fd < 0)
		return errno;
	put = write(fd, text, len);
	if (put < 0)
		err = errno;
	else if ((size_t)put != len)
		err = EIO;
	close(fd);
	return err;
}

long file_number(const char *path, const char *name)
{
	char *text = file_read(path), *at, *end;
	long number = -1;

	at = text ? strstr(text, name) : NULL;
	if (at) {
		at += strlen(name);
		number = strtol(at, &end, 10);
		if (end == at)
			number = -1;
	}
	free(text);
	return number;
}

void need_root(void)
{
	if (geteuid())
		ksft_exit_skip("only root can do this\n");
}

bool is_ordered(void)
{
	return !access("/proc/sys/vm/vmap_drain_batch", F_OK);
}

int set_kptr_restrict(int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", value);
	return file_write(KPTR_RESTRICT, text, strlen(text));
}

static long old_kptr_restrict;

static void restore_kptr_restrict(void)
{
	set_kptr_restrict(old_kptr_restrict);
}

void need_addresses(void)
{
	old_kptr_restrict = file_number(KPTR_RESTRICT, "");
	if (old_kptr_restrict < 0 || set_kptr_restrict(1))
		ksft_exit_skip("%s cannot be set\n", KPTR_RESTRICT);
	atexit(restore_kptr_restrict);
}

int run_idle(void)
{
	struct sched_param param = { .sched_priority = 0 };

	return sched_setscheduler(0, SCHED_IDLE, &param);
}

int as_nobody(int (*fn)(void *arg), void *arg)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
			_exit(255);
		_exit(fn(arg));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) > 127)
		return -1;
	return WEXITSTATUS(status);
}

int try_open(void *opening)
{
	const struct opening *how = opening;
	int fd = open(how->path, how->flags | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}
