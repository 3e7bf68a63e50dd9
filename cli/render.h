/* SPDX-License-Identifier: MIT
 *
 * A format is a struct of functions that turn a statement's rows into text on
 * its way out.  Formats that align columns see a page of rows at a time, the
 * others each row as it comes. */
#ifndef CLI_RENDER_H
#define CLI_RENDER_H

#include "cli/output.h"
#include "cli/page.h"
#include "include/logstor.h"

struct render;

/* One statement's result while it is printed. */
struct result {
	const struct render *render;
	struct output *output;
	logstor_statement *statement;
	uint32_t column_count;
	uint64_t row_count;     /* rows so far */
	uint64_t page_count;    /* pages printed before this one */
	struct page page;       /* of formats with a page function */
	unsigned escapes;       /* enum text_escape, for names */
	bool is_interactive;    /* headers on every page, as cqlsh's */
	bool is_counted;        /* ends with "(N rows)" */
	bool is_left;           /* values on the left, for lines of text */
	bool is_escaped;        /* values are for a terminal: no controls */
	bool has_failed;        /* memory ran out */
};

struct render {
	const char *name;
	/* The columns are known; nothing was printed. */
	void (*begin)(struct result *result);
	/* The statement has a row.  NULL: it is collected into the page. */
	void (*row)(struct result *result);
	/* A page is full, or is the last: it may be empty only when it is the
	 * first.  NULL where row is not. */
	void (*page)(struct result *result);
	void (*end)(struct result *result);
};

extern const struct render render_table;
extern const struct render render_expanded;
extern const struct render render_csv;
extern const struct render render_json;
/* What DESCRIBE answers, as cqlsh prints it. */
extern const struct render render_describe;

/* What SHOW STORAGE answers, for reading. */
extern const struct render render_storage;

/* The format of a name, or NULL. */
const struct render *render_find(struct slice name);

/* What later versions will have. */
bool render_is_planned(struct slice name);

/* For formats: where results go. */
struct buffer *render_out(struct result *result);

/* For formats: the current row's value, or a null slice.  What isn't JSON is
 * escaped into ${scratch} where it goes to a terminal. */
struct slice render_value(struct result *result, uint32_t column,
			  enum logstor_text_form form,
			  struct buffer *scratch);

/* The header and rule above a page of columns. */
void render_table_header(struct result *result);
/* The "(N rows)" below a table or expanded rows. */
void render_table_count(struct result *result);

#endif
