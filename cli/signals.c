/* SPDX-License-Identifier: MIT */
#include "cli/signals.h"

#include "base/compiler.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* After so many Ctrl-C that nobody looked at, the next one ends the process:
 * something is stuck. */
enum { INTERRUPTS_MAX = 3 };

/* Signal handlers get no context, so this is the program's only state that
 * isn't passed around. */
static volatile sig_atomic_t interrupt_count;
static volatile sig_atomic_t termination;
static volatile sig_atomic_t is_resized;
static volatile sig_atomic_t is_continued;
static logstor_database *volatile watched;
static int wake_pipe[2] = { -1, -1 };

static void
wake(void)
{
	ssize_t size = write(wake_pipe[1], "", 1);

	(void)size; /* a full pipe wakes as well */
}

static void
stop_statement(void)
{
	logstor_database *database = watched;

	if (database != NULL)
		logstor_interrupt(database);
}

static void
handle_signal(int number)
{
	int saved = errno;

	if (number == SIGINT) {
		interrupt_count++;
		if (interrupt_count >= INTERRUPTS_MAX)
			signal(SIGINT, SIG_DFL);
		stop_statement();
	} else if (number == SIGWINCH) {
		is_resized = 1;
	} else if (number == SIGCONT) {
		is_continued = 1;
	} else {
		termination = number;
		stop_statement();
	}
	wake();
	errno = saved;
}

static bool
handle(int number)
{
	struct sigaction action = { .sa_handler = handle_signal };

	/* Without SA_RESTART, so that a blocked read or write returns. */
	sigemptyset(&action.sa_mask);
	return sigaction(number, &action, NULL) == 0;
}

/* Whoever started us with a signal ignored (nohup, a shell's background job)
 * wants it ignored. */
static bool
handle_unless_ignored(int number)
{
	struct sigaction action;

	if (sigaction(number, NULL, &action) < 0)
		return false;
	if (action.sa_handler == SIG_IGN)
		return true;
	return handle(number);
}

bool
signals_install(void)
{
	if (pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return false;
	return signal(SIGPIPE, SIG_IGN) != SIG_ERR &&
	       signal(SIGXFSZ, SIG_IGN) != SIG_ERR &&
	       handle_unless_ignored(SIGINT) &&
	       handle_unless_ignored(SIGHUP) && handle(SIGTERM) &&
	       handle(SIGWINCH) && handle(SIGCONT);
}

void
signals_watch(logstor_database *database)
{
	watched = database;
}

bool
signals_is_interrupted(void)
{
	return interrupt_count > 0;
}

void
signals_clear_interrupt(void)
{
	if (interrupt_count >= INTERRUPTS_MAX)
		handle(SIGINT);
	interrupt_count = 0;
}

int
signals_termination(void)
{
	return termination;
}

bool
signals_is_stopped(void)
{
	return interrupt_count > 0 || termination != 0;
}

bool
signals_take_resize(void)
{
	bool was_resized = is_resized;

	is_resized = 0;
	return was_resized;
}

bool
signals_take_continue(void)
{
	bool was_continued = is_continued;

	is_continued = 0;
	return was_continued;
}

static void
drain(void)
{
	char bytes[64];

	while (read(wake_pipe[0], bytes, sizeof(bytes)) > 0)
		;
}

bool
signals_wait(int fd, int timeout_ms)
{
	struct pollfd polls[2] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = wake_pipe[0], .events = POLLIN },
	};
	int count = poll(polls, ARRAY_COUNT(polls), timeout_ms);

	if (count > 0 && polls[1].revents != 0)
		drain();
	return count > 0 && polls[0].revents != 0 && !signals_is_stopped();
}
