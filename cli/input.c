/* SPDX-License-Identifier: MIT */
#include "cli/input.h"

#include "cli/command.h"
#include "cli/describe.h"
#include "include/logstor.h"

#include <assert.h>

/* How much of the line before a statement is kept, to be shown with an
 * error. */
enum { LINE_KEPT_SIZE = 512 };

void
input_init(struct input *input, const char *name)
{
	*input = (struct input){
		.name = name,
		.position = TEXT_POSITION_START,
	};
}

void
input_finish(struct input *input)
{
	buffer_finish(&input->text);
}

void
input_clear(struct input *input)
{
	buffer_clear(&input->text);
	input->at = 0;
	input->position = TEXT_POSITION_START;
}

size_t
input_pending(const struct input *input)
{
	return input->text.size - input->at;
}

/* Drops what has been taken, up to the current line's beginning. */
static void
compact(struct input *input)
{
	size_t floor = input->at > LINE_KEPT_SIZE
			       ? input->at - LINE_KEPT_SIZE
			       : 0;
	size_t keep = input->at;

	while (keep > floor && input->text.data[keep - 1] != '\n')
		keep--;
	if (keep == 0 || keep < input->text.size / 2)
		return;
	memmove(input->text.data, input->text.data + keep,
		input->text.size - keep);
	input->text.size -= keep;
	input->at -= keep;
}

uint8_t *
input_reserve(struct input *input, size_t size)
{
	compact(input);
	return buffer_extend(&input->text, size);
}

static void
drop_byte_order_mark(struct input *input)
{
	if (input->at != 0 || input->position.line != 1 ||
	    input->position.column != 1 || input->text.size < 3 ||
	    memcmp(input->text.data, "\xef\xbb\xbf", 3) != 0)
		return;
	input->at = 3;
}

void
input_extended(struct input *input, size_t reserved, size_t filled)
{
	assert(filled <= reserved && reserved <= input->text.size);
	input->text.size -= reserved - filled;
	drop_byte_order_mark(input);
}

void
input_append(struct input *input, struct slice text)
{
	uint8_t *room = input_reserve(input, text.size);

	if (room == NULL)
		return;
	if (text.size > 0)
		memcpy(room, text.data, text.size);
	input_extended(input, text.size, text.size);
}

static void
advance(struct input *input, size_t end)
{
	text_position_advance(&input->position,
			      slice_make(input->text.data + input->at,
					 end - input->at));
	input->at = end;
}

/* A command ends with its `;` or its line, whichever is first; 0 when neither
 * has come. */
static size_t
command_end(struct slice text, size_t start, bool is_final)
{
	bool is_quoted = false;

	for (size_t at = start; at < text.size; at++) {
		uint8_t byte = text.data[at];

		if (byte == '\n')
			return at;
		if (byte == '\'')
			is_quoted = !is_quoted;
		else if (byte == ';' && !is_quoted)
			return at + 1;
	}
	return is_final ? text.size : 0;
}

static enum input_kind
take(struct input *input, struct input_item *item, size_t end,
     enum input_kind kind)
{
	item->start = input->at;
	item->text = slice_make(input->text.data + input->at,
				end - input->at);
	item->position = input->position;
	advance(input, end);
	return kind;
}

static enum input_kind
take_statement(struct input *input, struct input_item *item)
{
	size_t pending = input_pending(input);
	size_t end;
	bool is_empty = false;
	bool is_complete;

	end = describe_line_end(slice_make(input->text.data + input->at,
					   pending));
	if (end > 0)
		return take(input, item, input->at + end, INPUT_STATEMENT);
	end = pending;
	is_complete = logstor_complete((const char *)input->text.data +
					       input->at,
				       pending, &end, &is_empty);
	if (!is_complete && !input->is_final)
		return INPUT_MORE;
	if (!is_complete)
		end = pending;
	assert(end > 0 && end <= pending);
	return take(input, item, input->at + end, INPUT_STATEMENT);
}

/* Could the word at the end of the text go on to be a command's? */
static bool
is_word_open(const struct input *input, struct slice text)
{
	return !input->is_final &&
	       text_word(text, input->at).size == input_pending(input);
}

enum input_kind
input_next(struct input *input, struct input_item *item)
{
	struct slice text = buffer_slice(&input->text);
	size_t start = text_skip_blanks(text, input->at);
	size_t end;

	if (start > input->at)
		advance(input, start);
	if (input_pending(input) == 0)
		return input->is_final ? INPUT_END : INPUT_MORE;
	if (is_word_open(input, text))
		return INPUT_MORE;
	item->command = command_find(slice_from(text, start));
	if (item->command == NULL)
		return take_statement(input, item);
	end = command_end(text, start, input->is_final);
	if (end == 0)
		return INPUT_MORE;
	return take(input, item, end, INPUT_COMMAND);
}
