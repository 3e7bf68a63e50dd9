/* SPDX-License-Identifier: MIT
 *
 * Everything the shell says, results, answers and messages alike, in one
 * queue: it leaves in the order it was said in, however the streams are mixed,
 * and in large writes.
 *
 * Answers are what the shell's own commands say.  They go where results go,
 * but for results that are captured in a file.
 *
 * What is printed is a promise.  Before results leave, the owner is called to
 * make durable what they tell of; when it can't, they never leave. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "base/buffer.h"

enum output_stream { OUTPUT_RESULTS, OUTPUT_ANSWERS, OUTPUT_MESSAGES };

/* Which stream the bytes up to ${end} go to. */
struct output_run {
	enum output_stream stream;
	size_t end;
};

/* Called before results are written; false holds them back for good. */
typedef bool (*output_commit)(void *context);

struct output {
	struct buffer text;
	struct output_run *runs; /* all but the current one */
	size_t run_count;
	size_t run_capacity;
	enum output_stream stream;
	int answers_fd;
	int results_fd;      /* the same, unless captured */
	bool is_broken;      /* nobody reads the results any more */
	bool is_unanswered;  /* nobody reads the answers: broken as well */
	int failure;         /* errno of the write that broke it, or 0 */
	/* Called before anything is written, unless NULL. */
	void (*before_write)(void *context);
	void *before_write_context;
	output_commit commit;
	void *commit_context;
};

/* Results and answers go to standard output, messages to standard error. */
void output_init(struct output *output, output_commit commit,
		 void *commit_context);
/* Flushes. */
void output_finish(struct output *output);

/* The queue's end, to append to what goes to ${stream}.  Valid until the next
 * call about this output. */
struct buffer *output_begin(struct output *output, enum output_stream stream);

/* Writes everything when it has become much. */
void output_settle(struct output *output);
/* Writes everything. */
void output_flush(struct output *output);

/* Results go to ${fd} from now on, or where answers go when it is -1.  An
 * output is whole again that broke for its results. */
void output_redirect(struct output *output, int fd);

#endif
