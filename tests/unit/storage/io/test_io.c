/* SPDX-License-Identifier: MIT */
#include "storage/io/io.h"

#include "tests/support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void
forget_cached(const char *path)
{
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	close(fd);
}

/* In the place of the C library's: directories' parents are synced by it. */
static int syncs, syncs_failing;

int
fsync(int fd)
{
	syncs++;
	if (syncs_failing > 0) {
		syncs_failing--;
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

/* Each TEST goes through all backends: the same facts hold for all. */
enum backend { SYNC, URING, MEMORY, BACKENDS };

struct fixture {
	struct io *io;
	const struct io_methods *call;
	char parent[32];
	char path[48];
};

static int
create_backend(enum backend backend, const char *path, bool create,
	       struct io **io, struct error *error)
{
	switch (backend) {
	case SYNC:
		return io_sync_create(path, create, io, error);
	case URING:
		return io_uring_create(path, create, io, error);
	default:
		return io_memory_create(io, error);
	}
}

static void
setup(struct fixture *fixture, enum backend backend)
{
	struct error error = ERROR_INIT;

	strcpy(fixture->parent, "/tmp/test-io-XXXXXX");
	assert_non_null(mkdtemp(fixture->parent));
	snprintf(fixture->path, sizeof(fixture->path), "%s/db",
		 fixture->parent);
	assert_int_equal(create_backend(backend, fixture->path, true,
					&fixture->io, &error), 0);
	fixture->call = fixture->io->methods;
}

static int
remove_visited(void *context, const char *name)
{
	struct io *io = context;

	return io->methods->remove(io, name);
}

static void
teardown(struct fixture *fixture)
{
	assert_int_equal(fixture->call->list(fixture->io, remove_visited,
					     fixture->io), 0);
	fixture->call->destroy(fixture->io);
	rmdir(fixture->path);
	assert_int_equal(rmdir(fixture->parent), 0);
}

static int
lock(struct io *io, bool is_shared, int64_t *owner)
{
	return io->methods->lock(io, "lock", is_shared, owner);
}

static struct io_file *
make_file(struct fixture *fixture, const char *name, unsigned flags)
{
	struct io_file *file = NULL;

	assert_int_equal(fixture->call->open(fixture->io, name,
					     IO_CREATE | flags, &file), 0);
	return file;
}

static void *
make_block(size_t size, int byte)
{
	void *block = aligned_alloc(IO_ALIGNMENT, size);

	assert_non_null(block);
	memset(block, byte, size);
	return block;
}

static int notes;

static void
note_done(struct io_operation *operation)
{
	(void)operation;
	notes++;
}

static void
assert_filled(const uint8_t *bytes, size_t size, int expected)
{
	for (size_t i = 0; i < size; i++)
		assert_int_equal(bytes[i], expected);
}

static void
write_and_read(struct fixture *fixture, unsigned flags)
{
	struct io *io = fixture->io;
	struct io_file *file = make_file(fixture, "a", flags);
	uint8_t *block = make_block(2 * IO_ALIGNMENT, 7);
	uint8_t bytes[300];
	uint64_t size;

	assert_int_equal(io_write_now(io, file, IO_ALIGNMENT, block,
				      2 * IO_ALIGNMENT), 2 * IO_ALIGNMENT);
	assert_int_equal(io_sync_now(io, file), 0);
	assert_int_equal(io_sync_now(io, fixture->call->directory(io)), 0);
	assert_int_equal(fixture->call->size(io, file, &size), 0);
	assert_int_equal(size, 3 * IO_ALIGNMENT);
	/* odd in offset, size and memory; a hole and data */
	assert_int_equal(io_read_now(io, file, IO_ALIGNMENT - 100, bytes + 1,
				     299), 299);
	assert_filled(bytes + 1, 100, 0);
	assert_filled(bytes + 101, 199, 7);
	fixture->call->close(io, file);
	free(block);
	assert_int_equal(fixture->call->remove(io, "a"), 0);
}

TEST(what_was_written_is_read_at_any_alignment)
{
	for (enum backend backend = 0; backend < BACKENDS; backend++) {
		struct fixture fixture;

		setup(&fixture, backend);
		write_and_read(&fixture, 0);
		write_and_read(&fixture, IO_DURABLE);
		teardown(&fixture);
	}
}

/* Cached in full, in part or not at all; alone and beside another one. */
TEST(a_read_is_the_same_wherever_its_bytes_are)
{
	enum { PAGES = 64, SIZE = PAGES * IO_ALIGNMENT };
	uint8_t *block = make_block(SIZE, 0);
	uint8_t *bytes = make_block(SIZE, 0);

	for (size_t i = 0; i < SIZE; i++)
		block[i] = (uint8_t)(i / IO_ALIGNMENT * 3 + i);
	for (enum backend backend = 0; backend < MEMORY; backend++) {
		struct fixture fixture;
		struct io_file *file;
		char path[80];

		setup(&fixture, backend);
		file = make_file(&fixture, "a", 0);
		snprintf(path, sizeof(path), "%s/a", fixture.path);
		assert_int_equal(io_write_now(fixture.io, file, 0, block, SIZE),
				 SIZE);
		assert_int_equal(io_sync_now(fixture.io, file), 0);
		for (size_t cached = 0; cached <= PAGES; cached += 16) {
			size_t size = cached * IO_ALIGNMENT;

			forget_cached(path);
			if (size > 0)
				assert_int_equal(io_read_now(fixture.io, file,
							     0, bytes, size),
						 size);
			memset(bytes, 0xaa, SIZE);
			assert_int_equal(io_read_now(fixture.io, file, 7,
						     bytes, SIZE), SIZE - 7);
			assert_memory_equal(bytes, block + 7, SIZE - 7);
		}
		fixture.call->close(fixture.io, file);
		teardown(&fixture);
	}
	free(block);
	free(bytes);
}

TEST(a_read_past_the_end_returns_what_there_is)
{
	for (enum backend backend = 0; backend < BACKENDS; backend++) {
		struct fixture fixture;
		struct io_file *file;
		uint8_t *block = make_block(IO_ALIGNMENT, 9);
		uint8_t bytes[2 * IO_ALIGNMENT];
		const struct { uint64_t offset; size_t size; int64_t result; }
		rows[] = {
			{ 0, IO_ALIGNMENT, IO_ALIGNMENT },
			{ 0, IO_ALIGNMENT + 1, IO_ALIGNMENT },
			{ 4000, 2 * IO_ALIGNMENT, 96 },
			{ IO_ALIGNMENT, 10, 0 },
			{ 1 << 30, 10, 0 },
			{ 10, 0, 0 },
		};

		setup(&fixture, backend);
		file = make_file(&fixture, "a", 0);
		assert_int_equal(io_write_now(fixture.io, file, 0, block,
					      IO_ALIGNMENT), IO_ALIGNMENT);
		for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
			assert_int_equal(io_read_now(fixture.io, file,
						     rows[i].offset, bytes,
						     rows[i].size),
					 rows[i].result);
		fixture.call->close(fixture.io, file);
		free(block);
		teardown(&fixture);
	}
}

enum { DIRECT_SIZE = 3 * IO_ALIGNMENT - 100 };

static int64_t
read_direct(struct io *io, struct io_file *file, uint64_t offset, void *data,
	    size_t size)
{
	struct io_operation read = { .kind = IO_READ,
				     .file = file,
				     .offset = offset,
				     .data = data,
				     .size = size,
				     .is_direct = true,
				     .on_done = note_done };

	notes = 0;
	io->methods->submit(io, &read);
	while (notes == 0)
		assert_true(io->methods->poll(io, -1) >= 0);
	return read.result;
}

static void
assert_direct_reads(struct io *io, struct io_file *file)
{
	uint8_t *block = make_block(4 * IO_ALIGNMENT, 0);

	assert_int_equal(read_direct(io, file, IO_ALIGNMENT, block,
				     IO_ALIGNMENT), IO_ALIGNMENT);
	assert_filled(block, IO_ALIGNMENT, 7);
	/* The file ends within a block. */
	assert_int_equal(read_direct(io, file, 0, block, 4 * IO_ALIGNMENT),
			 DIRECT_SIZE);
	assert_filled(block, DIRECT_SIZE, 7);
	/* It is only a wish: nothing must be aligned. */
	memset(block, 0, 4 * IO_ALIGNMENT);
	assert_int_equal(read_direct(io, file, 5, block + 1, 300), 300);
	assert_filled(block, 1, 0);
	assert_filled(block + 1, 300, 7);
	assert_filled(block + 301, 100, 0);
	free(block);
}

TEST(a_direct_read_is_a_read)
{
	for (enum backend backend = 0; backend < BACKENDS; backend++) {
		struct fixture fixture;
		struct io_file *file;
		uint8_t *block = make_block(3 * IO_ALIGNMENT, 7);

		setup(&fixture, backend);
		file = make_file(&fixture, "a", IO_DURABLE);
		assert_int_equal(io_write_now(fixture.io, file, 0, block,
					      3 * IO_ALIGNMENT),
				 3 * IO_ALIGNMENT);
		assert_int_equal(fixture.call->resize(fixture.io, file,
						      DIRECT_SIZE), 0);
		assert_direct_reads(fixture.io, file);
		fixture.call->close(fixture.io, file);
		assert_int_equal(fixture.call->open(fixture.io, "a",
						    IO_READ_ONLY, &file), 0);
		assert_direct_reads(fixture.io, file);
		fixture.call->close(fixture.io, file);
		free(block);
		teardown(&fixture);
	}
}

TEST(resizing_cuts_and_extends_with_zeros)
{
	for (enum backend backend = 0; backend < BACKENDS; backend++) {
		struct fixture fixture;
		struct io_file *file;
		uint8_t *block = make_block(IO_ALIGNMENT, 9);
		uint8_t bytes[IO_ALIGNMENT];
		uint64_t size;

		setup(&fixture, backend);
		file = make_file(&fixture, "a", 0);
		assert_int_equal(io_write_now(fixture.io, file, 0, block,
					      IO_ALIGNMENT), IO_ALIGNMENT);
		assert_int_equal(fixture.call->resize(fixture.io, file, 10), 0);
		assert_int_equal(fixture.call->resize(fixture.io, file,
						      1 << 20), 0);
		assert_int_equal(fixture.call->size(fixture.io, file, &size),
				 0);
		assert_int_equal(size, 1 << 20);
		assert_int_equal(io_read_now(fixture.io, file, 0, bytes,
					     sizeof(bytes)), sizeof(bytes));
		assert_filled(bytes, 10, 9);
		assert_filled(bytes + 10, sizeof(bytes) - 10, 0);
		fixture.call->close(fixture.io, file);
		free(block);
		teardown(&fixture);
	}
}

struct names {
	size_t count;
	char text[8][32];
};

static int
collect(void *context, const char *name)
{
	struct names *names = context;

	assert_true(names->count < ARRAY_COUNT(names->text));
	strcpy(names->text[names->count++], name);
	return 0;
}

static int
stop_at_once(void *context, const char *name)
{
	(void)name;
	++*(int *)context;
	return 42;
}

TEST(names_are_listed_renamed_and_removed)
{
	for (enum backend backend = 0; backend < BACKENDS; backend++) {
		struct fixture fixture;
		struct io *io;
		struct names names = { 0 };
		struct io_file *file;
		int visits = 0;

		setup(&fixture, backend);
		io = fixture.io;
		fixture.call->close(io, make_file(&fixture, "a", 0));
		fixture.call->close(io, make_file(&fixture, "b", 0));
		assert_int_equal(fixture.call->open(io, "a", IO_CREATE, &file),
				 -EEXIST);
		assert_int_equal(io_rename_now(io, IO_RENAME, "a", "b"), 0);
		assert_int_equal(io_rename_now(io, IO_RENAME, "a", "b"),
				 -ENOENT);
		assert_int_equal(io_rename_now(io, IO_RENAME, "b", "c"), 0);
		assert_int_equal(fixture.call->list(io, collect, &names), 0);
		assert_int_equal(names.count, 1);
		assert_string_equal(names.text[0], "c");
		assert_int_equal(fixture.call->list(io, stop_at_once, &visits),
				 42);
		assert_int_equal(visits, 1);
		assert_int_equal(fixture.call->open(io, "a", 0, &file),
				 -ENOENT);
		assert_int_equal(fixture.call->remove(io, "c"), 0);
		assert_int_equal(fixture.call->remove(io, "c"), -ENOENT);
		teardown(&fixture);
	}
}

static void
assert_size(struct fixture *fixture, const char *name, uint64_t expected)
{
	struct io_file *file;
	uint64_t size;

	assert_int_equal(fixture->call->open(fixture->io, name, 0, &file), 0);
	assert_int_equal(fixture->call->size(fixture->io, file, &size), 0);
	assert_int_equal(size, expected);
	fixture->call->close(fixture->io, file);
}

TEST(two_names_change_places_or_nothing_does)
{
	for (enum backend backend = 0; backend < BACKENDS; backend++) {
		struct fixture fixture;
		struct io_file *file;
		struct io *io;

		setup(&fixture, backend);
		io = fixture.io;
		file = make_file(&fixture, "a", 0);
		assert_int_equal(fixture.call->resize(io, file, IO_ALIGNMENT),
				 0);
		fixture.call->close(io, file);
		assert_int_equal(io_rename_now(io, IO_EXCHANGE, "a", "b"),
				 -ENOENT);
		assert_int_equal(io_rename_now(io, IO_EXCHANGE, "b", "a"),
				 -ENOENT);
		assert_size(&fixture, "a", IO_ALIGNMENT);
		fixture.call->close(io, make_file(&fixture, "b", 0));
		assert_int_equal(io_rename_now(io, IO_EXCHANGE, "a", "b"), 0);
		assert_size(&fixture, "a", 0);
		assert_size(&fixture, "b", IO_ALIGNMENT);
		assert_int_equal(fixture.call->remove(io, "b"), 0);
		assert_size(&fixture, "a", 0);
		teardown(&fixture);
	}
}

TEST(an_open_file_outlives_its_name)
{
	for (enum backend backend = 0; backend < BACKENDS; backend++) {
		struct fixture fixture;
		struct io_file *file;
		uint8_t *block = make_block(IO_ALIGNMENT, 5);
		uint8_t byte = 0;

		setup(&fixture, backend);
		file = make_file(&fixture, "a", 0);
		assert_int_equal(fixture.call->remove(fixture.io, "a"), 0);
		assert_int_equal(io_write_now(fixture.io, file, 0, block,
					      IO_ALIGNMENT), IO_ALIGNMENT);
		assert_int_equal(io_read_now(fixture.io, file, 77, &byte, 1),
				 1);
		assert_int_equal(byte, 5);
		fixture.call->close(fixture.io, file);
		free(block);
		teardown(&fixture);
	}
}

TEST(a_name_is_one_component)
{
	static char long_name[300];
	const struct { const char *name; int status; } rows[] = {
		{ "", -EINVAL },      { ".", -EINVAL },
		{ "..", -EINVAL },    { "a/b", -EINVAL },
		{ "/etc", -EINVAL },  { long_name, -ENAMETOOLONG },
	};

	memset(long_name, 'x', sizeof(long_name) - 1);
	for (enum backend backend = 0; backend < BACKENDS; backend++) {
		struct fixture fixture;
		struct io_file *file;

		setup(&fixture, backend);
		for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
			assert_int_equal(fixture.call->open(
				fixture.io, rows[i].name, IO_CREATE, &file),
					 rows[i].status);
		teardown(&fixture);
	}
}

TEST(a_read_only_file_is_not_written)
{
	for (enum backend backend = 0; backend < BACKENDS; backend++) {
		struct fixture fixture;
		struct io_file *file;
		uint8_t *block = make_block(IO_ALIGNMENT, 5);

		setup(&fixture, backend);
		fixture.call->close(fixture.io, make_file(&fixture, "a", 0));
		assert_int_equal(fixture.call->open(fixture.io, "a",
						    IO_READ_ONLY, &file), 0);
		assert_int_equal(io_write_now(fixture.io, file, 0, block,
					      IO_ALIGNMENT), -EBADF);
		assert_int_equal(fixture.call->resize(fixture.io, file, 10),
				 -EBADF);
		fixture.call->close(fixture.io, file);
		free(block);
		teardown(&fixture);
	}
}

struct chain {
	struct io_operation operation;
	struct io *io;
	uint64_t *completed;
	unsigned left;
	bool is_inside; /* of submit or of on_done */
};

static void
on_chain_done(struct io_operation *operation)
{
	struct chain *chain = CONTAINER_OF(operation, struct chain, operation);

	assert_false(chain->is_inside);
	assert_int_equal(operation->result, IO_ALIGNMENT);
	++*chain->completed;
	if (chain->left == 0) {
		free(operation->data);
		free(chain);
		return;
	}
	chain->left--;
	operation->kind = operation->kind == IO_WRITE ? IO_READ : IO_WRITE;
	chain->is_inside = true;
	chain->io->methods->submit(chain->io, operation);
	chain->is_inside = false;
}

static void
start_chain(struct io *io, struct io_file *file, unsigned number,
	    uint64_t *completed)
{
	struct chain *chain = calloc(1, sizeof(*chain));

	assert_non_null(chain);
	*chain = (struct chain){
		.operation = { .kind = IO_WRITE,
			       .file = file,
			       .offset = number * (uint64_t)IO_ALIGNMENT,
			       .data = make_block(IO_ALIGNMENT,
						  (int)(number & 127)),
			       .size = IO_ALIGNMENT,
			       .on_done = on_chain_done },
		.io = io,
		.completed = completed,
		.left = 3,
	};
	chain->is_inside = true;
	io->methods->submit(io, &chain->operation);
	chain->is_inside = false;
}

/* More than any ring holds, each of which submits the next from its on_done
 * and frees itself at the end. */
TEST(many_operations_are_in_flight_and_submit_more)
{
	enum { CHAINS = 1000 };

	for (enum backend backend = 0; backend < BACKENDS; backend++) {
		struct fixture fixture;
		struct io_file *file;
		uint64_t completed = 0;
		uint8_t *bytes;
		int count = 0;

		setup(&fixture, backend);
		file = make_file(&fixture, "a", 0);
		assert_int_equal(fixture.call->poll(fixture.io, -1), 0);
		for (unsigned i = 0; i < CHAINS; i++)
			start_chain(fixture.io, file, i, &completed);
		assert_int_equal(completed, 0);
		while (completed < CHAINS * 4) {
			int status = fixture.call->poll(fixture.io, -1);

			assert_true(status >= 0);
			count += status;
		}
		assert_int_equal(count, CHAINS * 4);
		bytes = malloc(CHAINS * (size_t)IO_ALIGNMENT);
		assert_int_equal(io_read_now(fixture.io, file, 0, bytes,
					     CHAINS * (size_t)IO_ALIGNMENT),
				 CHAINS * (size_t)IO_ALIGNMENT);
		for (size_t i = 0; i < CHAINS; i++)
			assert_filled(bytes + i * IO_ALIGNMENT, IO_ALIGNMENT,
				      (int)(i & 127));
		free(bytes);
		fixture.call->close(fixture.io, file);
		teardown(&fixture);
	}
}

static void
ignore_done(struct io_operation *operation)
{
	(void)operation;
	fail();
}

TEST(destroy_waits_for_what_is_in_flight)
{
	for (enum backend backend = 0; backend < BACKENDS; backend++) {
		struct fixture fixture;
		struct io_file *file;
		uint8_t *block = make_block(64 * IO_ALIGNMENT, 5);
		struct io_operation operations[64];

		if (backend == MEMORY)
			free(block);
		if (backend == MEMORY)
			continue; /* its files die with it */
		setup(&fixture, backend);
		file = make_file(&fixture, "a", 0);
		for (size_t i = 0; i < ARRAY_COUNT(operations); i++) {
			operations[i] = (struct io_operation){
				.kind = IO_WRITE,
				.file = file,
				.offset = i * IO_ALIGNMENT,
				.data = block + i * IO_ALIGNMENT,
				.size = IO_ALIGNMENT,
				.on_done = ignore_done,
			};
			fixture.call->submit(fixture.io, &operations[i]);
		}
		fixture.call->destroy(fixture.io);
		free(block);
		assert_int_equal(create_backend(backend, fixture.path, false,
						&fixture.io, NULL), 0);
		fixture.call->close(fixture.io, file);
		teardown(&fixture);
	}
}

TEST(only_one_has_the_lock)
{
	for (enum backend backend = 0; backend < BACKENDS; backend++) {
		struct fixture fixture;
		struct io *second;
		int64_t owner = -1;

		setup(&fixture, backend);
		assert_int_equal(lock(fixture.io, false, &owner), 0);
		if (backend == MEMORY) {
			assert_int_equal(lock(fixture.io, false, &owner),
					 -EBUSY);
			assert_int_equal(owner, getpid());
			teardown(&fixture);
			continue;
		}
		assert_int_equal(create_backend(backend, fixture.path, false,
						&second, NULL), 0);
		assert_int_equal(lock(second, false, &owner), -EBUSY);
		assert_int_equal(owner, getpid());
		fixture.call->destroy(fixture.io);
		fixture.io = second;
		assert_int_equal(lock(second, false, &owner), 0);
		teardown(&fixture);
	}
}

static struct io *
open_again(const struct fixture *fixture, enum backend backend)
{
	struct io *io;

	assert_int_equal(create_backend(backend, fixture->path, false, &io,
					NULL), 0);
	return io;
}

TEST(readers_share_the_lock_and_keep_writers_out)
{
	for (enum backend backend = 0; backend < MEMORY; backend++) {
		struct fixture fixture;
		struct io *second, *writer;
		int64_t owner = -7;

		setup(&fixture, backend);
		assert_int_equal(lock(fixture.io, true, &owner), -ENOENT);
		writer = open_again(&fixture, backend);
		assert_int_equal(lock(writer, false, &owner), 0);
		assert_int_equal(lock(fixture.io, true, &owner), -EBUSY);
		assert_int_equal(owner, getpid());
		writer->methods->destroy(writer);
		assert_int_equal(lock(fixture.io, true, &owner), 0);
		second = open_again(&fixture, backend);
		assert_int_equal(lock(second, true, &owner), 0);
		writer = open_again(&fixture, backend);
		assert_int_equal(lock(writer, false, &owner), -EBUSY);
		assert_int_equal(owner, IO_OWNER_READERS);
		second->methods->destroy(second);
		fixture.call->destroy(fixture.io);
		fixture.io = writer;
		assert_int_equal(lock(writer, false, &owner), 0);
		teardown(&fixture);
	}
}

TEST(a_shared_lock_leaves_no_trace)
{
	for (enum backend backend = 0; backend < MEMORY; backend++) {
		struct fixture fixture;
		struct io *reader;
		struct stat before, after;
		char path[80];
		int64_t owner;

		setup(&fixture, backend);
		snprintf(path, sizeof(path), "%s/lock", fixture.path);
		fixture.call->close(fixture.io, make_file(&fixture, "lock", 0));
		assert_int_equal(chmod(path, 0400), 0);
		assert_int_equal(stat(path, &before), 0);
		reader = open_again(&fixture, backend);
		assert_int_equal(lock(reader, true, &owner), 0);
		reader->methods->destroy(reader);
		assert_int_equal(stat(path, &after), 0);
		assert_int_equal(after.st_size, 0);
		assert_int_equal(after.st_mode & 07777, 0400);
		assert_memory_equal(&after.st_ctim, &before.st_ctim,
				    sizeof(after.st_ctim));
		teardown(&fixture);
	}
}

TEST(only_regular_files_are_opened)
{
	static const char *const names[] = { "fifo", "link", "folder" };

	for (enum backend backend = 0; backend < MEMORY; backend++) {
		struct fixture fixture;
		char path[80];
		struct io_file *file;
		int64_t owner;

		setup(&fixture, backend);
		snprintf(path, sizeof(path), "%s/fifo", fixture.path);
		assert_int_equal(mkfifo(path, 0600), 0);
		snprintf(path, sizeof(path), "%s/link", fixture.path);
		assert_int_equal(symlink("/dev/zero", path), 0);
		snprintf(path, sizeof(path), "%s/folder", fixture.path);
		assert_int_equal(mkdir(path, 0700), 0);
		for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
			assert_int_equal(fixture.call->open(
				fixture.io, names[i], IO_READ_ONLY, &file),
					 -ENOTSUP);
			assert_int_equal(fixture.call->open(
				fixture.io, names[i], 0, &file), -ENOTSUP);
			assert_int_equal(fixture.call->open(
				fixture.io, names[i], IO_CREATE, &file),
					 -EEXIST);
			assert_true(fixture.call->lock(fixture.io, names[i],
						       false, &owner) < 0);
		}
		assert_int_equal(rmdir(path), 0);
		teardown(&fixture);
	}
}

TEST(modes_ignore_the_umask)
{
	for (enum backend backend = 0; backend < MEMORY; backend++) {
		mode_t before = umask(0477);
		struct fixture fixture;
		struct stat status;
		char path[80];
		int64_t owner;

		setup(&fixture, backend);
		fixture.call->close(fixture.io, make_file(&fixture, "a", 0));
		assert_int_equal(lock(fixture.io, false, &owner), 0);
		umask(before);
		assert_int_equal(stat(fixture.path, &status), 0);
		assert_int_equal(status.st_mode & 07777, 0700);
		snprintf(path, sizeof(path), "%s/a", fixture.path);
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(status.st_mode & 07777, 0600);
		snprintf(path, sizeof(path), "%s/lock", fixture.path);
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(status.st_mode & 07777, 0600);
		teardown(&fixture);
	}
}

/* Nothing is made in a directory whose own name may not be durable. */
TEST(an_empty_directory_is_as_good_as_a_new_one)
{
	for (enum backend backend = 0; backend < MEMORY; backend++) {
		char parent[] = "/tmp/test-io-XXXXXX", path[48];
		struct error error = ERROR_INIT;
		struct io *io = NULL;
		int64_t owner;

		assert_non_null(mkdtemp(parent));
		snprintf(path, sizeof(path), "%s/db", parent);
		for (int i = 0; i < 2; i++) {
			syncs_failing = 1;
			assert_true(create_backend(backend, path, true, &io,
						   &error) < 0);
			assert_int_equal(syncs_failing, 0);
			assert_int_equal(error.code, ERROR_IO);
		}
		assert_int_equal(create_backend(backend, path, true, &io,
						&error), 0);
		assert_int_equal(lock(io, false, &owner), 0);
		io->methods->destroy(io);
		syncs = 0;
		assert_int_equal(create_backend(backend, path, true, &io,
						&error), 0);
		assert_int_equal(syncs, 0);
		assert_int_equal(io->methods->remove(io, "lock"), 0);
		io->methods->destroy(io);
		rmdir(path);
		assert_int_equal(rmdir(parent), 0);
	}
}

TEST(a_directory_that_cannot_be_opened_is_named)
{
	static char too_long[5000], too_long_message[512];
	struct {
		const char *path;
		bool create;
		const char *message;
	} rows[] = {
		{ "/tmp/test-io-missing", false,
		  "cannot open the directory /tmp/test-io-missing: "
		  "No such file or directory" },
		{ "/tmp/test-io-missing/db", true,
		  "cannot create or open the directory "
		  "/tmp/test-io-missing/db: No such file or directory" },
		{ "/dev/null", true,
		  "cannot create or open the directory /dev/null: "
		  "Not a directory" },
		{ too_long, true, too_long_message },
	};

	/* Of a long path the end is shown, and no half of a character. */
	for (size_t i = 0; i + 2 < sizeof(too_long); i += 2)
		memcpy(too_long + i, "é", 2);
	too_long[sizeof(too_long) - 2] = 'z';
	snprintf(too_long_message, sizeof(too_long_message),
		 "cannot create or open the directory …%s: "
		 "File name too long",
		 too_long + sizeof(too_long) - 1 - 199);
	for (enum backend backend = 0; backend < MEMORY; backend++) {
		for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
			struct error error = ERROR_INIT;
			struct io *io;

			assert_int_equal(create_backend(backend, rows[i].path,
							rows[i].create, &io,
							&error), -ERROR_IO);
			assert_string_equal(error.message, rows[i].message);
		}
	}
}

