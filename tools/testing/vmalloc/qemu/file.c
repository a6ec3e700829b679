// SPDX-License-Identifier: GPL-2.0
/*
 * Reading and writing the small files a kernel shows, and its modules.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest.h"

bool exists(const char *path)
{
	return !access(path, F_OK);
}

/* The whole of a file of unknown size, as a string to free, or NULL. */
char *read_file(const char *path)
{
	size_t size = 1 << 16, len = 0;
	char *text, *more;
	ssize_t got;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	text = malloc(size);
	while (text) {
		got = read(fd, text + len, size - len - 1);
		if (got <= 0)
			break;
		len += got;
		if (size - len > 1 << 15)
			continue;
		size *= 2;
		more = realloc(text, size);
		if (!more)
			free(text);
		text = more;
	}
	close(fd);
	if (text)
		text[len] = '\0';
	return text;
}

/* The number a file begins with, or -1. */
long read_long(const char *path)
{
	char *text = read_file(path), *end;
	long value = -1;

	if (text) {
		value = strtol(text, &end, 10);
		if (end == text)
			value = -1;
	}
	free(text);
	return value;
}

/* The number behind "@name " at the start of a line, or -1. */
long read_count(const char *path, const char *name)
{
	char *text = read_file(path), *line;
	size_t len = strlen(name);
	long value = -1;

	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, len) && line[len] == ' ') {
			value = atol(line + len);
			break;
		}
	}
	free(text);
	return value;
}

/*
 * Write @text in one go, as the files of sysfs and debugfs want it. Any error but
 * @expected is one.
 */
int write_expecting(const char *path, const char *text, int expected)
{
	ssize_t len = strlen(text), done;
	int fd, err = 0;

	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return fail("%s: %m", path);
	done = write(fd, text, len);
	if (done != len && (done >= 0 || errno != expected))
		err = fail("'%s' to %s: %m", text, path);
	close(fd);
	return err;
}

int write_file(const char *path, const char *text)
{
	return write_expecting(path, text, 0);
}

/* Insert /NAME.ko; returns 0 or an errno, and says nothing. */
int load_module(const char *name, const char *args)
{
	char path[128];
	int fd, err = 0;

	snprintf(path, sizeof(path), "/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (syscall(SYS_finit_module, fd, args, 0))
		err = errno;
	close(fd);
	return err;
}

int unload_module(const char *name)
{
	if (syscall(SYS_delete_module, name, O_NONBLOCK))
		return fail("unload %s: %m", name);
	return 0;
}
