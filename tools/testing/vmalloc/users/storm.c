// SPDX-License-Identifier: GPL-2.0
/*
 * storm THREADS PROCESSES ROUNDS: so many threads at once, then as many
 * processes, then both start and end as fast as they can; some rounds of it.
 * While all wait, VmallocUsed has to have grown by a stack for each.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of a task in the kernel, on x86_64 without KASAN. */
#define STACK_KB	16
#define CACHED_PER_CPU	2
/* Of a thread in user space: it only waits. */
#define USER_STACK	(64 << 10)
/* How many start and end one after the other, for each that waited. */
#define QUICK_ONES	2

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static long waiting;
static int may_end;
static long used_at_start_kb;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static long vmalloc_used_kb(void)
{
	FILE *info = fopen("/proc/meminfo", "re");
	char line[128];
	long kb = -1;

	while (info && fgets(line, sizeof(line), info)) {
		if (sscanf(line, "VmallocUsed: %ld", &kb) == 1)
			break;
	}
	if (!info || kb < 0)
		die("VmallocUsed");
	fclose(info);
	return kb;
}

/*
 * Do @nr tasks have their stacks? Those that were cached are not new: so many a
 * CPU.
 */
static void check_stacks(const char *what, long nr)
{
	long grown = vmalloc_used_kb() - used_at_start_kb;

	nr -= CACHED_PER_CPU * sysconf(_SC_NPROCESSORS_CONF);
	if (grown < nr * STACK_KB) {
		fprintf(stderr, "%ld %s have %ld kB of stacks\n", nr, what,
			grown);
		exit(1);
	}
}

static void *wait_for_end(void *arg)
{
	pthread_mutex_lock(&lock);
	waiting++;
	pthread_cond_broadcast(&changed);
	while (!may_end)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	return arg;
}

static void *end_at_once(void *arg)
{
	return arg;
}

static void start_thread(pthread_t *thread, void *(*fn)(void *))
{
	pthread_attr_t attr;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, USER_STACK);
	err = pthread_create(thread, &attr, fn, NULL);
	if (err) {
		fprintf(stderr, "pthread_create: %s\n", strerror(err));
		exit(1);
	}
	pthread_attr_destroy(&attr);
}

static void threads(long nr)
{
	pthread_t *thread = calloc(nr, sizeof(*thread)), quick;
	long i;

	if (!thread)
		die("calloc");
	waiting = 0;
	may_end = 0;
	for (i = 0; i < nr; i++)
		start_thread(&thread[i], wait_for_end);
	pthread_mutex_lock(&lock);
	while (waiting < nr)
		pthread_cond_wait(&changed, &lock);
	check_stacks("threads", nr);
	may_end = 1;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	for (i = 0; i < nr; i++)
		pthread_join(thread[i], NULL);
	free(thread);
	for (i = 0; i < QUICK_ONES * nr; i++) {
		start_thread(&quick, end_at_once);
		pthread_join(quick, NULL);
	}
}

static pid_t start_process(int ends)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	if (!ends)
		pause();
	_exit(0);
}

static void end_process(pid_t pid)
{
	if (waitpid(pid, NULL, 0) != pid)
		die("waitpid");
}

static void processes(long nr)
{
	pid_t *pid = calloc(nr, sizeof(*pid));
	long i;

	if (!pid)
		die("calloc");
	for (i = 0; i < nr; i++)
		pid[i] = start_process(0);
	check_stacks("processes", nr);
	for (i = 0; i < nr; i++)
		kill(pid[i], SIGKILL);
	for (i = 0; i < nr; i++)
		end_process(pid[i]);
	free(pid);
	for (i = 0; i < QUICK_ONES * nr; i++)
		end_process(start_process(1));
}

int main(int argc, char **argv)
{
	long nr[3], i;

	for (i = 0; i < 3; i++) {
		nr[i] = argc == 4 ? atol(argv[i + 1]) : 0;
		if (nr[i] <= 0) {
			fprintf(stderr, "usage: storm THREADS PROCESSES ROUNDS\n");
			return 2;
		}
	}
	/* Stacks of processes that have just ended are freed a little later. */
	sleep(1);
	used_at_start_kb = vmalloc_used_kb();
	for (i = 0; i < nr[2]; i++) {
		threads(nr[0]);
		processes(nr[1]);
	}
	return 0;
}
