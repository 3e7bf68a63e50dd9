/* SPDX-License-Identifier: MIT */
#include "storage/io/io_directory.h"

#include "base/shell_word.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* For manifests, checkpoints, and the file that is being made. */
enum { SPARE_DESCRIPTORS = 20 };

enum { LOCK_WAIT_US = 1000000, LOCK_RETRY_US = 5000 };

/* Bytes.  More than fit a word of a command: a part is none. */
enum { SHOWN_PATH_MAX = 200 };
static_assert((int)SHOWN_PATH_MAX > (int)SHELL_WORD_SIZE,
	      "a part of a path must not look like one in a command");

/* What we open is never followed through a symlink, and O_NONBLOCK keeps a
 * FIFO from stopping us before we have seen that it is one. */
enum { SAFE_FLAGS = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK };

static struct io_directory *
directory_of(struct io *io)
{
	return CONTAINER_OF(io, struct io_directory, io);
}

static int
negative_errno(void)
{
	return -errno;
}

static void
close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* Who made it may have ended before its name was durable. */
static bool
is_empty(int fd)
{
	enum { DOTS = 2 };
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	int count = 0;

	if (stream == NULL) {
		close_if_open(copy);
		return false;
	}
	while (count <= DOTS && readdir(stream) != NULL)
		count++;
	closedir(stream);
	return count <= DOTS;
}

/* A new directory's name is durable only when its parent is synced. */
static int
sync_parent(int fd)
{
	int parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int status = 0;

	/* Who may not read the parent can't sync it either. */
	if (parent < 0)
		return 0;
	if (fsync(parent) < 0 && errno != EINVAL)
		status = negative_errno();
	close(parent);
	return status;
}

static int
open_directory(const char *path, bool create, int *fd)
{
	bool is_new = create && mkdir(path, 0700) == 0;
	int status = 0;

	if (create && !is_new && errno != EEXIST)
		return negative_errno();
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* The umask may have left us no right to read. */
	if (*fd < 0 && is_new && errno == EACCES && chmod(path, 0700) == 0)
		*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return negative_errno();
	if (is_new && fchmod(*fd, 0700) < 0)
		status = negative_errno();
	if (status == 0 && (is_new || (create && is_empty(*fd))))
		status = sync_parent(*fd);
	if (status < 0)
		close(*fd);
	return status;
}

/* Without it a fork isn't noticed, and a child keeps the lock. */
static bool *
make_fork_mark(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	bool *mark = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mark == MAP_FAILED)
		return NULL;
	if (madvise(mark, size, MADV_WIPEONFORK) < 0) {
		munmap(mark, size);
		return NULL;
	}
	*mark = true;
	return mark;
}

/* The end of a very long path, so that messages have room for what is wrong. */
static char *
make_shown_path(const char *path)
{
	static const char ellipsis[] = "\u2026";
	size_t size = strlen(path);
	size_t left_out = 0;
	char *shown;

	if (size > SHOWN_PATH_MAX)
		left_out = size - SHOWN_PATH_MAX;
	while (left_out > 0 && (path[left_out] & 0xc0) == 0x80)
		left_out++;
	shown = malloc(sizeof(ellipsis) + size - left_out);
	if (shown != NULL)
		sprintf(shown, "%s%s", left_out > 0 ? ellipsis : "",
			path + left_out);
	return shown;
}

int
io_directory_init(struct io_directory *directory,
		  const struct io_methods *methods, const char *path,
		  bool create, struct error *error)
{
	int fd = -1;
	int status;

	*directory = (struct io_directory){ .io.methods = methods,
					    .lock_fd = -1 };
	directory->path = make_shown_path(path);
	if (directory->path == NULL)
		return error_no_memory(error);
	status = open_directory(path, create, &fd);
	if (status < 0) {
		status = io_error(&directory->io, status,
				  create ? "create or open the directory" :
					   "open the directory",
				  NULL, IO_NO_OFFSET, error);
		free(directory->path);
		return status;
	}
	directory->file = (struct io_file){ .read_fd = fd,
					    .write_fd = -1,
					    .is_directory = true };
	directory->is_ours = make_fork_mark();
	return 0;
}

/* A child that was forked has the descriptor too: closing ours would leave the
 * lock with it, for as long as it lives.  Who may be a child himself, as far as
 * he knows, only closes it: the lock may be the parent's. */
