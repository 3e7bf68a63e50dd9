/* SPDX-License-Identifier: MIT */
#include "cli/salvage.h"

#include "cli/progress.h"
#include "cli/report.h"
#include "cli/signals.h"
#include "cli/text.h"
#include "include/logstor.h"

#include <inttypes.h>

struct teller {
	struct output *output;
	const char *from;
	struct progress progress;
};

static void
append_safe(struct buffer *out, const char *text)
{
	text_append_escaped(out, slice_from_string(text), TEXT_ESCAPE_BIDI);
}

static void
append_count(struct buffer *out, uint64_t count, const char *of)
{
	buffer_printf(out, "%" PRIu64 " %s%s", count, of,
		      count == 1 ? "" : "s");
}

static void
tell_place(const struct teller *teller, const char *kind, const char *file,
	   uint64_t offset, const char *what)
{
	struct buffer *out = output_begin(teller->output, OUTPUT_MESSAGES);

	buffer_append_string(out, kind);
	if (file != NULL) {
		append_safe(out, teller->from);
		buffer_append_byte(out, '/');
		append_safe(out, file);
		if (offset != UINT64_MAX)
			buffer_printf(out, " at offset %" PRIu64, offset);
		buffer_append_string(out, ": ");
	}
	append_safe(out, what);
	buffer_append_byte(out, '\n');
	output_settle(teller->output);
}

static void
tell_fault(void *context, const char *file, uint64_t offset,
	   const char *fault)
{
	tell_place(context, "lost: ", file, offset, fault);
}

static void
tell_note(void *context, const char *file, uint64_t offset, const char *note)
{
	tell_place(context, "damaged, but holds no rows: ", file, offset,
		   note);
}

static void
tell_table(void *context, const char *keyspace, const char *table,
	   uint64_t rows)
{
	const struct teller *teller = context;
	struct buffer *out = output_begin(teller->output, OUTPUT_ANSWERS);

	append_safe(out, keyspace);
	buffer_append_byte(out, '.');
	append_safe(out, table);
	buffer_append_string(out, ": ");
	append_count(out, rows, "row");
	buffer_append_byte(out, '\n');
	output_settle(teller->output);
}

static bool
tell_progress(void *context, uint64_t done, uint64_t total)
{
	struct teller *teller = context;

	progress_tell(&teller->progress, done, total);
	return signals_is_stopped();
}

static void
tell_result(struct output *output, const struct logstor_salvage *salvage,
	    const char *to)
{
	struct buffer *out = output_begin(output, OUTPUT_ANSWERS);

	buffer_append_string(out, "saved ");
	append_count(out, salvage->rows, "row");
	buffer_append_string(out, " of ");
	append_count(out, salvage->tables, "table");
	buffer_append_string(out, ", ");
	text_append_bytes(out, salvage->bytes);
	buffer_append_string(out, " of keys and values, in ");
	append_safe(out, to);
	if (salvage->faults > 0) {
		buffer_append_string(out, "; ");
		buffer_printf(out, "%" PRIu64 " loss%s", salvage->faults,
			      salvage->faults == 1 ? "" : "es");
	} else {
		buffer_append_string(out, "; nothing is lost");
	}
	buffer_append_byte(out, '\n');
}

/* What the numbers don't say. */
static void
warn(struct output *output, const struct logstor_salvage *salvage)
{
	if (salvage->deleted_may_return)
		report_message(output,
			       "deletions of long ago may be forgotten: rows "
			       "that they removed may be there again");
	if (salvage->faults > 0)
		report_message(output,
			       "where the newest version of a row, or its "
			       "deletion, is lost, an older version may have "
			       "been saved");
}

enum salvage_outcome
salvage_databases(struct output *output, const char *from, const char *to)
{
	struct teller teller = { .output = output, .from = from };
	struct logstor_salvage salvage = {
		.size = sizeof(salvage),
		.context = &teller,
		.on_fault = tell_fault,
		.on_note = tell_note,
		.on_table = tell_table,
		.on_progress = tell_progress,
	};
	char message[1024];
	int result;

	progress_begin(&teller.progress, output, "salvage");
	result = logstor_salvage(from, to, &salvage, message, sizeof(message));
	progress_end(&teller.progress);
	if (result == LOGSTOR_OK) {
		tell_result(output, &salvage, to);
		warn(output, &salvage);
		return salvage.faults > 0 ? SALVAGE_LOST : SALVAGE_WHOLE;
	}
	if (signals_is_stopped()) {
		report_message(output, "%s; nothing was saved", message);
		return SALVAGE_STOPPED;
	}
	report_message(output, "cannot salvage %s: %s", from, message);
	return SALVAGE_FAILED;
}
