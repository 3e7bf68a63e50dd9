/* SPDX-License-Identifier: MIT
 *
 *     engine smoke|quick|full DIRECTORY SECTION…
 *
 * Measures the storage engine, past SQL, and prints a line of JSON for each
 * figure, with its goal and with the machine's own limit from the same run.
 * bench/engine.sh runs it, bench/table.py makes tables of what it prints. */
#include "bench/figure.h"
#include "bench/sections.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *name;
	void (*run)(const struct bench *bench);
} sections[] = {
	{ "machine", section_machine },
	{ "amplification", section_amplification },
	{ "keys", section_keys },
	{ "memory", section_memory },
	{ "disk", section_disk },
};

enum { SECTION_COUNT = sizeof(sections) / sizeof(sections[0]) };

static bool
run_section(const struct bench *bench, const char *name)
{
	for (int i = 0; i < SECTION_COUNT; i++) {
		double start = stopwatch_now();

		if (strcmp(sections[i].name, name) != 0)
			continue;
		figure_section(name);
		sections[i].run(bench);
		figure_print(&(struct figure){
			.name = "time taken", .unit = "s",
			.value = stopwatch_now() - start });
		return true;
	}
	fprintf(stderr, "there is no section %s\n", name);
	return false;
}

static bool
parse_mode(const char *text, enum bench_mode *mode)
{
	static const char *const names[] = { "smoke", "quick", "full" };

	for (int i = 0; i < 3; i++) {
		if (strcmp(text, names[i]) == 0) {
			*mode = (enum bench_mode)i;
			return true;
		}
	}
	return false;
}

int
main(int argc, char **argv)
{
	struct bench bench;

	if (argc < 4 || !parse_mode(argv[1], &bench.mode)) {
		fprintf(stderr, "usage: engine smoke|quick|full DIRECTORY"
				" SECTION…\n");
		return 2;
	}
	(void)mkdir(argv[2], 0700);
	if (chdir(argv[2]) < 0) {
		perror(argv[2]);
		return EXIT_FAILURE;
	}
	for (int i = 3; i < argc; i++) {
		if (!run_section(&bench, argv[i]))
			return EXIT_FAILURE;
	}
	/* Otherwise the table says what is missing. */
	return bench.mode == BENCH_SMOKE && figure_failures() > 0
		       ? EXIT_FAILURE
		       : EXIT_SUCCESS;
}