TEST(errors_name_file_offset_and_reason)
{
	struct fixture fixture;
	struct error error = ERROR_INIT;

	setup(&fixture, MEMORY);
	assert_int_equal(io_error(fixture.io, -ENOSPC, "write", "a", 8192,
				  &error), -ERROR_FULL);
	assert_string_equal(error.message,
			    "cannot write :memory:/a at offset 8192: "
			    "No space left on device");
	assert_int_equal(io_error(fixture.io, -EIO, "sync", NULL,
				  IO_NO_OFFSET, &error), -ERROR_IO);
	assert_string_equal(error.message,
			    "cannot sync :memory:: Input/output error");
	teardown(&fixture);
}

TEST(clocks_run_and_random_bytes_differ)
{
	for (enum backend backend = 0; backend < BACKENDS; backend++) {
		struct fixture fixture;
		uint64_t a = 0;
		uint64_t b = 0;
		int64_t before;

		setup(&fixture, backend);
		assert_true(fixture.call->clock_us(fixture.io) >
			    INT64_C(1600000000000000));
		before = fixture.call->monotonic_us(fixture.io);
		usleep(1000);
		assert_true(fixture.call->monotonic_us(fixture.io) >=
			    before + 1000);
		fixture.call->random(fixture.io, &a, sizeof(a));
		fixture.call->random(fixture.io, &b, sizeof(b));
		assert_true(a != b);
		teardown(&fixture);
	}
}

