/* SPDX-License-Identifier: MIT */
#include "cli/complete.h"

#include "cli/command.h"
#include "cli/text.h"

#include <stdlib.h>

enum { CANDIDATES_MAX = 2000, NAME_CAPACITY = 256 };

/* The names that fit, while they are gathered. */
struct search {
	struct slice prefix;
	struct buffer names;  /* with NULs */
	size_t count;
	bool is_lower;        /* the prefix is: so are keywords then */
};

static bool
is_word_byte(uint8_t byte)
{
	return byte == '_' || (byte >= '0' && byte <= '9') ||
	       ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

static size_t
word_start(struct slice text, size_t end)
{
	while (end > 0 && is_word_byte(text.data[end - 1]))
		end--;
	return end;
}

static bool
has_upper(struct slice word)
{
	for (size_t at = 0; at < word.size; at++)
		if (word.data[at] >= 'A' && word.data[at] <= 'Z')
			return true;
	return false;
}

/* ---- gathering ---- */

static bool
add_name(void *context, const char *name)
{
	struct search *search = context;
	struct slice candidate = slice_from_string(name);

	if (candidate.size < search->prefix.size)
		return true;
	candidate.size = search->prefix.size;
	if (!slice_is_equal_ignoring_case(candidate, search->prefix))
		return true;
	buffer_append(&search->names, name, strlen(name) + 1);
	search->count++;
	return search->count < CANDIDATES_MAX;
}

/* Keywords are offered in the case that is being typed. */
static bool
add_keyword(void *context, const char *name)
{
	struct search *search = context;
	char folded[NAME_CAPACITY];
	size_t size = strlen(name);

	if (size >= sizeof(folded))
		return true;
	for (size_t at = 0; at <= size; at++) {
		char byte = name[at];

		if (search->is_lower && byte >= 'A' && byte <= 'Z')
			byte = (char)(byte | 0x20);
		else if (!search->is_lower && byte >= 'a' && byte <= 'z')
			byte = (char)(byte & ~0x20);
		folded[at] = byte;
	}
	return add_name(context, folded);
}

static void
add_commands(struct search *search)
{
	size_t count;
	const struct command *commands = command_table(&count);

	for (size_t i = 0; i < count; i++)
		if (commands[i].run != command_unsupported)
			add_keyword(search, commands[i].name);
}

/* ---- what the statement is about ---- */

/* A name of a table in the statement, for its columns. */
struct table_name {
	char keyspace[NAME_CAPACITY]; /* empty: the one in use */
	char table[NAME_CAPACITY];    /* empty: none found */
};

/* Copies an unquoted name as CQL reads it: in lower case. */
static void
copy_name(char *to, struct slice name)
{
	size_t size = name.size < NAME_CAPACITY ? name.size : 0;

	for (size_t at = 0; at < size; at++) {
		uint8_t byte = name.data[at];

		to[at] = (char)(byte >= 'A' && byte <= 'Z' ? byte | 0x20
							   : byte);
	}
	to[size] = '\0';
}

static bool
precedes_table(struct slice word)
{
	return slice_is_equal_ignoring_case(word, SLICE("FROM")) ||
	       slice_is_equal_ignoring_case(word, SLICE("INTO")) ||
	       slice_is_equal_ignoring_case(word, SLICE("UPDATE")) ||
	       slice_is_equal_ignoring_case(word, SLICE("TABLE"));
}

static void
read_table_name(struct table_name *name, struct slice text, size_t at)
{
	struct slice first, second;

	at = text_skip_blanks(text, at);
	first = text_word(text, at);
	copy_name(name->table, first);
	name->keyspace[0] = '\0';
	at += first.size;
	if (at >= text.size || text.data[at] != '.')
		return;
	second = text_word(text, at + 1);
	copy_name(name->keyspace, first);
	copy_name(name->table, second);
}

static void
find_table(struct table_name *name, struct slice text)
{
	size_t at = 0;

	while (at < text.size) {
		struct slice word = text_word(text, at);

		if (word.size == 0) {
			at++;
			continue;
		}
		at += word.size;
		if (precedes_table(word))
			read_table_name(name, text, at);
	}
}

/* ---- where the word stands ---- */

/* What is known of a statement when its words have been seen. */
struct place {
	struct slice last;      /* the word or the sign before the cursor */
	size_t open;            /* parentheses that aren't closed yet */
	size_t parentheses;     /* all that were opened */
	bool is_insert, has_where, has_with;
};

static bool
is_last(const struct place *place, const char *word)
{
	return slice_is_equal_ignoring_case(place->last,
					    slice_from_string(word));
}

static void
place_see(struct place *place, struct slice word)
{
	place->last = word;
	place->is_insert |= is_last(place, "INSERT");
	place->has_where |= is_last(place, "WHERE");
	place->has_with |= is_last(place, "WITH");
	if (is_last(place, "(")) {
		place->open++;
		place->parentheses++;
	} else if (is_last(place, ")") && place->open > 0) {
		place->open--;
	}
}

/* The size of what is quoted at ${at}, or 0. */
static size_t
quoted_size(struct slice text, size_t at)
{
	struct slice rest = slice_from(text, at + 1);
	uint8_t quote = text.data[at];
	const uint8_t *end;

	if (quote != '\'' && quote != '"')
		return 0;
	end = memchr(rest.data, quote, rest.size);
	return end == NULL ? text.size - at : (size_t)(end - rest.data) + 2;
}

static void
find_place(struct place *place, struct slice text)
{
	size_t at = text_skip_blanks(text, 0);

	while (at < text.size) {
		size_t size = text_word(text, at).size;

		if (size == 0)
			size = quoted_size(text, at);
		if (size == 0)
			size = 1;
		place_see(place, slice_make(text.data + at, size));
		at = text_skip_blanks(text, at + size);
	}
}

/* Must one of the table's columns stand here? */
static bool
needs_column(const struct place *place)
{
	if (place->is_insert && place->parentheses == 1 && place->open == 1)
		return is_last(place, "(") || is_last(place, ",");
	return place->has_where &&
	       (is_last(place, "WHERE") || is_last(place, "AND"));
}

/* ---- the answer ---- */

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t
common_size(const char *a, const char *b, size_t size)
{
	size_t at = 0;

	while (at < size && a[at] != '\0' &&
	       (a[at] == b[at] ||
		slice_is_equal_ignoring_case(slice_make(&a[at], 1),
					     slice_make(&b[at], 1))))
		at++;
	return at;
}

/* Sorts, drops what is there twice, and finds what all begin with. */
static void
take_names(struct complete *complete, const struct search *search)
{
	const char **names = calloc(search->count + 1, sizeof(*names));
	const char *at = (const char *)search->names.data;

	if (names == NULL || search->names.has_failed)
		goto out;
	for (size_t i = 0; i < search->count; i++) {
		names[i] = at;
		at += strlen(at) + 1;
	}
	qsort(names, search->count, sizeof(*names), compare_names);
	for (size_t i = 0; i < search->count; i++) {
		if (i > 0 && strcmp(names[i - 1], names[i]) == 0)
			continue;
		if (complete->count == 0)
			complete->common_size = strlen(names[i]);
		complete->common_size = common_size(
			(const char *)names[i],
			complete->count == 0
				? names[i]
				: (const char *)complete->names.data,
			complete->common_size);
		buffer_append(&complete->names, names[i],
			      strlen(names[i]) + 1);
		complete->count++;
	}
	if (complete->names.has_failed)
		complete->count = 0;
out:
	free(names);
}

static void
search_qualified(struct search *search, logstor_session *session,
		 struct slice keyspace)
{
	char name[NAME_CAPACITY];

	copy_name(name, keyspace);
	(void)logstor_names(session, LOGSTOR_NAME_TABLE, name, NULL, add_name,
			    search);
}

static void
search_columns(struct search *search, logstor_session *session,
	       struct slice text)
{
	struct table_name name = { .table = "" };
	const char *keyspace;

	find_table(&name, text);
	keyspace = name.keyspace[0] == '\0' ? NULL : name.keyspace;
	if (name.table[0] != '\0')
		(void)logstor_names(session, LOGSTOR_NAME_COLUMN, keyspace,
				    name.table, add_name, search);
}

static void
search_names(struct search *search, logstor_session *session)
{
	(void)logstor_names(session, LOGSTOR_NAME_KEYSPACE, NULL, NULL,
			    add_name, search);
	(void)logstor_names(session, LOGSTOR_NAME_TABLE, NULL, NULL, add_name,
			    search);
	(void)logstor_names(session, LOGSTOR_NAME_TYPE, NULL, NULL,
			    add_name, search);
}

static void
search_all(struct search *search, logstor_session *session, struct slice text,
	   const struct place *place)
{
	search_columns(search, session, text);
	if (needs_column(place)) {
		if (place->has_where)
			add_name(search, "token");
		if (search->count > 0)
			return;
	}
	if (!place->has_where)
		search_names(search, session);
	(void)logstor_names(session, LOGSTOR_NAME_FUNCTION, NULL, NULL,
			    add_name, search);
	(void)logstor_names(session, LOGSTOR_NAME_KEYWORD, NULL, NULL,
			    add_keyword, search);
	if (place->has_with && search->prefix.size > 0)
		(void)logstor_names(session, LOGSTOR_NAME_TABLE_OPTION, NULL,
				    NULL, add_name, search);
}

void
complete_find(struct complete *complete, logstor_session *session,
	      struct slice text)
{
	size_t start = word_start(text, text.size);
	size_t first = text_skip_blanks(text, 0);
	struct search search = { .prefix = slice_from(text, start) };

	search.is_lower = search.prefix.size > 0 && !has_upper(search.prefix);
	complete->prefix_size = search.prefix.size;
	if (start > 0 && text.data[start - 1] == '.') {
		size_t keyspace = word_start(text, start - 1);

		search_qualified(&search, session,
				 slice_make(text.data + keyspace,
					    start - 1 - keyspace));
	} else {
		struct place place = { .open = 0 };

		find_place(&place, slice_make(text.data, start));
		if (first == start)
			add_commands(&search);
		search_all(&search, session, text, &place);
	}
	take_names(complete, &search);
	buffer_finish(&search.names);
}

void
complete_finish(struct complete *complete)
{
	buffer_finish(&complete->names);
}
