/* SPDX-License-Identifier: MIT */
#include "cli/salvage.h"

#include "cli/report.h"
#include "cli/signals.h"
#include "cli/text.h"
#include "include/logstor.h"

#include <inttypes.h>

struct teller {
	struct output *output;
	const char *from;
};

static void
append_safe(struct buffer *out, const char *text)
{
	text_append_escaped(out, slice_from_string(text), TEXT_ESCAPE_BIDI);
}

static void
tell_fault(void *context, const char *file, uint64_t offset,
	   const char *fault)
{
	const struct teller *teller = context;
	struct buffer *out = output_begin(teller->output, OUTPUT_MESSAGES);

	buffer_append_string(out, "lost: ");
	if (file != NULL) {
		append_safe(out, teller->from);
		buffer_append_byte(out, '/');
		append_safe(out, file);
		if (offset != UINT64_MAX)
			buffer_printf(out, " at offset %" PRIu64, offset);
		buffer_append_string(out, ": ");
	}
	append_safe(out, fault);
	buffer_append_byte(out, '\n');
	output_settle(teller->output);
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
	buffer_printf(out, ": %" PRIu64 " rows\n", rows);
	output_settle(teller->output);
}

static bool
is_stopped(void *context, uint64_t done, uint64_t total)
{
	(void)context;
	(void)done;
	(void)total;
	return signals_is_stopped();
}

static void
tell_result(struct output *output, const struct logstor_salvage *salvage,
	    const char *to)
{
	struct buffer *out = output_begin(output, OUTPUT_ANSWERS);

	buffer_printf(out, "saved %" PRIu64 " rows of %" PRIu64 " tables to ",
		      salvage->rows, salvage->tables);
	append_safe(out, to);
	buffer_append_byte(out, '\n');
	if (salvage->deleted_may_return)
		report_message(output,
			       "old deletions had been cleared away: rows that "
			       "they removed may be there again");
	if (salvage->faults > 0)
		report_message(output,
			       "%" PRIu64 " places could not be read; what "
			       "stood there is lost",
			       salvage->faults);
}

enum salvage_outcome
salvage_databases(struct output *output, const char *from, const char *to)
{
	struct teller teller = { output, from };
	struct logstor_salvage salvage = {
		.size = sizeof(salvage),
		.context = &teller,
		.on_fault = tell_fault,
		.on_table = tell_table,
		.on_progress = is_stopped,
	};
	char message[1024];

	if (logstor_salvage(from, to, &salvage, message, sizeof(message)) ==
	    LOGSTOR_OK) {
		tell_result(output, &salvage, to);
		return salvage.faults > 0 ? SALVAGE_LOST : SALVAGE_WHOLE;
	}
	if (signals_is_stopped()) {
		report_message(output, "interrupted; %s is not complete", to);
		return SALVAGE_STOPPED;
	}
	report_message(output, "cannot salvage %s: %s", from, message);
	return SALVAGE_FAILED;
}
