/* SPDX-License-Identifier: MIT
 *
 * The command line. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/compiler.h"
#include "cli/render.h"
#include "include/logstor.h"

/* An -e or -f, in the order given. */
struct options_script {
	const char *text; /* of -e, or NULL */
	const char *path; /* of -f, or NULL */
};

struct options {
	const char *database; /* NULL: in memory */
	struct logstor_options how; /* the database is opened */
	const char *keyspace;
	const struct render *render;
	struct options_script *scripts;
	size_t script_count;
	size_t option_count; /* that were given, of all kinds */
	const char *salvage_to; /* NULL: nothing is to be salvaged */
	bool salvages;
	bool is_safe;
	bool bails;
};

/* Positive: the answer was printed (--help, --version), nothing is left to
 * do.  Negative: the usage is bad, and standard error says why.  Texts are
 * borrowed from ${arguments}. */
int options_parse(struct options *options, int count, char **arguments)
	MUST_CHECK;
void options_finish(struct options *options);

#endif
