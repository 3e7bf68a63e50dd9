/* SPDX-License-Identifier: MIT */
#include "cli/output.h"

#include "cli/signals.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	FLUSH_SIZE = 64 << 10,   /* bytes that are worth a write */
	KEEP_SIZE = 1 << 20,     /* memory kept between writes */
	RUN_CAPACITY_FIRST = 16,
	PATIENCE_MS = 200        /* with a reader, once we are to stop */
};

void
output_init(struct output *output, output_commit commit, void *commit_context)
{
	*output = (struct output){
		.answers_fd = STDOUT_FILENO,
		.results_fd = STDOUT_FILENO,
		.commit = commit,
		.commit_context = commit_context,
	};
}

void
output_finish(struct output *output)
{
	output_flush(output);
	buffer_finish(&output->text);
	free(output->runs);
	output->runs = NULL;
}

static bool
reserve_run(struct output *output)
{
	size_t capacity = output->run_capacity;
	struct output_run *runs;

	if (output->run_count < capacity)
		return true;
	capacity = capacity == 0 ? RUN_CAPACITY_FIRST : 2 * capacity;
	runs = realloc(output->runs, capacity * sizeof(*runs));
	if (runs == NULL)
		return false;
	output->runs = runs;
	output->run_capacity = capacity;
	return true;
}

struct buffer *
output_begin(struct output *output, enum output_stream stream)
{
	if (output->stream == stream)
		return &output->text;
	if (!reserve_run(output)) {
		/* Without room to note the switch, what is there leaves. */
		output_flush(output);
		output->stream = stream;
		return &output->text;
	}
	output->runs[output->run_count++] =
		(struct output_run){ output->stream, output->text.size };
	output->stream = stream;
	return &output->text;
}

void
output_settle(struct output *output)
{
	if (output->text.size >= FLUSH_SIZE || output->text.has_failed)
		output_flush(output);
}

/* Somebody who asked us to stop isn't made to wait for a reader that doesn't
 * read: this much then surely fits without waiting. */
static bool
takes_more(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };

	return poll(&ready, 1, PATIENCE_MS) > 0;
}

/* 0, or the errno of the write that failed. */
static int
write_all(int fd, const uint8_t *data, size_t size)
{
	while (size > 0) {
		bool is_stopped = signals_is_stopped();
		size_t piece = is_stopped && size > PIPE_BUF ? PIPE_BUF : size;
		ssize_t written;

		if (is_stopped && !takes_more(fd))
			return EINTR;
		written = write(fd, data, piece);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return errno;
		data += written;
		size -= (size_t)written;
	}
	return 0;
}

static void
write_run(struct output *output, enum output_stream stream,
	  const uint8_t *data, size_t size)
{
	int fd = stream == OUTPUT_ANSWERS ? output->answers_fd
					  : output->results_fd;
	int failure;

	if (stream == OUTPUT_MESSAGES) {
		/* There is nobody left to tell of a failure here. */
		failure = write_all(STDERR_FILENO, data, size);
		(void)failure;
		return;
	}
	if (output->is_broken)
		return;
	failure = write_all(fd, data, size);
	/* A signal ended the waiting for a slow reader. */
	if (failure == 0 || failure == EINTR)
		return;
	output->is_broken = true;
	output->is_unanswered = fd == output->answers_fd;
	output->failure = failure;
}

static bool
has_results(const struct output *output)
{
	size_t start = 0;

	for (size_t i = 0; i < output->run_count; i++) {
		if (output->runs[i].stream != OUTPUT_MESSAGES &&
		    output->runs[i].end > start)
			return true;
		start = output->runs[i].end;
	}
	return output->stream != OUTPUT_MESSAGES &&
	       output->text.size > start;
}

static void
write_runs(struct output *output, bool with_results)
{
	size_t start = 0;

	if (output->before_write != NULL && output->text.size > 0)
		output->before_write(output->before_write_context);
	for (size_t i = 0; i <= output->run_count; i++) {
		bool is_last = i == output->run_count;
		enum output_stream stream =
			is_last ? output->stream : output->runs[i].stream;
		size_t end = is_last ? output->text.size : output->runs[i].end;

		if (end > start && (with_results || stream == OUTPUT_MESSAGES))
			write_run(output, stream, output->text.data + start,
				  end - start);
		start = end;
	}
}

void
output_flush(struct output *output)
{
	output_commit commit = output->commit;
	bool with_results = true;

	/* The commit may itself have messages to add to the queue, but must
	 * not come back here. */
	if (commit != NULL && has_results(output)) {
		output->commit = NULL;
		with_results = commit(output->commit_context);
		output->commit = commit;
	}
	write_runs(output, with_results);
	if (output->text.has_failed && !output->is_broken) {
		output->is_broken = true;
		output->failure = ENOMEM;
	}
	output->run_count = 0;
	if (output->text.capacity > KEEP_SIZE)
		buffer_finish(&output->text);
	buffer_clear(&output->text);
}

void
output_redirect(struct output *output, int fd)
{
	output_flush(output);
	output->results_fd = fd < 0 ? output->answers_fd : fd;
	if (output->is_unanswered)
		return;
	output->is_broken = false;
	output->failure = 0;
}
