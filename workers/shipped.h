/* shipped.h - where the files lie that come with the program: models and word lists. */
#ifndef WORKERS_SHIPPED_H
#define WORKERS_SHIPPED_H

#define SHIPPED_PATH_BYTES 4096

/* The path of `name` (models/topics.model, lexicons): in conf/ beside the program (build folder), in ../share/millrace (installed), else under
 * /usr/share/millrace, whether it is there or not. Returns out. Any thread. */
char *shipped_path(const char *name, char out[SHIPPED_PATH_BYTES]);

#endif
