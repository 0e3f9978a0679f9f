/* screen.h - the whole terminal for one program: taken over, drawn on, and given back as it was on every way out.
 *
 * screen_open switches to the alternate screen, hides the cursor and turns line editing and echo off. screen_close undoes that; so do exit(), every signal that ends the process and can be caught
 * (also those of our own bugs), and being stopped (Ctrl-Z). There is one terminal, so there is one screen; signal handlers need to find it: this is the one module of the command with
 * state of its own. Nothing can be done about SIGKILL: `reset` helps then. Single thread. */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include <stdbool.h>

#include "cli/frame.h"

/* Can there be one: standard input and output are a terminal that knows more than plain text? */
bool screen_possible(void);
/* 0; -1 with errno. */
int screen_open(void) MR_MUST_USE;
void screen_close(void);
void screen_size(int *width, int *height);
/* A signal has asked for the end (INT, TERM, HUP, QUIT). */
bool screen_ended(void);
/* The terminal has another size, or was given back to us: all is drawn anew. Once for each time. */
bool screen_changed(void);
/* Writes the lines that differ from those of the last call. */
void screen_draw(const frame *frame);
/* The next key (keystrokes.h), KEY_NONE: none. -1: the terminal is gone. Never waits. */
int screen_key(void);
/* Waits for keys, for `fd` (-1: none) or for signals, at most so long. */
void screen_wait(int fd, short events, int wait_ms);

#endif
