/* SPDX-License-Identifier: MIT */
#include "bench/process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The child has said what went wrong. */
enum { EXIT_TOLD = 3 };

static const char *process_name = "engine";

void
process_fail(const char *reason)
{
	figure_print_failure(process_name, reason);
	_exit(EXIT_TOLD);
}

bool
process_run(const char *name, unsigned seconds_max,
	    void (*work)(void *context), void *context)
{
	const char *only = getenv("BENCH_ONLY");
	char reason[80];
	int status = 0;
	pid_t pid;

	/* For whoever looks into one of them. */
	if (only && !strstr(name, only))
		return true;
	process_name = name;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(seconds_max);
		work(context);
		fflush(stdout);
		_exit(EXIT_SUCCESS);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		figure_print_failure(name, "no process");
		figure_note_failure();
		return false;
	}
	if (WIFSIGNALED(status)) {
		snprintf(reason, sizeof(reason), "ended by signal %d (%s)",
			 WTERMSIG(status),
			 WTERMSIG(status) == SIGALRM ? "too slow"
						     : "a mistake");
		figure_print_failure(name, reason);
	} else if (status != 0 && WEXITSTATUS(status) != EXIT_TOLD) {
		figure_print_failure(name, "the process gave up");
	}
	if (status != 0)
		figure_note_failure();
	return status == 0;
}

void *
process_share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		exit(EXIT_FAILURE);
	return memory;
}

/* The number behind "${name}:" in a file of lines. */
static uint64_t
look_up(const char *path, const char *name)
{
	FILE *file = fopen(path, "r");
	size_t size = strlen(name);
	uint64_t value = 0;
	char line[256];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, name, size) == 0 && line[size] == ':')
			value = strtoull(line + size + 1, NULL, 10);
	}
	fclose(file);
	return value;
}

uint64_t
process_device_bytes_written(void)
{
	return look_up("/proc/self/io", "write_bytes");
}

uint64_t
process_device_bytes_read(void)
{
	return look_up("/proc/self/io", "read_bytes");
}

double
process_cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

uint64_t
process_resident_bytes(void)
{
	return look_up("/proc/self/status", "VmRSS") * 1024;
}

uint64_t
process_resident_bytes_max(void)
{
	return look_up("/proc/self/status", "VmHWM") * 1024;
}
