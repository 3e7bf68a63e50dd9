/* SPDX-License-Identifier: MIT */
#include "bench/limits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	BLOCK = 4096,
	BLOCKS_MAX = 16, /* of one random read */
	SEQUENTIAL_SIZE = 1 << 20,
	SEQUENTIAL_DEPTH = 4,
	SCRATCH_SIZE = 128 << 20,
	CHAIN_COUNT = 1 << 24, /* of 8 bytes: beyond every cache */
	CHAIN_STEPS = 2000000
};

static void
stop(const char *what, int code)
{
	fprintf(stderr, "%s: %s\n", what, strerror(code));
	exit(EXIT_FAILURE);
}

static void *
aligned(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		stop("memory", errno);
	memset(memory, 0x5a, size);
	return memory;
}

/* ---- files ---- */

static bool
has_suffix(const char *name, const char *suffix)
{
	size_t size = strlen(name), suffix_size = strlen(suffix);

	return size >= suffix_size &&
	       strcmp(name + size - suffix_size, suffix) == 0;
}

void
limit_files_open(struct limit_files *files, const char *directory,
		 const char *suffix)
{
	DIR *list = opendir(directory);
	struct dirent *entry;
	struct stat status;

	*files = (struct limit_files){ 0 };
	if (!list)
		stop(directory, errno);
	while ((entry = readdir(list)) && files->count < LIMITS_FILES_MAX) {
		int file;

		if (!has_suffix(entry->d_name, suffix))
			continue;
		file = openat(dirfd(list), entry->d_name,
			      O_RDONLY | O_DIRECT | O_CLOEXEC);
		if (file < 0 || fstat(file, &status) < 0)
			stop(entry->d_name, errno);
		files->descriptors[files->count] = file;
		files->sizes[files->count++] = (uint64_t)status.st_size;
		files->size += (uint64_t)status.st_size;
	}
	closedir(list);
	if (files->size < SEQUENTIAL_SIZE)
		stop(directory, ENODATA);
}

void
limit_files_close(struct limit_files *files)
{
	for (unsigned i = 0; i < files->count; i++)
		close(files->descriptors[i]);
	files->count = 0;
}

/* The file and the offset in it of an offset in all of them. */
static int
file_at(const struct limit_files *files, uint64_t *offset)
{
	unsigned i = 0;

	while (i + 1 < files->count && *offset >= files->sizes[i])
		*offset -= files->sizes[i++];
	return files->descriptors[i];
}

/* ---- a queue of transfers ---- */

struct transfer {
	struct io_uring ring;
	uint8_t *memory;
	size_t size;
	unsigned depth;
	double started[LIMITS_DEPTH_MAX];
	struct latencies *latencies; /* may be NULL */
};

static void
transfer_init(struct transfer *transfer, size_t size, unsigned depth,
	      struct latencies *latencies)
{
	int status = io_uring_queue_init(LIMITS_DEPTH_MAX, &transfer->ring, 0);

	if (status < 0)
		stop("io_uring", -status);
	transfer->memory = aligned(size * depth);
	transfer->size = size;
	transfer->depth = depth;
	transfer->latencies = latencies;
}

static void
transfer_finish(struct transfer *transfer)
{
	io_uring_queue_exit(&transfer->ring);
	munmap(transfer->memory, transfer->size * transfer->depth);
}

static void
transfer_start(struct transfer *transfer, unsigned slot, int file,
	       uint64_t offset, size_t size, bool is_write)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&transfer->ring);
	uint8_t *memory = transfer->memory + slot * transfer->size;

	if (is_write)
		io_uring_prep_write(sqe, file, memory, (unsigned)size, offset);
	else
		io_uring_prep_read(sqe, file, memory, (unsigned)size, offset);
	io_uring_sqe_set_data64(sqe, slot);
	if (transfer->latencies)
		transfer->started[slot] = stopwatch_now();
}

/* Waits for one, at least; returns its slot. */
static unsigned
transfer_wait(struct transfer *transfer)
{
	struct io_uring_cqe *cqe = NULL;
	unsigned slot;
	int status;

	if (io_uring_cq_ready(&transfer->ring) == 0) {
		status = io_uring_submit_and_wait(&transfer->ring, 1);
		if (status < 0 && status != -EINTR)
			stop("io_uring", -status);
	}
	status = io_uring_wait_cqe(&transfer->ring, &cqe);
	if (status < 0 || cqe->res < 0)
		stop("transfer", status < 0 ? -status : -cqe->res);
	slot = (unsigned)io_uring_cqe_get_data64(cqe);
	io_uring_cqe_seen(&transfer->ring, cqe);
	if (transfer->latencies)
		latencies_add(transfer->latencies,
			      stopwatch_now() - transfer->started[slot]);
	return slot;
}

/* ---- reads ---- */

static void
start_random_read(struct transfer *transfer, unsigned slot,
		  const struct limit_files *files, uint32_t size,
		  uint64_t *seed)
{
	uint64_t offset =
		number_next(seed) % (files->size / BLOCK - BLOCKS_MAX);
	uint64_t inside = number_next(seed) % (BLOCK / 8) * 8;
	size_t blocks = (inside + size + BLOCK - 1) / BLOCK;
	int file;

	offset *= BLOCK;
	file = file_at(files, &offset);
	transfer_start(transfer, slot, file, offset, blocks * BLOCK, false);
}

