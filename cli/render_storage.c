/* SPDX-License-Identifier: MIT
 *
 * SHOW STORAGE's row as a list of names and values, and its map of segments as
 * a chart: a line for each tenth of live bytes, `-` for mixed segments, `#`
 * for full ones. */
#include "cli/render.h"

#include "base/pack.h"
#include "cli/text.h"

#include <inttypes.h>

enum {
	SHARES_MAX = 100,
	BAR_WIDTH = 40,
	/* From here on bytes are told in larger units too. */
	BYTES_PLAIN_MAX = 10 << 10
};

/* How many segments are so live, for each share. */
struct shares {
	uint64_t counts[SHARES_MAX];
	uint32_t count;
};

/* ---- values ---- */

static bool
is_map(const struct result *result, uint32_t column)
{
	return logstor_column_type(result->statement, column) == LOGSTOR_LIST;
}

static bool
is_bytes(const struct result *result, uint32_t column)
{
	const char *name = logstor_column_name(result->statement, column);

	return logstor_column_type(result->statement, column) ==
		       LOGSTOR_BIGINT &&
	       strstr(name, "bytes") != NULL;
}

static void
append_value(struct result *result, uint32_t column, size_t name_width)
{
	const char *name = logstor_column_name(result->statement, column);
	struct buffer *out = render_out(result);
	struct buffer scratch = { 0 };
	uint64_t bytes;

	buffer_printf(out, " %-*s | ", (int)name_width, name);
	buffer_append_slice(out, render_value(result, column, LOGSTOR_DISPLAY,
					      &scratch));
	buffer_finish(&scratch);
	bytes = (uint64_t)logstor_column_int64(result->statement, column);
	if (is_bytes(result, column) && bytes >= BYTES_PLAIN_MAX) {
		buffer_append_string(out, " (");
		text_append_bytes(out, bytes);
		buffer_append_byte(out, ')');
	}
	buffer_append_byte(out, '\n');
}

static void
append_values(struct result *result)
{
	size_t name_width = 0;

	for (uint32_t i = 0; i < result->column_count; i++) {
		size_t width = strlen(
			logstor_column_name(result->statement, i));

		if (width > name_width && !is_map(result, i))
			name_width = width;
	}
	for (uint32_t i = 0; i < result->column_count; i++)
		if (!is_map(result, i))
			append_value(result, i, name_width);
}

/* ---- the map ---- */

/* A list<bigint> as it comes. */
static void
read_shares(struct result *result, uint32_t column, struct shares *shares)
{
	enum { ELEMENT = sizeof(uint32_t) + sizeof(uint64_t) };
	size_t size;
	const uint8_t *at = logstor_column_raw(result->statement, column,
					       &size);

	*shares = (struct shares){ 0 };
	if (at == NULL || size < sizeof(uint32_t))
		return;
	at += sizeof(uint32_t);
	size -= sizeof(uint32_t);
	while (size >= ELEMENT && shares->count < SHARES_MAX) {
		shares->counts[shares->count++] =
			load_u64_be(at + sizeof(uint32_t));
		at += ELEMENT;
		size -= ELEMENT;
	}
}

static uint64_t
most_of(const struct shares *mixed, const struct shares *full)
{
	uint64_t most = 1;

	for (uint32_t i = 0; i < mixed->count && i < full->count; i++)
		if (mixed->counts[i] + full->counts[i] > most)
			most = mixed->counts[i] + full->counts[i];
	return most;
}

/* What is there is seen, however little it is. */
static size_t
bar_size(uint64_t count, uint64_t most)
{
	size_t size = (size_t)((double)count * BAR_WIDTH / (double)most);

	return size == 0 && count > 0 ? 1 : size;
}

static void
append_shares(struct result *result, const struct shares *mixed,
	      const struct shares *full)
{
	struct buffer *out = render_out(result);
	uint64_t most = most_of(mixed, full);

	buffer_append_string(out, "\n live share | mixed    | full     |\n"
				  "------------+----------+----------+\n");
	for (uint32_t i = 0; i < mixed->count && i < full->count; i++) {
		size_t mixed_size = bar_size(mixed->counts[i], most);
		size_t full_size = bar_size(full->counts[i], most);

		buffer_printf(out,
			      " %3u - %3u%% | %8" PRIu64 " | %8" PRIu64 " |",
			      (unsigned)(i * 100 / mixed->count),
			      (unsigned)((i + 1) * 100 / mixed->count),
			      mixed->counts[i], full->counts[i]);
		if (mixed_size + full_size > 0)
			buffer_append_byte(out, ' ');
		buffer_append_repeated(out, '-', mixed_size);
		buffer_append_repeated(out, '#', full_size);
		buffer_append_byte(out, '\n');
	}
}

/* The columns that are lists are the map's: mixed, then full. */
static void
append_map(struct result *result)
{
	struct shares shares[2];
	size_t found = 0;

	for (uint32_t i = 0; i < result->column_count && found < 2; i++)
		if (is_map(result, i))
			read_shares(result, i, &shares[found++]);
	if (found == 2)
		append_shares(result, &shares[0], &shares[1]);
}

static void
storage_begin(struct result *result)
{
	buffer_append_byte(render_out(result), '\n');
}

static void
storage_row(struct result *result)
{
	append_values(result);
	append_map(result);
}

const struct render render_storage = {
	.name = "storage",
	.begin = storage_begin,
	.row = storage_row,
	.end = storage_begin,
};
