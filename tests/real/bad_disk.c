/* SPDX-License-Identifier: MIT
 *
 * Preloaded into a program, it makes pread, pwrite and fdatasync misbehave, on
 * every file whose name ends as BAD_DISK_FILES says:
 *
 *	BAD_DISK_SHORT=N    a transfer of more than 512 bytes moves only a part
 *	                    of it, by a fixed lot with seed N
 *	BAD_DISK_WRITE=N    write number N and all later ones fail with EIO
 *	BAD_DISK_READ=N     likewise for reads
 *	BAD_DISK_SYNC=N     sync number N fails with EIO, which is told on
 *	                    standard error; later ones succeed, and are told */
/* Both names of a function are wanted, not one that means the other. */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#pragma GCC visibility push(default)

ssize_t pread(int fd, void *data, size_t size, off_t offset);
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset);
ssize_t pread64(int fd, void *data, size_t size, off_t offset);
ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset);
int fdatasync(int fd);

#pragma GCC visibility pop

static long
number_of(const char *name)
{
	const char *text = getenv(name);

	return text == NULL ? 0 : atol(text);
}

static int
is_meant(int fd)
{
	const char *end = getenv("BAD_DISK_FILES");
	char link[64], path[4096];
	ssize_t size;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	size = readlink(link, path, sizeof(path) - 1);
	if (size < 0 || end == NULL || (size_t)size < strlen(end))
		return 0;
	path[size] = '\0';
	return strcmp(path + size - strlen(end), end) == 0;
}

/* How much of a transfer is done: at least a byte. */
static size_t
shorten(size_t size)
{
	static uint64_t state;

	if (number_of("BAD_DISK_SHORT") == 0 || size <= 512)
		return size;
	state = state * 6364136223846793005u + 1442695040888963407u +
		(uint64_t)number_of("BAD_DISK_SHORT");
	return 1 + (size_t)(state >> 33) % size;
}

static void *
real(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found == NULL)
		abort();
	return found;
}

static int
fails(long *count, const char *name, int is_lasting)
{
	long first = number_of(name);

	++*count;
	if (first == 0 || *count < first || (!is_lasting && *count > first))
		return 0;
	errno = EIO;
	return 1;
}

ssize_t
pread64(int fd, void *data, size_t size, off_t offset)
{
	static long count;
	ssize_t (*next)(int, void *, size_t, off_t);

	*(void **)&next = real("pread64");
	if (is_meant(fd)) {
		if (fails(&count, "BAD_DISK_READ", 1))
			return -1;
		size = shorten(size);
	}
	return next(fd, data, size, offset);
}

ssize_t
pwrite64(int fd, const void *data, size_t size, off_t offset)
{
	static long count;
	ssize_t (*next)(int, const void *, size_t, off_t);

	*(void **)&next = real("pwrite64");
	if (is_meant(fd)) {
		if (fails(&count, "BAD_DISK_WRITE", 1))
			return -1;
		/* Direct writes stay whole blocks. */
		if (shorten(size) < size && size > 4096)
			size = (shorten(size) + 4095) / 4096 * 4096;
	}
	return next(fd, data, size, offset);
}

ssize_t
pread(int fd, void *data, size_t size, off_t offset)
{
	return pread64(fd, data, size, offset);
}

ssize_t
pwrite(int fd, const void *data, size_t size, off_t offset)
{
	return pwrite64(fd, data, size, offset);
}

int
fdatasync(int fd)
{
	static long count;
	int (*next)(int);

	*(void **)&next = real("fdatasync");
	if (!is_meant(fd))
		return next(fd);
	if (fails(&count, "BAD_DISK_SYNC", 0)) {
		fputs("bad_disk: a sync failed\n", stderr);
		errno = EIO;
		return -1;
	}
	if (number_of("BAD_DISK_SYNC") != 0 &&
	    count > number_of("BAD_DISK_SYNC"))
		fputs("bad_disk: a sync after a failed sync\n", stderr);
	return next(fd);
}