static void
unlock(struct io_directory *directory)
{
	struct flock lock = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	if (directory->lock_fd < 0)
		return;
	if (directory->is_ours != NULL && *directory->is_ours)
		(void)fcntl(directory->lock_fd, F_OFD_SETLK, &lock);
	close(directory->lock_fd);
}

void
io_directory_finish(struct io_directory *directory)
{
	unlock(directory);
	close_if_open(directory->file.read_fd);
	if (directory->is_ours != NULL)
		munmap(directory->is_ours, (size_t)sysconf(_SC_PAGESIZE));
	free(directory->path);
}

int
io_directory_refuse(struct io_queue *queue)
{
	unsigned count = queue->count;

	for (unsigned i = 0; i < count && queue->head != NULL; i++) {
		struct io_operation *operation = io_support_pop(queue);

		operation->result = -ECHILD;
		operation->on_done(operation);
	}
	return count > 0 ? (int)count : -ECHILD;
}

static bool
complete(struct io_operation *operation, int64_t result)
{
	operation->result = result;
	return true;
}

/* Below RLIMIT_FSIZE there is less than a block of room: what fits of a write
 * past the page cache isn't aligned, and refused for that. */
static bool
is_beyond_limit(const struct io_operation *operation)
{
	struct rlimit limit;

	return operation->kind == IO_WRITE &&
	       getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
	       limit.rlim_cur != RLIM_INFINITY &&
	       operation->offset + operation->size > limit.rlim_cur;
}

bool
io_directory_advance(struct io_operation *operation, ssize_t moved)
{
	size_t before = operation->done;

	if (moved == -EINTR || moved == -EAGAIN)
		return false;
	/* The rest of a file that ends between two blocks, or a device whose
	 * blocks are larger than ours. */
	if (moved == -EINVAL && operation->is_direct) {
		operation->is_direct = false;
		return false;
	}
	if (moved == -EINVAL && is_beyond_limit(operation))
		moved = -EFBIG;
	if (moved < 0)
		return complete(operation, moved);
	if (operation->kind != IO_READ && operation->kind != IO_WRITE)
		return complete(operation, 0);
	operation->done += (size_t)moved;
	assert(operation->done <= operation->size);
	if (operation->done == operation->size)
		return complete(operation, (int64_t)operation->done);
	if (operation->kind == IO_READ)
		return moved == 0 &&
		       complete(operation, (int64_t)operation->done);
	/* What is left of a write that bypasses the page cache must be aligned
	 * again: a part of what was written is written once more. */
	if (operation->file->is_direct)
		operation->done -= operation->done % IO_ALIGNMENT;
	return operation->done <= before && complete(operation, -EIO);
}

static int
check_name(const struct io_directory *directory, const char *name)
{
	return io_directory_is_ours(directory) ? io_support_check_name(name) :
						 -ECHILD;
}

/* A host that has closed its standard streams goes on printing: not into our
 * files. */
static int
move_above_streams(int fd)
{
	int moved;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (moved < 0)
		return fd;
	close(fd);
	return moved;
}

/* Opens what must be a regular file. */
static int
open_regular(int directory_fd, const char *name, int flags, int *fd,
	     struct stat *status)
{
	*fd = move_above_streams(
		openat(directory_fd, name, flags | SAFE_FLAGS, 0600));
	if (*fd < 0 && (errno == ELOOP || errno == ENXIO))
		return -ENOTSUP;
	if (*fd < 0)
		return negative_errno();
	if (fstat(*fd, status) < 0 || !S_ISREG(status->st_mode)) {
		close(*fd);
		*fd = -1;
		return -ENOTSUP;
	}
	return 0;
}

/* The second descriptor, for writing.  O_DIRECT is set afterwards because an
 * open that fails for lacking it may have had its effects already. */
static int
open_for_writing(struct io_directory *directory, const char *name,
		 unsigned flags, const struct stat *expected,
		 struct io_file *file)
{
	struct stat found;
	int status;

	status = open_regular(directory->file.read_fd, name,
			      O_RDWR | (flags & IO_DURABLE ? O_DSYNC : 0),
			      &file->write_fd, &found);
	if (status < 0)
		return status;
	if (found.st_dev != expected->st_dev ||
	    found.st_ino != expected->st_ino)
		return -ESTALE;
	file->is_direct = fcntl(file->write_fd, F_SETFL, O_DIRECT) == 0;
	if (!file->is_direct && fcntl(file->write_fd, F_SETFL, 0) < 0)
		return negative_errno();
	if (file->is_direct)
		file->direct_fd = file->write_fd;
	return 0;
}

