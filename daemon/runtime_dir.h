/* runtime_dir.h - the folder of the daemon's sockets: made, and each socket in it guarded by a lock file beside it.
 *
 * A second bind to a path that is in use steals it, so whoever binds takes the lock `PATH.lock` first and holds it as long as the socket. Lock files stay: who
 * removes one races with who takes it. Stateless; loop thread (it may wait a second). */
#ifndef DAEMON_RUNTIME_DIR_H
#define DAEMON_RUNTIME_DIR_H

#define RUNTIME_PATH_MAX 107             /* sun_path without its NUL, unix(7) */

/* mkdir -p, new folders with mode 0750. 0; -1 with errno. */
int runtime_dir_make(const char *dir);
/* The descriptor of the lock for the socket `path`, to be closed; -1 with errno: EWOULDBLOCK when another live process holds it. */
int runtime_dir_lock(const char *path);

#endif
