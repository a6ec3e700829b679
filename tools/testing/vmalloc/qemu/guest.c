// SPDX-License-Identifier: GPL-2.0
/*
 * What every part of the guest's init uses: what the host has asked for, on the
 * kernel command line, and the way of the answers to it.
 *
 * Whatever is for the host goes to the second serial port, a line at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "guest.h"

/*
 * Not from the device file system: the tiny kernel has none. The second serial
 * line, where "vmresults=MAJOR:MINOR" does not say otherwise.
 */
#define RESULTS_DEVICE	"/results"
#define RESULTS_NUMBERS	"4:65"

static int results_fd = -1;

static void send_line(const char *text)
{
	printf("%s\n", text);
	if (results_fd >= 0)
		dprintf(results_fd, "%s\n", text);
}

/* Write a line for the host. */
void out(const char *fmt, ...)
{
	char line[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	send_line(line);
}

/* Write why something failed; always returns -1. */
int fail(const char *fmt, ...)
{
	char line[512] = "error: ";
	va_list args;

	va_start(args, fmt);
	vsnprintf(line + 7, sizeof(line) - 7, fmt, args);
	va_end(args);
	send_line(line);
	return -1;
}

/* What NAME= on the kernel command line says. */
const char *option(const char *name, const char *fallback)
{
	const char *value = getenv(name);

	return value && *value ? value : fallback;
}

/* Before this, lines go to the console alone. Returns -1 and sets errno. */
int results_open(void)
{
	unsigned int major, minor;
	struct termios tio;

	if (sscanf(option("vmresults", RESULTS_NUMBERS), "%u:%u", &major,
		   &minor) != 2) {
		errno = EINVAL;
		return -1;
	}
	if (mknod(RESULTS_DEVICE, S_IFCHR | 0600, makedev(major, minor)) &&
	    errno != EEXIST)
		return -1;
	results_fd = open(RESULTS_DEVICE, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (results_fd < 0)
		return -1;
	/* Raw: no carriage returns between here and the host's file. */
	if (!tcgetattr(results_fd, &tio)) {
		cfmakeraw(&tio);
		tcsetattr(results_fd, TCSANOW, &tio);
	}
	return 0;
}

/* Wait until the host has all lines. */
void results_flush(void)
{
	if (results_fd >= 0)
		tcdrain(results_fd);
}
