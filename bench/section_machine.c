/* SPDX-License-Identifier: MIT */
#include "bench/engine_side.h"
#include "bench/limits.h"
#include "bench/process.h"
#include "bench/sections.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum { GROUND_PIECE = 1 << 20 };

static void
print_figure(const char *name, const char *unit, double value)
{
	figure_print(&(struct figure){
		.name = name, .unit = unit, .value = value });
}

/* The first line of ${path} that begins with ${start}, behind its colon. */
static void
print_line(const char *name, const char *path, const char *start)
{
	FILE *file = fopen(path, "r");
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		char *text = strchr(line, ':');

		if (strncmp(line, start, strlen(start)) != 0 || !text)
			continue;
		text += 1 + strspn(text + 1, " \t");
		text[strcspn(text, "\n")] = '\0';
		figure_print_text(name, text);
		break;
	}
	if (file)
		fclose(file);
}

static void
describe(void)
{
	struct utsname system;
	char text[256];
	time_t now = time(NULL);
	struct tm date;

	print_line("processor", "/proc/cpuinfo", "model name");
	print_line("memory", "/proc/meminfo", "MemTotal");
	snprintf(text, sizeof(text), "%ld", sysconf(_SC_NPROCESSORS_ONLN));
	figure_print_text("cores", text);
	if (uname(&system) == 0) {
		snprintf(text, sizeof(text), "%s %s", system.sysname,
			 system.release);
		figure_print_text("kernel", text);
	}
	if (gmtime_r(&now, &date)) {
		strftime(text, sizeof(text), "%Y-%m-%d", &date);
		figure_print_text("date", text);
	}
}

/* Something to read: random enough for any disk. */
static void
make_ground(uint64_t size)
{
	static _Alignas(4096) uint64_t piece[GROUND_PIECE / 8];
	uint64_t seed = 7;
	int file;

	file = open("limits.ground",
		    O_CREAT | O_TRUNC | O_WRONLY | O_DIRECT | O_CLOEXEC, 0600);
	for (uint64_t at = 0; at < size; at += GROUND_PIECE) {
		for (size_t i = 0; i < GROUND_PIECE / 8; i++)
			piece[i] = number_next(&seed);
		if (write(file, piece, GROUND_PIECE) != GROUND_PIECE) {
			perror("limits.ground");
			exit(EXIT_FAILURE);
		}
	}
	if (fdatasync(file) < 0)
		exit(EXIT_FAILURE);
	close(file);
}

static void
measure_reads(const struct bench *bench)
{
	static const unsigned depths[] = { 1, 4, 32, 128 };
	static struct limit_files files;
	uint64_t seed = 1;
	char name[64];

	make_ground(bench_count(bench, 1u << 29, 4ull << 30));
	limit_files_open(&files, ".", ".ground");
	for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
		snprintf(name, sizeof(name), "random 4 KiB reads, depth %u",
			 depths[i]);
		print_figure(name, "reads/s",
			     limit_random_reads(&files, 1, depths[i],
						bench_count(bench, 15000,
							    60000),
						&seed));
	}
	print_figure("sequential reads, 1 MiB, depth 4", "bytes/s",
		     limit_sequential_reads(&files,
					    bench_seconds(bench, 1, 4)));
	limit_files_close(&files);
	(void)unlink("limits.ground");
}

static void
measure_writes(const struct bench *bench)
{
	static const size_t sizes[] = { 4096, 131072 };
	static const unsigned depths[] = { 1, 4 };
	char name[64];

	for (int i = 0; i < 4; i++) {
		size_t size = sizes[i / 2];
		unsigned depth = depths[i % 2];
		struct limit_writes writes =
			limit_durable_writes(".", size, depth,
					     bench_seconds(bench, 2, 8));

		snprintf(name, sizeof(name),
			 "durable writes of %zu KiB, depth %u", size / 1024,
			 depth);
		figure_print(&(struct figure){
			.name = name,
			.unit = "writes/s",
			.value = writes.per_second,
			.beside = "the slowest, ms",
			.beside_value = writes.worst_ms,
			.details = { { "p999_ms", writes.p999_ms } } });
	}
}

static void
measure(void *context)
{
	const struct bench *bench = context;

	print_figure("dependent load of memory", "ns",
		     limit_memory_latency_ns());
	measure_reads(bench);
	measure_writes(bench);
}

void
section_machine(const struct bench *bench)
{
	struct bench copy = *bench;

	describe();
	process_run("limits", 300, measure, &copy);
}
