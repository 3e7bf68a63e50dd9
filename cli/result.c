/* SPDX-License-Identifier: MIT */
#include "cli/result.h"

#include "cli/signals.h"
#include "cli/text.h"

/* A page whose rows are huge ends before it has its number of rows: what
 * waits to be aligned stays bounded. */
enum { PAGE_SIZE_MAX = 64 << 20 };

static void
collect_names(struct result *result)
{
	for (uint32_t i = 0; i < result->column_count; i++) {
		text_append_escaped(
			&result->page.text,
			slice_from_string(
				logstor_column_name(result->statement, i)),
			result->escapes);
		page_end_cell(&result->page);
	}
}

static void
collect_row(struct result *result)
{
	struct buffer scratch = { 0 };

	for (uint32_t i = 0; i < result->column_count; i++) {
		buffer_append_slice(&result->page.text,
				    render_value(result, i, LOGSTOR_DISPLAY,
						 &scratch));
		page_end_cell(&result->page);
	}
	buffer_finish(&scratch);
}

static void
print_page(struct result *result)
{
	if (page_has_failed(&result->page)) {
		result->has_failed = true;
		return;
	}
	result->render->page(result);
	page_clear(&result->page);
	result->page_count++;
	output_settle(result->output);
}

static bool
is_page_full(const struct result *result,
	     const struct result_options *options)
{
	if (result->page.text.size >= PAGE_SIZE_MAX)
		return true;
	return options->page_rows > 0 && page_row_count(&result->page) >=
						 options->page_rows;
}

/* Takes the statement's row; false when the result should end here. */
static bool
take_row(struct result *result, const struct result_options *options)
{
	if (signals_is_stopped() || result->output->is_broken)
		return false;
	if (result->render->row != NULL) {
		result->row_count++;
		result->render->row(result);
		return !result->has_failed;
	}
	if (page_has_failed(&result->page)) {
		result->has_failed = true;
		return false;
	}
	if (is_page_full(result, options)) {
		print_page(result);
		if (options->pause != NULL &&
		    !options->pause(options->pause_context))
			return false;
	}
	collect_row(result);
	result->row_count++;
	return !result->has_failed;
}

/* Steps through the rows; ${code} is the first step's. */
static int
print_rows(struct result *result, const struct result_options *options,
	   int code)
{
	bool wants_more = true;

	result->render->begin(result);
	if (result->render->row == NULL)
		collect_names(result);
	while (code == LOGSTOR_ROW) {
		wants_more = take_row(result, options);
		if (!wants_more)
			break;
		code = logstor_step(result->statement);
	}
	if (result->render->row == NULL && !result->has_failed &&
	    (page_row_count(&result->page) > 0 ||
	     (result->page_count == 0 && wants_more)))
		print_page(result);
	if (result->has_failed)
		return RESULT_NO_MEMORY;
	if (code < 0)
		return RESULT_FAILED;
	if (!wants_more)
		return RESULT_STOPPED;
	result->render->end(result);
	return RESULT_DONE;
}

int
result_print(logstor_statement *statement,
	     const struct result_options *options)
{
	int code = logstor_step(statement);
	struct result result = {
		.render = options->render,
		.output = options->output,
		.statement = statement,
		.column_count = logstor_column_count(statement),
		.is_interactive = options->is_interactive,
		.is_counted = options->is_counted,
		.is_left = options->is_left,
		.is_escaped = options->is_escaped,
		.escapes = TEXT_ESCAPE_BACKSLASH |
			   (options->is_escaped ? TEXT_ESCAPE_BIDI : 0u),
	};
	int outcome;

	if (code < 0)
		return RESULT_FAILED;
	if (result.column_count == 0)
		return RESULT_DONE;
	result.page.column_count = result.column_count;
	result.page.is_for_terminal = result.is_escaped;
	outcome = print_rows(&result, options, code);
	if (options->row_count != NULL)
		*options->row_count = result.row_count;
	page_finish(&result.page);
	return outcome;
}
