/* keys.c - `millrace keys`: CURVE keys for workers on other hosts, as files. Secrets are made, written with mode 0600 and never printed; nothing that is there is overwritten.
 *
 * A folder of keys: server.secret, server.public, NAME.secret and NAME.public of each worker, workers.allow with a line for each of them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "cli.h"
#include "common/keys.h"
#include "common/mem.h"

#define FOLDER "/etc/millrace/keys"
#define SERVER "server"
#define LIST "workers.allow"

const char keys_help[] =
	"Usage: millrace keys new  [--out DIR] [NAME]...\n"
	"       millrace keys show [--out DIR]\n\n"
	"Keys for workers on other hosts (docs/operations.md, \"Scaling out\").\n\n"
	"  new         makes DIR/server.secret and DIR/server.public when they are not there, a pair for each\n"
	"              NAME (without any: worker), and adds the names to DIR/workers.allow. Secret files have\n"
	"              mode 0600; nothing is overwritten\n"
	"  show        the public keys in DIR, and who stands in its workers.allow\n"
	"  --out DIR   folder of the keys (" FOLDER ")\n";

typedef struct folder {
	const char *dir;
	char path[4096];                 /* of the file last named */
} folder;

static const char *path_of(folder *self, const char *name, const char *ending)
{
	snprintf(self->path, sizeof self->path, "%s/%s%s", self->dir, name, ending);
	return self->path;
}

/* The last line of a file that was written by hand may have no line break. */
static bool ends_open(int fd, off_t size)
{
	char last;
	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

/* Writes `line` and a line break; a new file has `mode` whatever the umask. 0; -1 with errno. */
static int write_file(const char *path, const char *line, int flags, mode_t mode)
{
	char text[KEY_NAME_MAX + KEY_TEXT + 4];
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, mode);
	struct stat about;
	int bad = fd < 0 || fstat(fd, &about) || (about.st_size == 0 && fchmod(fd, mode));
	int len = snprintf(text, sizeof text, "%s%s\n", !bad && ends_open(fd, about.st_size) ? "\n" : "", line);
	bad = bad || write(fd, text, (size_t)len) != len || fsync(fd);
	int code = errno;
	if (fd >= 0 && close(fd) && !bad) {
		bad = 1;
		code = errno;
	}
	explicit_bzero(text, sizeof text);
	errno = code;
	return bad ? -1 : 0;
}

/* Makes a pair; `public` receives the public key. */
static int make_pair(folder *self, const char *name, char public[KEY_TEXT + 1])
{
	char secret[KEY_TEXT + 1];
	if (zmq_curve_keypair(public, secret))
		return cli_failed("keys", "this libzmq makes no keys (CURVE): %s", zmq_strerror(errno));
	int bad = write_file(path_of(self, name, ".secret"), secret, O_EXCL, 0600);
	explicit_bzero(secret, sizeof secret);
	if (bad)
		return cli_failed("keys", "cannot write %s: %s", self->path, strerror(errno));
	printf("%s: secret key, mode 0600\n", self->path);
	if (write_file(path_of(self, name, ".public"), public, O_TRUNC, 0644))
		return cli_failed("keys", "cannot write %s: %s", self->path, strerror(errno));
	printf("%s: public key %s\n", self->path, public);
	return 0;
}

static int make_worker(folder *self, const char *name)
{
	char public[KEY_TEXT + 1], line[KEY_NAME_MAX + KEY_TEXT + 2];
	int rc = make_pair(self, name, public);
	if (rc)
		return rc;
	snprintf(line, sizeof line, "%s %s", name, public);
	if (write_file(path_of(self, LIST, ""), line, O_APPEND, 0644))
		return cli_failed("keys", "cannot write %s: %s", self->path, strerror(errno));
	printf("%s: %s may come\n", self->path, name);
	return 0;
}