/* Where io_uring is refused, as in most containers. */
static void
refuse_rings(int code)
{
	struct sock_filter code_of_filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K,
			 SECCOMP_RET_ERRNO | (uint32_t)code),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { ARRAY_COUNT(code_of_filter),
				     code_of_filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
		_exit(77);
}

/* 0 when a block that is written through a refused ring reads back. */
static int
use_without_ring(const char *path)
{
	struct io *io;
	struct io_file *file;
	uint8_t *block = aligned_alloc(IO_ALIGNMENT, IO_ALIGNMENT);
	uint8_t byte = 0;

	if (block == NULL || io_uring_create(path, true, &io, NULL) < 0)
		return 1;
	memset(block, 3, IO_ALIGNMENT);
	if (io->methods->open(io, "a", IO_CREATE | IO_DURABLE, &file) < 0)
		return 2;
	if (io_write_now(io, file, 0, block, IO_ALIGNMENT) != IO_ALIGNMENT ||
	    io_read_now(io, file, 9, &byte, 1) != 1 || byte != 3)
		return 3;
	io->methods->close(io, file);
	io->methods->destroy(io);
	free(block);
	return 0;
}

TEST(where_the_kernel_refuses_a_ring_it_works_without)
{
	static const int codes[] = { ENOSYS, EPERM, ENOMEM };

	for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
		struct fixture fixture;
		int status = 0;
		pid_t child;

		setup(&fixture, URING);
		child = fork();
		if (child == 0) {
			refuse_rings(codes[i]);
			_exit(use_without_ring(fixture.path));
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		/* 77: this machine lets nobody filter system calls. */
		if (WEXITSTATUS(status) != 77)
			assert_int_equal(WEXITSTATUS(status), 0);
		teardown(&fixture);
	}
}