/* Large reads do without it where it can't be had. */
static void
open_for_direct_reads(struct io_directory *directory, const char *name,
		      const struct stat *expected, struct io_file *file)
{
	struct stat found;

	if (open_regular(directory->file.read_fd, name, O_RDONLY,
			 &file->direct_fd, &found) < 0)
		return;
	if (found.st_dev == expected->st_dev &&
	    found.st_ino == expected->st_ino &&
	    fcntl(file->direct_fd, F_SETFL, O_DIRECT) == 0)
		return;
	close(file->direct_fd);
	file->direct_fd = -1;
}

/* The kernel hands out the lowest ones first, so that the highest tell. */
static bool
are_descriptors_few(int fd)
{
	struct rlimit limit;
	int high;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > INT_MAX)
		return false;
	if (limit.rlim_cur < 2 * SPARE_DESCRIPTORS)
		return true;
	high = fcntl(fd, F_DUPFD_CLOEXEC,
		     (int)limit.rlim_cur - SPARE_DESCRIPTORS);
	close_if_open(high);
	return high < 0 ||
	       high >= (int)limit.rlim_cur - SPARE_DESCRIPTORS / 2;
}

static int
open_both(struct io_directory *directory, const char *name, unsigned flags,
	  struct io_file *file)
{
	int create = flags & IO_CREATE ? O_CREAT | O_EXCL : 0;
	struct stat found;
	int status;

	status = open_regular(directory->file.read_fd, name, O_RDONLY | create,
			      &file->read_fd, &found);
	if (status < 0)
		return status;
	if (flags & IO_SPARING && are_descriptors_few(file->read_fd))
		return -EMFILE;
	if (create != 0 && fchmod(file->read_fd, 0600) < 0)
		return negative_errno();
	if (fcntl(file->read_fd, F_SETFL, 0) < 0)
		return negative_errno();
	/* Points are read at random; large reads are read ahead in full all
	 * the same.  It is only advice. */
	posix_fadvise(file->read_fd, 0, 0, POSIX_FADV_RANDOM);
	if (flags & IO_READ_ONLY) {
		open_for_direct_reads(directory, name, &found, file);
		return 0;
	}
	return open_for_writing(directory, name, flags, &found, file);
}

int
io_directory_open(struct io *io, const char *name, unsigned flags,
		  struct io_file **file)
{
	struct io_directory *directory = directory_of(io);
	struct io_file *opened;
	int status = check_name(directory, name);

	if (status < 0)
		return status;
	opened = malloc(sizeof(*opened));
	if (opened == NULL)
		return -ENOMEM;
	*opened = (struct io_file){ .read_fd = -1,
				    .write_fd = -1,
				    .direct_fd = -1 };
	status = open_both(directory, name, flags, opened);
	if (status == 0) {
		*file = opened;
		return 0;
	}
	/* Only what this call has made is unmade. */
	if (flags & IO_CREATE && opened->read_fd >= 0)
		unlinkat(directory->file.read_fd, name, 0);
	io_directory_close(io, opened);
	return status;
}

void
io_directory_close(struct io *io, struct io_file *file)
{
	(void)io;
	if (file == NULL)
		return;
	assert(!file->is_directory);
	close_if_open(file->read_fd);
	close_if_open(file->write_fd);
	if (file->direct_fd != file->write_fd)
		close_if_open(file->direct_fd);
	free(file);
}

int
io_directory_size(struct io *io, struct io_file *file, uint64_t *size)
{
	struct stat status;

	(void)io;
	if (fstat(file->read_fd, &status) < 0)
		return negative_errno();
	*size = (uint64_t)status.st_size;
	return 0;
}

static int
extend(int fd, uint64_t from, uint64_t to)
{
	int status;

	if (fallocate(fd, 0, (off_t)from, (off_t)(to - from)) == 0)
		return 0;
	status = negative_errno();
	if (status == -EOPNOTSUPP || status == -ENOSYS)
		return ftruncate(fd, (off_t)to) < 0 ? negative_errno() : 0;
	/* Some of the room may have been found. */
	if (ftruncate(fd, (off_t)from) < 0)
		return status;
	return status;
}

int
io_directory_resize(struct io *io, struct io_file *file, uint64_t size)
{
	uint64_t before;
	int status = io_directory_size(io, file, &before);

	if (status < 0)
		return status;
	if (!io_directory_is_ours(directory_of(io)))
		return -ECHILD;
	if (file->write_fd < 0)
		return -EBADF;
	if (size > INT64_MAX)
		return -EFBIG;
	if (size > before)
		return extend(file->write_fd, before, size);
	return ftruncate(file->write_fd, (off_t)size) < 0 ? negative_errno() :
							     0;
}

