// SPDX-License-Identifier: GPL-2.0
/*
 * The I/O space of a PCI bus, which its host maps by vmap_page_range() where no
 * area is, and unmaps by vunmap_range(). The host is taken from its driver and
 * given back, again and again: the bus must vanish and come back, and a port of
 * QEMU's test device, read through the mapping, answer as that device does.
 *
 * An entry that stayed mapped makes the next bind do without ports. The host's
 * configuration space is an area, by ioremap(): it must come and go, too.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"

#define DRIVER		"/sys/bus/platform/drivers/pci-host-generic"
#define HOST_SUFFIX	".pcie"
#define DEVICES		"/sys/bus/pci/devices"
#define ROUNDS		20

/* QEMU's pci-testdev. The ports of BAR 1 show a test's header, then its name. */
#define TESTDEV_VENDOR	"0x1b36"
#define TESTDEV_DEVICE	"0x0005"
#define TESTDEV_BAR	"resource1"
#define TESTDEV_SELECT	0
#define TESTDEV_NAME	16
/* What the name begins with at ports; at memory it is "mmio-". */
#define TESTDEV_ANSWER	"portio-"

/* The names of two entries in sysfs. */
static char host[64], testdev[64];
/* How vmallocinfo shows the host's configuration space. */
static char config_area[64];

/* Does the file say @text first? */
static bool begins(const char *path, const char *text)
{
	char *found = read_file(path);
	bool same = found && !strncmp(found, text, strlen(text));

	free(found);
	return same;
}

static bool says(const char *path, const char *text)
{
	char *found = read_file(path);
	bool there = found && strstr(found, text);

	free(found);
	return there;
}

static bool is_host(const char *name)
{
	size_t len = strlen(name), suffix = strlen(HOST_SUFFIX);

	return len > suffix && !strcmp(name + len - suffix, HOST_SUFFIX);
}

static bool is_testdev(const char *name)
{
	char vendor[512], device[512];

	snprintf(vendor, sizeof(vendor), DEVICES "/%s/vendor", name);
	snprintf(device, sizeof(device), DEVICES "/%s/device", name);
	return begins(vendor, TESTDEV_VENDOR) && begins(device, TESTDEV_DEVICE);
}

/*
 * How many entries a directory has that are no dot files, or -1. The name of
 * the last one that is @wanted goes to @found, of 64 bytes; none leaves it "".
 */
static int scan(const char *path, bool (*wanted)(const char *), char *found)
{
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	*found = '\0';
	dir = opendir(path);
	if (!dir)
		return fail("%s: %m", path);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		count++;
		if (wanted(entry->d_name))
			snprintf(found, 64, "%.63s", entry->d_name);
	}
	closedir(dir);
	return count;
}

static int enable_ports(const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), DEVICES "/%s/enable", testdev);
	return write_file(path, value);
}

/* Choose the device's first test, and read what it is called. */
static int ask_ports(void)
{
	char path[128], name[sizeof(TESTDEV_ANSWER)] = "", zero = 0;
	size_t i;
	int fd;

	snprintf(path, sizeof(path), DEVICES "/%s/" TESTDEV_BAR, testdev);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fail("%s: %m", path);
	if (pwrite(fd, &zero, 1, TESTDEV_SELECT) != 1) {
		close(fd);
		return fail("write %s: %m", path);
	}
	/* As ports are: one at a time. */
	for (i = 0; i < strlen(TESTDEV_ANSWER); i++) {
		if (pread(fd, name + i, 1, TESTDEV_NAME + i) != 1)
			break;
	}
	close(fd);
	if (strcmp(name, TESTDEV_ANSWER))
		return fail("the ports of %s say '%s', not '%s'", testdev,
			    name, TESTDEV_ANSWER);
	return 0;
}

/* With a host there are @devices, unless that is 0. Returns how many. */
static int expect_bound(int devices)
{
	int count = scan(DEVICES, is_testdev, testdev);

	if (count < 0)
		return -1;
	if (!*testdev || (devices && count != devices))
		return fail("%d PCI devices, test device '%s'", count, testdev);
	if (!says("/proc/vmallocinfo", config_area))
		return fail("no area with%s in vmallocinfo", config_area);
	if (!says("/proc/ioports", testdev))
		return fail("%s has no ports", testdev);
	if (enable_ports("1") || ask_ports() || enable_ports("0"))
		return -1;
	return count;
}

static int expect_unbound(void)
{
	char none[64];
	int count = scan(DEVICES, is_testdev, none);

	if (count)
		return count < 0 ? -1 : fail("%d PCI devices without a host",
					     count);
	if (says("/proc/ioports", testdev))
		return fail("%s has ports without a host", testdev);
	if (says("/proc/vmallocinfo", config_area))
		return fail("the area with%s stays behind", config_area);
	return 0;
}

int scenario_iospace(void)
{
	int devices, round;

	if (scan(DRIVER, is_host, host) < 0)
		return -1;
	if (!*host)
		return fail("no host in " DRIVER);
	/* It is called after where that space is. */
	snprintf(config_area, sizeof(config_area), " phys=%#018llx ioremap",
		 strtoull(host, NULL, 16));
	devices = expect_bound(0);
	if (devices < 0)
		return -1;
	for (round = 0; round < ROUNDS; round++) {
		if (write_file(DRIVER "/unbind", host) || expect_unbound() ||
		    write_file(DRIVER "/bind", host) ||
		    expect_bound(devices) < 0)
			return fail("round %d of %d", round, ROUNDS);
	}
	out("iospace rounds %d devices %d", ROUNDS, devices);
	return 0;
}