static void
hold_lock(const char *path, int ready)
{
	struct io *io;
	int64_t owner;

	if (io_uring_create(path, false, &io, NULL) < 0 ||
	    lock(io, false, &owner) < 0 ||
	    write(ready, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

TEST(the_lock_names_its_holder_and_dies_with_it)
{
	struct fixture fixture;
	int64_t owner;
	int ready[2];
	char byte;
	pid_t child;

	setup(&fixture, URING);
	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0)
		hold_lock(fixture.path, ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(lock(fixture.io, false, &owner), -EBUSY);
	assert_int_equal(owner, child);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(lock(fixture.io, false, &owner), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(ready[0]);
	close(ready[1]);
	teardown(&fixture);
}

/* Exits with the number of what went wrong. */
static void
open_without_streams(enum backend backend, const char *path)
{
	struct io *io;
	struct io_file *file;
	struct stat status;
	int64_t owner;

	if (create_backend(backend, path, false, &io, NULL) < 0)
		_exit(1);
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		close(fd);
	if (lock(io, false, &owner) < 0)
		_exit(2);
	if (io->methods->open(io, "a", IO_CREATE, &file) < 0)
		_exit(3);
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
			_exit(4);
	_exit(0);
}

TEST(no_file_takes_the_place_of_a_standard_stream)
{
	for (enum backend backend = 0; backend < MEMORY; backend++) {
		struct fixture fixture;
		int status;
		pid_t child;

		setup(&fixture, backend);
		fflush(NULL);
		child = fork();
		if (child == 0)
			open_without_streams(backend, fixture.path);
		assert_true(waitpid(child, &status, 0) == child);
		assert_int_equal(status, 0);
		teardown(&fixture);
	}
}

static void
check_limit_of_files(rlim_t bytes)
{
	struct rlimit before;
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = bytes;
	signal(SIGXFSZ, SIG_IGN);
	for (enum backend backend = 0; backend < MEMORY; backend++) {
		struct fixture fixture;
		struct io_file *file;
		uint8_t *block = make_block(4 * IO_ALIGNMENT, 1);
		int64_t within;
		int64_t across;

		setup(&fixture, backend);
		file = make_file(&fixture, "a", 0);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		within = io_write_now(fixture.io, file, 0, block,
				      2 * IO_ALIGNMENT);
		/* A part fits; what is left is refused. */
		across = io_write_now(fixture.io, file, 0, block,
				      4 * IO_ALIGNMENT);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
		assert_int_equal(within, 2 * IO_ALIGNMENT);
		assert_int_equal(across, -EFBIG);
		fixture.call->close(fixture.io, file);
		free(block);
		teardown(&fixture);
	}
	signal(SIGXFSZ, SIG_DFL);
}

TEST(a_write_beyond_the_limit_of_files_is_an_error)
{
	check_limit_of_files(2 * IO_ALIGNMENT);
	/* Nobody can write a part of a block past the page cache. */
	check_limit_of_files(2 * IO_ALIGNMENT + 1000);
}

UNIT_MAIN()
