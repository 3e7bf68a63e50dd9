/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include "cli/text.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	OPTION_FORMAT = 256, /* above every character */
	OPTION_BAIL,
	OPTION_SYNC,
	OPTION_READONLY,
	OPTION_EAGER_SEPARATION,
	OPTION_MAX_SIZE,
	OPTION_CACHE_SIZE,
	OPTION_SEPARATOR_SIZE,
	OPTION_CHECKPOINT_SIZE,
	OPTION_SEGMENT_SIZE,
	OPTION_FILE_SEGMENTS,
	OPTION_SAFE,
	OPTION_SALVAGE,
	OPTION_VERSION,
	OPTION_HELP
};

enum { OPTIONS_GO_ON = 0, OPTIONS_ANSWERED = 1, OPTIONS_BAD = -1 };

static const struct option long_options[] = {
	{ "execute", required_argument, NULL, 'e' },
	{ "file", required_argument, NULL, 'f' },
	{ "keyspace", required_argument, NULL, 'k' },
	{ "format", required_argument, NULL, OPTION_FORMAT },
	{ "bail", no_argument, NULL, OPTION_BAIL },
	{ "sync", required_argument, NULL, OPTION_SYNC },
	{ "readonly", no_argument, NULL, OPTION_READONLY },
	{ "eager-separation", no_argument, NULL, OPTION_EAGER_SEPARATION },
	{ "max-size", required_argument, NULL, OPTION_MAX_SIZE },
	{ "cache-size", required_argument, NULL, OPTION_CACHE_SIZE },
	{ "separator-size", required_argument, NULL, OPTION_SEPARATOR_SIZE },
	{ "checkpoint-size", required_argument, NULL,
	  OPTION_CHECKPOINT_SIZE },
	{ "segment-size", required_argument, NULL, OPTION_SEGMENT_SIZE },
	{ "file-segments", required_argument, NULL, OPTION_FILE_SEGMENTS },
	{ "safe", no_argument, NULL, OPTION_SAFE },
	{ "salvage", no_argument, NULL, OPTION_SALVAGE },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ NULL, 0, NULL, 0 },
};

static const char help_text[] =
	"Usage: logstor [OPTIONS] [DATABASE]\n"
	"       logstor --salvage DAMAGED NEW\n"
	"\n"
	"Runs CQL on a database of your own.  DATABASE is a directory, made "
	"when it is\n"
	"missing; without it the database is in memory and ends with the "
	"program.\n"
	"At a terminal you get a prompt; other standard input is run as a "
	"script.\n"
	"\n"
	"What to run:\n"
	"  -e, --execute CQL      run CQL and exit; may be repeated\n"
	"  -f, --file FILE        run a script and exit; may be repeated; "
	"'-' is\n"
	"                         standard input\n"
	"  -k, --keyspace NAME    begin with USE \"NAME\"\n"
	"      --bail             stop at the first error\n"
	"\n"
	"How results look:\n"
	"      --format FORMAT    table (default), expanded, csv or json\n"
	"\n"
	"How the database is kept:\n"
	"      --sync WHEN        full: what is answered is on the disk "
	"(default);\n"
	"                         group: within 10 ms; off: when the system "
	"likes\n"
	"      --readonly         never write to the database\n"
	"      --safe             no commands that read or write other files\n"
	"\n"
	"When a database is damaged:\n"
	"      --salvage          save every intact row of DAMAGED in NEW, "
	"which must be\n"
	"                         empty or not there; DAMAGED stays as it is\n"
	"\n"
	"For databases that need it, sizes in bytes or as 64K, 32M, 4G:\n"
	"      --max-size SIZE        how large its data files may become "
	"(default:\n"
	"                             as large as the disk; 0: that again); "
	"what\n"
	"                             checkpoints take comes on top, 150 bytes "
	"a row\n"
	"      --cache-size SIZE      memory for rows (64M); 0: none\n"
	"      --separator-size SIZE  memory for rows that wait for their "
	"neighbours\n"
	"                             (32M)\n"
	"      --checkpoint-size SIZE what is written between checkpoints "
	"(64M); less\n"
	"                             opens faster after a crash\n"
	"      --eager-separation     put rows beside their neighbours at "
	"once: scans\n"
	"                             are faster, each row is written twice\n"
	"      --segment-size SIZE    of a new database: 4K to 1M, a power of "
	"two (128K)\n"
	"      --file-segments COUNT  of a new database: segments in one "
	"file (256)\n"
	"\n"
	"      --version          print the version\n"
	"      --help             print this\n"
	"\n"
	"Exit status: 0 when all went well, 1 when the command line is wrong "
	"or the\n"
	"database can't be opened, 2 when a statement failed, CHECK found "
	"faults or\n"
	"--salvage lost something, 130 when interrupted, 143 and 129 after "
	"SIGTERM and\n"
	"SIGHUP, 141 when nobody reads the results to their end.\n"
	"\n"
	"Examples:\n"
	"  logstor cities                        a prompt on the directory "
	"cities\n"
	"  logstor cities -f schema.cql          run a script\n"
	"  logstor cities --format csv -e 'SELECT * FROM geo.city' > city.csv"
	"\n";