static int keys_new(folder *self, char **names, int count)
{
	char public[KEY_TEXT + 1];
	char *usual[] = {"worker"};
	int rc = 0;
	for (int i = 0; i < count; i++)                  /* before anything is made */
		if (!key_name_good(names[i], strlen(names[i])) || strcmp(names[i], SERVER) == 0)
			return cli_usage("keys", "'%.80s' cannot be the name of a worker: letters, digits and . _ - (not %s)", names[i], SERVER);
	if (mkdir(self->dir, 0755) && errno != EEXIST)
		return cli_failed("keys", "cannot make the folder %s: %s", self->dir, strerror(errno));
	if (access(path_of(self, SERVER, ".secret"), F_OK) != 0)
		rc = make_pair(self, SERVER, public);
	if (!count) {
		names = usual;
		count = 1;
	}
	for (int i = 0; i < count && !rc; i++)
		rc = make_worker(self, names[i]);
	if (!rc)
		printf("\non the daemon's host:   workers.server_key = file:%s/%s.secret, workers.allow = %s/%s\n"
		       "on the workers' hosts:  workers.daemon_key = what %s.public holds, workers.key = file: and the path of its NAME.secret there\n", self->dir, SERVER, self->dir, LIST,
		       SERVER);
	return rc;
}

/* ---- show ---- */

static int is_key_file(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');
	return dot && dot != entry->d_name && strcmp(dot, ".public") == 0;
}

static void show_pair(folder *self, const char *name, const allow_list *allow)
{
	char public[KEY_TEXT + 1], secret[KEY_TEXT + 1], made[KEY_TEXT + 1], value[sizeof self->path + 8];
	uint8_t key[KEY_BYTES];
	buf why = {0};
	snprintf(value, sizeof value, "file:%s", path_of(self, name, ".public"));
	if (key_load(value, false, public, &why)) {
		printf("%-20s %s\n", name, why.data);
		buf_free(&why);
		return;
	}
	const char *here = "secret elsewhere";
	snprintf(value, sizeof value, "file:%s", path_of(self, name, ".secret"));
	if (access(self->path, F_OK) == 0) {
		bool read = key_load(value, true, secret, &why) == 0;
		here = !read ? "secret cannot be read" : zmq_curve_public(made, secret) || strcmp(made, public) ? "SECRET OF ANOTHER PAIR" : "secret here";
		explicit_bzero(secret, sizeof secret);
	}
	key_decode(public, KEY_TEXT, key);
	const char *allowed = allow ? allow_list_find(allow, key) : NULL;
	printf("%-20s %s  %s%s%s\n", name, public, here, allowed ? ", allowed as " : "", allowed ? allowed : "");
	buf_free(&why);
}

static int keys_show(folder *self)
{
	struct dirent **found;
	buf errors = {0};
	int count = scandir(self->dir, &found, is_key_file, alphasort);
	if (count < 0)
		return cli_failed("keys", "cannot read the folder %s: %s", self->dir, strerror(errno));
	allow_list *allow = access(path_of(self, LIST, ""), F_OK) == 0 ? allow_list_read(self->path, &errors) : NULL;
	fputs(buf_bytes(&errors).data, stderr);
	for (int i = 0; i < count; i++) {
		found[i]->d_name[strrchr(found[i]->d_name, '.') - found[i]->d_name] = 0;
		show_pair(self, found[i]->d_name, allow);
		free(found[i]);
	}
	free(found);
	if (allow)
		printf("%s/%s: %zu may come\n", self->dir, LIST, allow_list_count(allow));
	int rc = errors.len ? EXIT_FAILED : count ? EXIT_CLEAN : cli_failed("keys", "no keys in %s; `millrace keys new` makes some", self->dir);
	allow_list_free(&allow);
	buf_free(&errors);
	return rc;
}

int keys_main(int argc, char **argv)
{
	folder self = {.dir = FOLDER};
	int count = 0;
	for (int i = 2; i < argc; i++) {
		bool long_form = strncmp(argv[i], "--out=", 6) == 0;
		if (long_form)
			self.dir = argv[i] + 6;
		else if (strcmp(argv[i], "--out") == 0 && i + 1 < argc)
			self.dir = argv[++i];
		else if (argv[i][0] == '-')
			return cli_usage("keys", "unexpected '%.60s'", argv[i]);
		else
			argv[2 + count++] = argv[i];
	}
	if (!self.dir[0] || strlen(self.dir) > 3900)
		return cli_usage("keys", "--out wants the name of a folder");
	if (argc > 1 && strcmp(argv[1], "new") == 0)
		return keys_new(&self, argv + 2, count);
	if (argc > 1 && strcmp(argv[1], "show") == 0 && !count)
		return keys_show(&self);
	return argc > 1 ? cli_usage("keys", "new or show, not '%.60s'", argv[1]) : cli_usage("keys", "new or show?");
}
