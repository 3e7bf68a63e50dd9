/* SPDX-License-Identifier: MIT */
#include "cli/script.h"

#include "base/limits.h"
#include "cli/report.h"
#include "cli/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	READ_SIZE = 64 << 10,
	/* A statement that has grown beyond this can't be run any more. */
	PENDING_SIZE_MAX = STATEMENT_SIZE_MAX + READ_SIZE
};

int
script_open(const char *path)
{
	struct stat status;
	int fd;

	do
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	while (fd < 0 && errno == EINTR && !signals_is_stopped());
	if (fd < 0)
		return -1;
	if (fstat(fd, &status) < 0 || !S_ISDIR(status.st_mode))
		return fd;
	close(fd);
	errno = EISDIR;
	return -1;
}

/* Opening a FIFO would wait for who writes there, and closing it would leave
 * him without a reader. */
int
script_check(const char *path)
{
	struct stat status;
	int fd;

	if (stat(path, &status) == 0 && S_ISFIFO(status.st_mode))
		return access(path, R_OK);
	fd = script_open(path);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static void
begin(struct shell *shell)
{
	if (shell->script_depth++ == 0)
		logstor_set_deferred_commit(shell->database, true);
}

static void
end(struct shell *shell)
{
	if (--shell->script_depth > 0)
		return;
	shell_settle(shell);
	logstor_set_deferred_commit(shell->database, false);
}

void
script_run_text(struct shell *shell, const char *name, const char *text)
{
	struct input input;

	begin(shell);
	input_init(&input, name);
	input_append(&input, slice_from_string(text));
	input.is_final = true;
	shell_run(shell, &input);
	input_finish(&input);
	end(shell);
}

/* ---- files and pipes ---- */

enum read_outcome { READ_SOME, READ_END, READ_FAILED };

static enum read_outcome
fail_reading(struct shell *shell, const struct input *input,
	     const char *reason)
{
	report_message(&shell->output, "cannot read %s: %s", input->name,
		       reason);
	shell_fail(shell);
	return READ_FAILED;
}

static enum read_outcome
read_once(struct shell *shell, struct input *input, int fd)
{
	uint8_t *room = input_reserve(input, READ_SIZE);
	ssize_t size;

	if (room == NULL)
		return fail_reading(shell, input, "out of memory");
	/* A signal that came meanwhile is seen by whoever asks for more. */
	size = read(fd, room, READ_SIZE);
	if (size < 0 && errno == EINTR)
		errno = EAGAIN;
	input_extended(input, READ_SIZE, size < 0 ? 0 : (size_t)size);
	if (size < 0 && errno != EAGAIN)
		return fail_reading(shell, input, strerror(errno));
	return size == 0 ? READ_END : READ_SOME;
}

/* Everything that came is run before the shell waits for more. */
static bool
wait_for_text(struct shell *shell, int fd)
{
	if (signals_wait(fd, 0))
		return true;
	shell_settle(shell);
	while (!signals_is_stopped() && shell->stop == SHELL_GOES_ON)
		if (signals_wait(fd, -1))
			return true;
	return false;
}

/* How long more of a long statement is waited for: about as long as it takes
 * to look through what is there, which would be in vain if more came. */
static int
patience_ms(const struct input *input)
{
	return (int)(input_pending(input) >> 20);
}

/* Reads while there is something to read, until there is about twice as much
 * as before: then a statement that is far from whole isn't looked at again
 * for every piece of it that comes. */
static enum read_outcome
read_more(struct shell *shell, struct input *input, int fd)
{
	size_t goal = 2 * input_pending(input);
	enum read_outcome outcome;

	if (!wait_for_text(shell, fd))
		return READ_END;
	do {
		outcome = read_once(shell, input, fd);
		if (outcome == READ_SOME &&
		    input_pending(input) > PENDING_SIZE_MAX)
			return fail_reading(shell, input,
					    "a statement is too long");
	} while (outcome == READ_SOME && input_pending(input) < goal &&
		 signals_wait(fd, patience_ms(input)));
	return outcome;
}

/* Bytes of a file, of which the progress can be told; 0: it is none. */
static uint64_t
file_size(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) ||
	    status.st_size < 0)
		return 0;
	return (uint64_t)status.st_size;
}

/* Windows' editors like UTF-16, whose every other byte would be wrong. */
static bool
is_utf16(const struct input *input)
{
	const struct buffer *text = &input->text;

	return text->size >= 2 && input->position.line == 1 &&
	       (memcmp(text->data, "\xff\xfe", 2) == 0 ||
		memcmp(text->data, "\xfe\xff", 2) == 0);
}

static void
run_pieces(struct shell *shell, struct input *input, int fd)
{
	enum read_outcome outcome = READ_SOME;
	uint64_t size = file_size(fd);
	struct progress progress;

	progress_begin(&progress, &shell->output, "script");
	while (outcome == READ_SOME && shell->stop == SHELL_GOES_ON) {
		outcome = read_more(shell, input, fd);
		if (signals_is_stopped() || outcome == READ_FAILED)
			break;
		if (is_utf16(input)) {
			fail_reading(shell, input,
				     "it is UTF-16; save it as UTF-8");
			break;
		}
		input->is_final = outcome == READ_END;
		shell_run(shell, input);
		if (size > 0)
			progress_tell(&progress,
				      (uint64_t)lseek(fd, 0, SEEK_CUR), size);
	}
	progress_end(&progress);
	/* A signal that came while nothing ran stops the shell as well. */
	shell_check_signals(shell);
}

void
script_run_file(struct shell *shell, const char *name, int fd)
{
	struct input input;

	begin(shell);
	input_init(&input, name);
	run_pieces(shell, &input, fd);
	input_finish(&input);
	end(shell);
}