static int bad_usage(const char *format, ...) PRINTF_LIKE(1, 2);

static int
bad_usage(const char *format, ...)
{
	struct buffer out = { 0 };
	va_list arguments;
	char text[1024];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	text_append_escaped(&out, slice_from_string(text), TEXT_ESCAPE_BIDI);
	fprintf(stderr, "logstor: %.*s\nTry 'logstor --help'.\n",
		SLICE_ARGUMENTS(buffer_slice(&out)));
	buffer_finish(&out);
	return OPTIONS_BAD;
}

static int
add_script(struct options *options, const char *text, const char *path)
{
	size_t count = options->script_count + 1;
	struct options_script *scripts =
		realloc(options->scripts, count * sizeof(*scripts));

	if (scripts == NULL)
		return bad_usage("out of memory");
	scripts[count - 1] = (struct options_script){ text, path };
	options->scripts = scripts;
	options->script_count = count;
	return OPTIONS_GO_ON;
}

static int
set_format(struct options *options, const char *name)
{
	options->render = render_find(slice_from_string(name));
	if (options->render != NULL)
		return OPTIONS_GO_ON;
	if (render_is_planned(slice_from_string(name)))
		return bad_usage("format '%s' is not supported yet", name);
	return bad_usage("unknown format '%s': expected table, expanded, csv "
			 "or json",
			 name);
}

static int
set_sync(struct options *options, const char *name)
{
	static const char *const names[] = {
		[LOGSTOR_SYNC_FULL] = "full",
		[LOGSTOR_SYNC_GROUP] = "group",
		[LOGSTOR_SYNC_OFF] = "off",
	};

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		if (strcmp(names[i], name) == 0) {
			options->how.sync = (enum logstor_sync)i;
			return OPTIONS_GO_ON;
		}
	}
	return bad_usage("unknown --sync '%s': expected full, group or off",
			 name);
}

/* ---- sizes ---- */

/* Digits, and perhaps a unit; false when it is none, or beyond 2^64. */
static bool
parse_size(const char *text, uint64_t *size)
{
	static const char units[] = "KMGT";
	const char *unit;
	uint64_t number = 0;

	if (*text == '\0')
		return false;
	for (; *text >= '0' && *text <= '9'; text++)
		if (__builtin_mul_overflow(number, 10u, &number) ||
		    __builtin_add_overflow(number, (unsigned)(*text - '0'),
					   &number))
			return false;
	*size = number;
	if (*text == '\0')
		return true;
	unit = strchr(units, *text & ~0x20);
	if (unit == NULL || *unit == '\0' || text[1] != '\0')
		return false;
	return !__builtin_mul_overflow(
		number, UINT64_C(1) << (10 * (unit - units + 1)), size);
}

/* The geometry's limits are the engine's to tell; here only what its numbers
 * can't hold is refused. */
static int
set_small(uint32_t *number, uint64_t size, const char *name,
	  const char *argument)
{
	if (size == 0 || size > UINT32_MAX)
		return bad_usage("--%s %s is too %s", name, argument,
				 size == 0 ? "small" : "large");
	*number = (uint32_t)size;
	return OPTIONS_GO_ON;
}

static int
set_size(struct options *options, int option, const char *argument)
{
	struct logstor_options *how = &options->how;
	const struct option *given = long_options;
	uint64_t size;

	while (given->val != option)
		given++;
	if (!parse_size(argument, &size))
		return bad_usage("bad --%s '%s': expected a number such as "
				 "4096, 64K, 32M or 4G",
				 given->name, argument);
	switch (option) {
	case OPTION_MAX_SIZE:
		how->size_max = size == 0 ? LOGSTOR_SIZE_UNLIMITED : size;
		break;
	case OPTION_CACHE_SIZE:
		how->cache_size = size == 0 ? LOGSTOR_CACHE_NONE : size;
		break;
	case OPTION_SEPARATOR_SIZE:
		how->separator_size = size;
		break;
	case OPTION_CHECKPOINT_SIZE:
		how->checkpoint_size = size;
		break;
	case OPTION_SEGMENT_SIZE:
		return set_small(&how->segment_size, size, given->name,
				 argument);
	default:
		return set_small(&how->file_segments, size, given->name,
				 argument);
	}
	return OPTIONS_GO_ON;
}