double
limit_random_reads(const struct limit_files *files, uint32_t size,
		   unsigned depth, uint64_t reads, uint64_t *seed)
{
	uint64_t started = 0, done = 0;
	struct transfer transfer;
	double start, seconds;

	transfer_init(&transfer, BLOCKS_MAX * BLOCK, depth, NULL);
	start = stopwatch_now();
	while (done < reads) {
		unsigned slot = (unsigned)started;

		if (started >= depth) {
			slot = transfer_wait(&transfer);
			done++;
		}
		if (started++ < reads)
			start_random_read(&transfer, slot, files, size, seed);
	}
	seconds = stopwatch_now() - start;
	transfer_finish(&transfer);
	return (double)reads / seconds;
}

double
limit_sequential_reads(const struct limit_files *files, double seconds)
{
	uint64_t pieces = files->size / SEQUENTIAL_SIZE, next = 0, done = 0;
	struct transfer transfer;
	double start, now;

	transfer_init(&transfer, SEQUENTIAL_SIZE, SEQUENTIAL_DEPTH, NULL);
	start = stopwatch_now();
	do {
		unsigned slot = (unsigned)next;
		uint64_t offset = next % pieces * SEQUENTIAL_SIZE;
		int file = file_at(files, &offset);

		if (next++ >= SEQUENTIAL_DEPTH) {
			slot = transfer_wait(&transfer);
			done++;
		}
		transfer_start(&transfer, slot, file, offset, SEQUENTIAL_SIZE,
			       false);
		now = stopwatch_now();
	} while (now - start < seconds && next < 4 * pieces);
	while (done++ < next)
		(void)transfer_wait(&transfer);
	now = stopwatch_now();
	transfer_finish(&transfer);
	return (double)(next * SEQUENTIAL_SIZE) / (now - start);
}

/* ---- writes ---- */

static int
open_scratch(const char *directory)
{
	uint8_t *memory = aligned(SEQUENTIAL_SIZE);
	char path[4096];
	int file;

	snprintf(path, sizeof(path), "%s/limits.scratch", directory);
	file = open(path,
		    O_CREAT | O_TRUNC | O_RDWR | O_DIRECT | O_DSYNC | O_CLOEXEC,
		    0600);
	if (file < 0 || unlink(path) < 0)
		stop(path, errno);
	for (off_t at = 0; at < SCRATCH_SIZE; at += SEQUENTIAL_SIZE) {
		if (pwrite(file, memory, SEQUENTIAL_SIZE, at) !=
		    SEQUENTIAL_SIZE)
			stop(path, errno);
	}
	munmap(memory, SEQUENTIAL_SIZE);
	return file;
}

struct limit_writes
limit_durable_writes(const char *directory, size_t size, unsigned depth,
		     double seconds)
{
	struct latencies latencies = { 0 };
	int file = open_scratch(directory);
	struct limit_writes result;
	struct transfer transfer;
	uint64_t next = 0;
	double start;

	transfer_init(&transfer, size, depth, &latencies);
	start = stopwatch_now();
	while (stopwatch_now() - start < seconds) {
		unsigned slot = (unsigned)next;

		if (next >= depth)
			slot = transfer_wait(&transfer);
		transfer_start(&transfer, slot, file,
			       next++ * size % SCRATCH_SIZE, size, true);
	}
	while (latencies.count < next)
		(void)transfer_wait(&transfer);
	result.per_second = (double)next / (stopwatch_now() - start);
	result.p999_ms = latencies_quantile(&latencies, 0.999);
	result.worst_ms = latencies_quantile(&latencies, 1);
	transfer_finish(&transfer);
	latencies_finish(&latencies);
	close(file);
	return result;
}

/* ---- memory ---- */

double
limit_memory_latency_ns(void)
{
	size_t size = (size_t)CHAIN_COUNT * sizeof(uint64_t);
	uint64_t *chain = aligned(size), seed = 1, at = 0;
	double start, seconds;

	/* One cycle through all of them in a random order (Sattolo). */
	for (uint64_t i = 0; i < CHAIN_COUNT; i++)
		chain[i] = i;
	for (uint64_t i = CHAIN_COUNT - 1; i > 0; i--) {
		uint64_t j = number_next(&seed) % i, other = chain[j];

		chain[j] = chain[i];
		chain[i] = other;
	}
	start = stopwatch_now();
	for (int i = 0; i < CHAIN_STEPS; i++)
		at = chain[at];
	seconds = stopwatch_now() - start;
	__asm__ volatile("" : : "r"(at));
	munmap(chain, size);
	return seconds * 1e9 / CHAIN_STEPS;
}

/* ---- the page cache ---- */

void
limit_drop_caches(const char *directory)
{
	DIR *list = opendir(directory);
	struct dirent *entry;
	int file;

	if (!list)
		stop(directory, errno);
	while ((entry = readdir(list))) {
		file = openat(dirfd(list), entry->d_name, O_RDONLY | O_CLOEXEC);
		if (file < 0)
			continue;
		(void)fdatasync(file);
		(void)posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
		close(file);
	}
	closedir(list);
	/* Root can make certain; without, the advice must do. */
	file = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	if (file >= 0) {
		if (write(file, "3", 1) < 0)
			fprintf(stderr, "caches are only advised away\n");
		close(file);
	}
}
