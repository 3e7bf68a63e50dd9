/* SPDX-License-Identifier: MIT */
#include "cli/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_TRIES = 50 }; /* of 20 ms each */

/* False when the environment names no place. */
static bool
append_folder(struct buffer *path)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (state != NULL && state[0] == '/') {
		buffer_append_string(path, state);
	} else if (home != NULL && home[0] == '/') {
		buffer_append_string(path, home);
		buffer_append_string(path, "/.local/state");
	} else {
		return false;
	}
	buffer_append_string(path, "/logstor");
	return !path->has_failed;
}

/* Makes the folder and those above it, as XDG asks: 0700. */
static void
make_folders(char *path)
{
	for (char *at = path + 1; *at != '\0'; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST) {
			*at = '/';
			return;
		}
		*at = '/';
	}
}

/* The file's path, to be freed; NULL when there is none. */
static char *
make_path(void)
{
	struct buffer path = { 0 };

	if (append_folder(&path)) {
		buffer_append_string(&path, "/history");
		buffer_append_byte(&path, '\0');
		if (!path.has_failed)
			return (char *)path.data;
	}
	buffer_finish(&path);
	return NULL;
}

static History *
load_from(const char *path)
{
	History *entries = history_init();
	HistEvent event;

	if (entries == NULL)
		return NULL;
	history(entries, &event, H_SETSIZE, HISTORY_COUNT_MAX);
	history(entries, &event, H_SETUNIQUE, 1);
	if (path != NULL)
		history(entries, &event, H_LOAD, path);
	return entries;
}

History *
history_load(void)
{
	char *path = make_path();
	History *entries = load_from(path);

	free(path);
	return entries;
}

/* ---- saving ---- */

static FILE *
open_for_writing(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *file;

	if (fd < 0)
		return NULL;
	file = fdopen(fd, "w");
	if (file == NULL)
		close(fd);
	return file;
}

/* Written aside and renamed, so that a reader finds the whole of one. */
static void
replace_file(const char *path, History *entries)
{
	struct buffer temporary = { 0 };
	HistEvent event;
	FILE *file = NULL;

	buffer_printf(&temporary, "%s.%ld", path, (long)getpid());
	buffer_append_byte(&temporary, '\0');
	if (!temporary.has_failed)
		file = open_for_writing((const char *)temporary.data);
	if (file != NULL) {
		history(entries, &event, H_SAVE_FP, file);
		if (fclose(file) == 0)
			rename((const char *)temporary.data, path);
		else
			unlink((const char *)temporary.data);
	}
	buffer_finish(&temporary);
}

/* One shell at a time reads, adds and replaces.  The folder has the lock,
 * since the file is another one each time.  One that hangs isn't waited for:
 * then both may write, and the last one wins. */
static int
lock_folder(const char *path)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	const char *slash = strrchr(path, '/');
	char *folder = strndup(path, (size_t)(slash - path));
	int fd = -1;

	if (folder != NULL)
		fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	for (int i = 0; fd >= 0 && i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			break;
		nanosleep(&pause, NULL);
	}
	return fd;
}

static void
add_entries(History *all, struct slice entries)
{
	const char *at = (const char *)entries.data;
	const char *end = at + entries.size;
	HistEvent event;

	for (; at < end; at += strlen(at) + 1)
		history(all, &event, H_ENTER, at);
}

void
history_save(struct slice entries)
{
	char *path = make_path();
	History *all;
	int lock;

	if (path == NULL || entries.size == 0) {
		free(path);
		return;
	}
	make_folders(path);
	lock = lock_folder(path);
	all = lock < 0 ? NULL : load_from(path);
	if (all != NULL) {
		add_entries(all, entries);
		replace_file(path, all);
		history_end(all);
	}
	if (lock >= 0)
		close(lock);
	free(path);
}
