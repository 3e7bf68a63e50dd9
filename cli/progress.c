/* SPDX-License-Identifier: MIT */
#include "cli/progress.h"

#include "cli/text.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
	PATIENCE_MS = 500, /* what is done sooner shows nothing */
	INTERVAL_MS = 200,
	LINE_SIZE = 120,
	ECHO_WIDTH = 2, /* of ^C, which the terminal puts behind the line */
	WIDTH_DEFAULT = 80
};

static double
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* The terminal is somebody's to look at: what can't be written is no loss. */
static void
write_line(const char *text, size_t size)
{
	ssize_t written = write(STDERR_FILENO, text, size);

	(void)written;
}

/* With blanks: not every terminal knows more. */
static void
erase(struct progress *progress)
{
	char blanks[LINE_SIZE + 2];
	unsigned width = progress->width + ECHO_WIDTH;

	if (progress->width == 0)
		return;
	blanks[0] = '\r';
	memset(blanks + 1, ' ', width);
	blanks[width + 1] = '\r';
	write_line(blanks, width + 2);
	progress->width = 0;
}

static void
erase_before_output(void *context)
{
	erase(context);
}

static unsigned
terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return WIDTH_DEFAULT;
	return size.ws_col;
}

static void
append_rest(struct buffer *line, double rate, uint64_t left)
{
	double seconds = rate > 0 ? (double)left / rate : 0;

	if (rate <= 0)
		return;
	buffer_append_string(line, ", ");
	text_append_bytes(line, (uint64_t)rate);
	buffer_append_string(line, "/s");
	if (seconds < 100)
		buffer_printf(line, ", %.0f s left", seconds + 0.5);
	else
		buffer_printf(line, ", %.0f min left", seconds / 60 + 0.5);
}

static void
draw(struct progress *progress, uint64_t done, uint64_t total, double now)
{
	struct buffer line = { 0 };
	double spent_s = (now - progress->begin_ms) / 1e3;
	unsigned width = terminal_width();

	buffer_printf(&line, "\r%s: %u %%, ", progress->what,
		      (unsigned)((double)done * 100 / (double)total));
	text_append_bytes(&line, done);
	buffer_append_string(&line, " of ");
	text_append_bytes(&line, total);
	append_rest(&line, (double)done / spent_s, total - done);
	width = width > ECHO_WIDTH + 1 ? width - ECHO_WIDTH - 1 : 0;
	if (width > LINE_SIZE - ECHO_WIDTH)
		width = LINE_SIZE - ECHO_WIDTH;
	erase(progress);
	if (!line.has_failed) {
		progress->width = (unsigned)line.size - 1;
		if (progress->width > width)
			progress->width = width;
		/* The carriage return is one more byte. */
		write_line((const char *)line.data, progress->width + 1);
	}
	buffer_finish(&line);
}

void
progress_begin(struct progress *progress, struct output *output,
	       const char *what)
{
	*progress = (struct progress){
		.what = what,
		.output = output,
		.is_at_terminal = isatty(STDERR_FILENO) == 1,
		.before_write = output->before_write,
		.before_write_context = output->before_write_context,
	};
	if (!progress->is_at_terminal)
		return;
	if (progress->before_write != NULL)
		progress->before_write(progress->before_write_context);
	progress->begin_ms = now_ms();
	progress->shown_ms = progress->begin_ms + PATIENCE_MS - INTERVAL_MS;
	output->before_write = erase_before_output;
	output->before_write_context = progress;
}

void
progress_tell(struct progress *progress, uint64_t done, uint64_t total)
{
	double now;

	if (progress->what == NULL || !progress->is_at_terminal || total == 0)
		return;
	now = now_ms();
	if (now < progress->shown_ms + INTERVAL_MS)
		return;
	progress->shown_ms = now;
	draw(progress, done < total ? done : total, total, now);
}

void
progress_end(struct progress *progress)
{
	if (progress->what == NULL)
		return;
	progress->what = NULL;
	erase(progress);
	progress->output->before_write = progress->before_write;
	progress->output->before_write_context =
		progress->before_write_context;
}
