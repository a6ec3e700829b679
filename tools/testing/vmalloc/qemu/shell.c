// SPDX-License-Identifier: GPL-2.0
/*
 * The interactive shell of a guest: busybox where the initramfs has one, and
 * otherwise, as in a 32-bit guest, a few commands of our own.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "guest.h"

static const char help[] =
	"  cat FILE...              show files\n"
	"  echo WORDS > FILE        write a line into a file\n"
	"  ls [DIR]                 list a directory\n"
	"  insmod NAME [ARG=VALUE]  load /NAME.ko\n"
	"  rmmod NAME               unload it\n"
	"  exit                     end the guest\n";

/* Become a session with the console as its terminal, and run busybox. */
static int run_busybox(void)
{
	char *const argv[] = { "sh", "-l", NULL };
	char *const envp[] = {
		"HOME=/", "PATH=/bin", "TERM=linux", "PS1=guest# ", NULL
	};
	int status = 0, fd;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		return fail("fork: %m");
	if (!pid) {
		setsid();
		fd = open(CONSOLE_DEVICE, O_RDWR);
		if (fd < 0)
			_exit(127);
		ioctl(fd, TIOCSCTTY, 1);
		dup2(fd, 0);
		dup2(fd, 1);
		dup2(fd, 2);
		execve("/bin/busybox", argv, envp);
		_exit(127);
	}
	/* PID 1 also inherits every orphan of the shell. */
	while (wait(&status) != pid)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 127 ?
	       fail("busybox does not run on " CONSOLE_DEVICE) : 0;
}

static void list_dir(const char *path)
{
	struct dirent *entry;
	DIR *dir = opendir(path);

	if (!dir) {
		printf("%s: %s\n", path, strerror(errno));
		return;
	}
	while ((entry = readdir(dir)))
		printf("%s\n", entry->d_name);
	closedir(dir);
}

static void show_file(const char *path)
{
	char *text = read_file(path);

	if (text)
		printf("%s", text);
	else
		printf("%s: %s\n", path, strerror(errno));
	free(text);
}

/* "WORDS > FILE": newline and all, as echo would write it. */
static void write_line(char *words)
{
	char line[512], *file = strrchr(words, '>'), *end;

	if (!file) {
		printf("%s\n", words);
		return;
	}
	for (end = file; end > words && end[-1] == ' '; end--)
		;
	*end = '\0';
	file += 1 + strspn(file + 1, " ");
	snprintf(line, sizeof(line), "%s\n", words);
	write_file(file, line);
}

static void insert_module(char *args)
{
	char *name = strsep(&args, " ");
	int err = load_module(name, args ? args : "");

	if (err)
		printf("%s: %s\n", name, strerror(err));
}

/* Returns false for the command that ends the shell. */
static bool run_line(char *line)
{
	char *args = line, *command = strsep(&args, " "), *file;

	if (!args)
		args = "";
	if (!strcmp(command, "exit"))
		return false;
	if (!strcmp(command, "cat")) {
		while ((file = strsep(&args, " ")))
			show_file(file);
	} else if (!strcmp(command, "echo")) {
		write_line(args);
	} else if (!strcmp(command, "ls")) {
		list_dir(*args ? args : "/");
	} else if (!strcmp(command, "insmod")) {
		insert_module(args);
	} else if (!strcmp(command, "rmmod")) {
		unload_module(args);
	} else if (*command) {
		printf("%s", help);
	}
	return true;
}

int scenario_shell(void)
{
	char line[512];

	if (exists("/bin/busybox"))
		return run_busybox();

	printf("A shell of few commands:\n%s", help);
	for (;;) {
		printf("guest# ");
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			return 0;
		line[strcspn(line, "\r\n")] = '\0';
		if (!run_line(line))
			return 0;
	}
}