static int
set_flag(struct options *options, int option)
{
	if (option == OPTION_BAIL)
		options->bails = true;
	else if (option == OPTION_READONLY)
		options->how.read_only = options->how.must_exist = true;
	else if (option == OPTION_EAGER_SEPARATION)
		options->how.eager_separation = true;
	else if (option == OPTION_SAFE)
		options->is_safe = true;
	else if (option == OPTION_SALVAGE)
		options->salvages = true;
	else
		return OPTIONS_BAD;
	return OPTIONS_GO_ON;
}

static int
answer(const char *text)
{
	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
		return OPTIONS_BAD;
	return OPTIONS_ANSWERED;
}

static int
answer_version(void)
{
	char text[64];

	snprintf(text, sizeof(text), "logstor %s\n", logstor_version());
	return answer(text);
}

static int
apply(struct options *options, int option, const char *argument,
      const char *given)
{
	switch (option) {
	case 'e':
		return add_script(options, argument, NULL);
	case 'f':
		return add_script(options, NULL, argument);
	case 'k':
		options->keyspace = argument;
		return OPTIONS_GO_ON;
	case OPTION_FORMAT:
		return set_format(options, argument);
	case OPTION_SYNC:
		return set_sync(options, argument);
	case OPTION_MAX_SIZE:
	case OPTION_CACHE_SIZE:
	case OPTION_SEPARATOR_SIZE:
	case OPTION_CHECKPOINT_SIZE:
	case OPTION_SEGMENT_SIZE:
	case OPTION_FILE_SEGMENTS:
		return set_size(options, option, argument);
	case OPTION_VERSION:
		return answer_version();
	case OPTION_HELP:
		return answer(help_text);
	case ':':
		return bad_usage("%s needs an argument", given);
	case '?':
		return bad_usage("unknown or ambiguous option %s", given);
	default:
		return set_flag(options, option);
	}
}

static int
take_salvage(struct options *options, int count, char **arguments)
{
	if (count != 2)
		return bad_usage("--salvage needs two directories: the "
				 "damaged one and a new one");
	if (options->script_count > 0)
		return bad_usage("--salvage runs nothing: leave out -e and "
				 "-f");
	if (options->option_count > 1)
		return bad_usage("--salvage goes with no other option");
	options->database = arguments[0];
	options->salvage_to = arguments[1];
	return OPTIONS_GO_ON;
}

static int
take_database(struct options *options, int count, char **arguments)
{
	if (count > 1)
		return bad_usage("more than one database: %s, %s",
				 arguments[0], arguments[1]);
	if (count == 1)
		options->database = arguments[0];
	if (options->database != NULL && options->database[0] == '\0')
		return bad_usage("the database's name is empty");
	if (options->how.read_only && options->database == NULL)
		return bad_usage("--readonly needs a DATABASE");
	return OPTIONS_GO_ON;
}

int
options_parse(struct options *options, int count, char **arguments)
{
	int option;

	*options = (struct options){
		.render = &render_table,
		.how.size = sizeof(options->how),
	};
	opterr = 0;
	while ((option = getopt_long(count, arguments, ":e:f:k:",
				     long_options, NULL)) != -1) {
		const char *given = arguments[optind - 1];
		char letter[] = { '-', (char)optopt, '\0' };
		int outcome;

		/* In "-xyz" the word doesn't tell which letter it was. */
		if ((option == '?' || option == ':') && optopt > 0 &&
		    optopt < OPTION_FORMAT && strncmp(given, "--", 2) != 0)
			given = letter;
		options->option_count++;
		outcome = apply(options, option, optarg, given);
		if (outcome != OPTIONS_GO_ON)
			return outcome;
	}
	if (options->salvages)
		return take_salvage(options, count - optind,
				    arguments + optind);
	return take_database(options, count - optind, arguments + optind);
}

void
options_finish(struct options *options)
{
	free(options->scripts);
	options->scripts = NULL;
}
