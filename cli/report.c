/* SPDX-License-Identifier: MIT */
#include "cli/report.h"

#include "base/utf8.h"

#include <assert.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

enum {
	LINE_WIDTH_MAX = 100,  /* cells of a line that are shown */
	BEFORE_WIDTH_MAX = 60, /* cells of them before the caret */
	BEFORE_SIZE_MAX = 400, /* bytes, where characters have no width */
	AFTER_SIZE_MAX = 1000,
	TAB_WIDTH = 8
};

static const char indentation[] = "  ";
static const char ellipsis[] = "...";

static void
append_safe(struct buffer *out, const char *text)
{
	text_append_escaped(out, slice_from_string(text), TEXT_ESCAPE_BIDI);
}

/* ---- the line and its caret ---- */

/* The part of a line that is shown, with offsets in the input's text. */
struct excerpt {
	size_t start, end;
	size_t caret, caret_end;
	bool is_cut_before, is_cut_after;
};

/* The character that ends at ${end}, in bytes. */
static size_t
previous_size(struct slice text, size_t end)
{
	size_t size = 1;

	while (size < 4 && size < end &&
	       (text.data[end - size] & 0xc0) == 0x80)
		size++;
	return size;
}

static size_t
character_width(struct slice character)
{
	struct buffer escaped = { 0 };
	size_t width;

	if (character.data[0] == '\t')
		return TAB_WIDTH;
	text_append_escaped(&escaped, character, TEXT_ESCAPE_BIDI);
	width = utf8_width(buffer_slice(&escaped));
	buffer_finish(&escaped);
	return width;
}

/* Finds where the shown part begins: the line's start, or as far before the
 * caret as there is room. */
static void
excerpt_begin(struct excerpt *excerpt, struct slice text)
{
	size_t width = 0;
	size_t at = excerpt->caret;

	while (at > 0 && text.data[at - 1] != '\n') {
		size_t size = previous_size(text, at);

		width += character_width(
			slice_make(text.data + at - size, size));
		if (width > BEFORE_WIDTH_MAX ||
		    excerpt->caret - at > BEFORE_SIZE_MAX) {
			excerpt->is_cut_before = true;
			break;
		}
		at -= size;
	}
	excerpt->start = at;
}

static void
excerpt_finish(struct excerpt *excerpt, struct slice text)
{
	size_t width = 0;
	size_t at = excerpt->start;

	while (at < text.size && text.data[at] != '\n') {
		uint32_t code_point;
		size_t size = utf8_decode(slice_from(text, at), &code_point);

		if (size == 0)
			size = 1;
		width += character_width(slice_make(text.data + at, size));
		if (width > LINE_WIDTH_MAX ||
		    at - excerpt->start > AFTER_SIZE_MAX) {
			excerpt->is_cut_after = true;
			break;
		}
		at += size;
	}
	while (at > excerpt->start && !excerpt->is_cut_after &&
	       (text.data[at - 1] == '\r' || text.data[at - 1] == ' '))
		at--;
	excerpt->end = at;
	if (excerpt->caret_end > at)
		excerpt->caret_end = at;
}

/* Appends text[from, to) with tabs as blanks; ${column} is the cell that it
 * begins in, and the answer the one behind it. */
static size_t
append_cells(struct buffer *out, struct slice text, size_t from, size_t to,
	     size_t column)
{
	while (from < to) {
		const uint8_t *tab = memchr(text.data + from, '\t', to - from);
		size_t end = tab == NULL ? to : (size_t)(tab - text.data);
		size_t mark = out->size;
		size_t blanks;

		text_append_escaped(out, slice_make(text.data + from,
						    end - from),
				    TEXT_ESCAPE_BIDI);
		if (out->has_failed)
			return column;
		column += utf8_width(slice_from(buffer_slice(out), mark));
		if (tab != NULL) {
			blanks = TAB_WIDTH - column % TAB_WIDTH;
			buffer_append_repeated(out, ' ', blanks);
			column += blanks;
			end++;
		}
		from = end;
	}
	return column;
}