int
io_directory_rename(const struct io_operation *operation)
{
	unsigned flags = operation->kind == IO_EXCHANGE ? RENAME_EXCHANGE : 0;
	int fd = operation->file->read_fd;

	return renameat2(fd, operation->from, fd, operation->to, flags) < 0 ?
		       negative_errno() :
		       0;
}

int
io_directory_remove(struct io *io, const char *name)
{
	int status = check_name(directory_of(io), name);

	if (status == 0 &&
	    unlinkat(directory_of(io)->file.read_fd, name, 0) < 0)
		status = negative_errno();
	return status;
}

static int
visit_all(DIR *stream, int (*visit)(void *context, const char *name),
	  void *context)
{
	for (;;) {
		struct dirent *entry;
		int status;

		errno = 0;
		entry = readdir(stream);
		if (entry == NULL)
			return negative_errno();
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		status = visit(context, entry->d_name);
		if (status != 0)
			return status;
	}
}

int
io_directory_list(struct io *io,
		  int (*visit)(void *context, const char *name), void *context)
{
	int fd = openat(directory_of(io)->file.read_fd, ".",
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream;
	int status;

	if (fd < 0)
		return negative_errno();
	stream = fdopendir(fd);
	if (stream == NULL) {
		status = negative_errno();
		close(fd);
		return status;
	}
	status = visit_all(stream, visit, context);
	closedir(stream);
	return status;
}

struct io_file *
io_directory_itself(struct io *io)
{
	return &directory_of(io)->file;
}

/* A killed process that used io_uring lets go of its files a little late. */
static int
wait_for_lock(struct io *io, int fd, bool is_shared)
{
	struct flock lock = { .l_type = is_shared ? F_RDLCK : F_WRLCK,
			      .l_whence = SEEK_SET };
	int64_t give_up_us = io_support_monotonic_us(io) + LOCK_WAIT_US;

	while (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EACCES)
			return negative_errno();
		if (io_support_monotonic_us(io) >= give_up_us)
			return -EBUSY;
		usleep(LOCK_RETRY_US);
	}
	return 0;
}

/* Whose lock forbids ours.  The pid in the file is the last writer's, who may
 * be long gone when readers are in. */
static int64_t
read_owner(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char text[32];
	ssize_t size = pread(fd, text, sizeof(text) - 1, 0);
	int64_t owner = 0;

	if (fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_RDLCK)
		return IO_OWNER_READERS;
	for (ssize_t i = 0; i < size && i < 18; i++) {
		if (text[i] < '0' || text[i] > '9')
			break;
		owner = owner * 10 + (text[i] - '0');
	}
	return owner;
}

/* In place and of a fixed size, so that it works on a full disk too.  Where
 * it doesn't, nobody's pid must be taken for ours. */
static int
write_owner(int fd)
{
	char text[32];
	int size = snprintf(text, sizeof(text), "%-19" PRId64 "\n",
			    (int64_t)getpid());

	if (pwrite(fd, text, (size_t)size, 0) == size)
		return 0;
	return ftruncate(fd, 0) < 0 ? negative_errno() : 0;
}

/* A reader leaves no trace. */
static int
sign(int fd, bool is_shared)
{
	if (is_shared)
		return 0;
	if (fchmod(fd, 0600) < 0)
		return negative_errno();
	return write_owner(fd);
}

int
io_directory_lock(struct io *io, const char *name, bool is_shared,
		  int64_t *owner)
{
	struct io_directory *directory = directory_of(io);
	struct stat found;
	int fd;
	int status = check_name(directory, name);

	*owner = 0;
	if (status < 0)
		return status;
	status = open_regular(directory->file.read_fd, name,
			      is_shared ? O_RDONLY : O_RDWR | O_CREAT, &fd,
			      &found);
	if (status < 0)
		return status;
	status = wait_for_lock(io, fd, is_shared);
	if (status == -EBUSY)
		*owner = read_owner(fd);
	if (status == 0)
		status = sign(fd, is_shared);
	if (status < 0) {
		close(fd);
		return status;
	}
	close_if_open(directory->lock_fd);
	directory->lock_fd = fd;
	return 0;
}

const char *
io_directory_path(struct io *io)
{
	return directory_of(io)->path;
}
