/* SPDX-License-Identifier: MIT */
#include "cli/describe.h"

#include "cli/text.h"

/* How many lines are tried: what is never whole is tried often. */
enum { LINES_MAX = 8 };

/* Lines that are read word by word, each with the blanks behind it. */
struct line {
	struct slice text; /* with the last one's end: it ends a comment */
	size_t at;
};

static void
skip_blanks(struct line *line)
{
	line->at = text_skip_blanks(line->text, line->at);
}

static bool
take_word(struct line *line, const char *word)
{
	struct slice next = text_word(line->text, line->at);

	if (!slice_is_equal_ignoring_case(next, slice_from_string(word)))
		return false;
	line->at += next.size;
	skip_blanks(line);
	return true;
}

static bool
take_byte(struct line *line, uint8_t byte)
{
	if (line->at >= line->text.size || line->text.data[line->at] != byte)
		return false;
	line->at++;
	return true;
}

/* A doubled quote is two quoted pieces, side by side. */
static bool
take_quoted(struct line *line)
{
	size_t start = line->at;

	while (take_byte(line, '"')) {
		struct slice rest = slice_from(line->text, line->at);
		const uint8_t *end = memchr(rest.data, '"', rest.size);

		if (end == NULL)
			return false;
		line->at += (size_t)(end - rest.data) + 1;
	}
	return line->at > start;
}

static bool
take_identifier(struct line *line)
{
	size_t size = text_word(line->text, line->at).size;

	if (size == 0 && !take_quoted(line))
		return false;
	line->at += size;
	skip_blanks(line);
	return true;
}

static bool
take_name(struct line *line)
{
	if (!take_identifier(line))
		return false;
	if (!take_byte(line, '.'))
		return true;
	skip_blanks(line);
	return take_identifier(line);
}

/* Words that begin a name can't be told from one, but WITH goes on. */
static bool
take_optional_name(struct line *line)
{
	struct line start = *line;

	if (line->at == line->text.size)
		return true;
	if (!take_word(line, "WITH"))
		return take_name(line);
	*line = start;
	return true;
}

static bool
take_described(struct line *line)
{
	static const char *const kinds[] = {
		"TABLE", "INDEX", "TYPE", "FUNCTION", "AGGREGATE",
	};

	if (take_word(line, "FULL"))
		return take_word(line, "SCHEMA");
	if (take_word(line, "ONLY"))
		return take_word(line, "KEYSPACE") &&
		       take_optional_name(line);
	if (take_word(line, "KEYSPACE"))
		return take_optional_name(line);
	if (take_word(line, "MATERIALIZED"))
		return take_word(line, "VIEW") && take_name(line);
	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
		if (take_word(line, kinds[i]))
			return take_name(line);
	/* A name, or a word such as TABLES. */
	return take_name(line);
}

static bool
take_describe(struct line *line)
{
	if (!take_word(line, "DESCRIBE") && !take_word(line, "DESC"))
		return false;
	if (!take_described(line))
		return false;
	return !take_word(line, "WITH") || take_word(line, "INTERNALS");
}

static bool
take_plain(struct line *line)
{
	if (take_word(line, "SHOW"))
		return take_word(line, "STORAGE");
	return take_word(line, "CHECK") || take_word(line, "COMPACT");
}

static bool
is_whole(struct line line)
{
	struct line plain = line;

	if (take_plain(&plain))
		return plain.at == plain.text.size;
	return take_describe(&line) && line.at == line.text.size;
}

/* Most statements are told from those that end so by their first word. */
static bool
may_end_with_line(struct slice text)
{
	static const char *const words[] = {
		"DESCRIBE", "DESC", "CHECK", "COMPACT", "SHOW",
	};
	struct slice word = text_word(text, 0);

	for (size_t i = 0; i < ARRAY_COUNT(words); i++)
		if (slice_is_equal_ignoring_case(
			    word, slice_from_string(words[i])))
			return true;
	return false;
}

size_t
describe_line_end(struct slice text)
{
	struct line line = { .text = text };
	size_t size = 0;

	if (!may_end_with_line(text))
		return 0;
	for (int i = 0; i < LINES_MAX; i++) {
		struct slice rest = slice_from(text, size);
		const uint8_t *newline = memchr(rest.data, '\n', rest.size);

		if (newline == NULL)
			return 0;
		size += (size_t)(newline - rest.data) + 1;
		line.text.size = size;
		if (is_whole(line))
			return size - 1;
	}
	return 0;
}