static void
append_excerpt(struct buffer *out, struct slice text,
	       const struct excerpt *excerpt)
{
	size_t middle = excerpt->caret < excerpt->end ? excerpt->caret
						      : excerpt->end;
	size_t caret, caret_end;
	size_t before = 0;

	buffer_append_string(out, indentation);
	if (excerpt->is_cut_before) {
		buffer_append_string(out, ellipsis);
		before = sizeof(ellipsis) - 1;
	}
	caret = append_cells(out, text, excerpt->start, middle, before);
	caret_end = caret;
	if (excerpt->caret_end > middle)
		caret_end = append_cells(out, text, middle,
					 excerpt->caret_end, caret);
	append_cells(out, text,
		     excerpt->caret_end > middle ? excerpt->caret_end : middle,
		     excerpt->end, caret_end);
	if (excerpt->is_cut_after)
		buffer_append_string(out, ellipsis);
	buffer_append_byte(out, '\n');
	buffer_append_string(out, indentation);
	buffer_append_repeated(out, ' ', caret);
	buffer_append_repeated(out, '^',
			       caret_end > caret ? caret_end - caret : 1);
	buffer_append_byte(out, '\n');
}

static void
append_line(struct buffer *out, const struct report_place *place)
{
	struct slice text = buffer_slice(&place->input->text);
	struct excerpt excerpt = {
		.caret = place->item->start + place->offset,
	};

	assert(excerpt.caret <= text.size);
	excerpt.caret_end = place->size > text.size - excerpt.caret
				    ? text.size
				    : excerpt.caret + place->size;
	excerpt_begin(&excerpt, text);
	excerpt_finish(&excerpt, text);
	append_excerpt(out, text, &excerpt);
}

/* ---- messages ---- */

static void
append_position(struct buffer *out, const struct report_place *place)
{
	struct text_position position = place->item->position;

	if (place->input->name == NULL)
		return;
	text_position_advance(&position,
			      slice_make(place->item->text.data,
					 place->offset));
	append_safe(out, place->input->name);
	buffer_printf(out, ":%u:%u: ", (unsigned)position.line,
		      (unsigned)position.column);
}

void
report_hint(struct output *output, const char *hint)
{
	struct buffer *out = output_begin(output, OUTPUT_MESSAGES);

	if (hint[0] == '\0')
		return;
	buffer_append_string(out, indentation);
	buffer_append_string(out, "hint: ");
	append_safe(out, hint);
	buffer_append_byte(out, '\n');
}

void
report_error(struct output *output, const struct report_place *place,
	     const char *name, const char *message, const char *hint)
{
	struct buffer *out = output_begin(output, OUTPUT_MESSAGES);

	append_position(out, place);
	if (name != NULL)
		buffer_printf(out, "%s: ", name);
	append_safe(out, message);
	buffer_append_byte(out, '\n');
	if (place->size > 0)
		append_line(out, place);
	if (hint != NULL)
		report_hint(output, hint);
	output_settle(output);
}

/* CQL's grammar puts "line 1:7 " before its messages, counted from the
 * statement's start.  In a script the place in the file says it better. */
static const char *
skip_position(const char *message)
{
	unsigned line, column;
	int size = 0;

	if (sscanf(message, "line %u:%u %n", &line, &column, &size) < 2 ||
	    size == 0)
		return message;
	message += size;
	return strncmp(message, ": ", 2) == 0 ? message + 2 : message;
}

/* A NUL outside of a string is damage, or worse. */
static const char *
choose_hint(const char *hint, const struct report_place *place)
{
	struct slice text = place->item->text;

	if (place->size == 0 || place->offset >= text.size ||
	    text.data[place->offset] != '\0')
		return hint;
	return "scripts are UTF-8 text; is this one UTF-16, or binary?";
}

void
report_session_error(struct output *output, logstor_session *session,
		     const struct input *input, const struct input_item *item)
{
	struct report_place place = { .input = input, .item = item };
	size_t offset = 0, size = 0;
	uint32_t line, column;
	const char *message = logstor_error_message(session);
	char name[64];

	if (logstor_error_position(session, &offset, &size, &line, &column) &&
	    offset <= item->text.size) {
		place.offset = offset;
		place.size = size == 0 ? 1 : size;
	}
	snprintf(name, sizeof(name), "%s [%04X]", logstor_error_name(session),
		 (unsigned)logstor_error_code(session) & 0xffff);
	if (input->name != NULL &&
	    logstor_error_code(session) == LOGSTOR_ERROR_SYNTAX)
		message = skip_position(message);
	report_error(output, &place, name, message,
		     choose_hint(logstor_error_hint(session), &place));
}

void
report_message(struct output *output, const char *format, ...)
{
	struct buffer *out = output_begin(output, OUTPUT_MESSAGES);
	char message[PATH_MAX + 1024]; /* after a path there is the reason */
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	buffer_append_string(out, "logstor: ");
	append_safe(out, message);
	buffer_append_byte(out, '\n');
}
