/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secrets that come from anywhere but the command line. */
#include "password.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* The daemon's limit, and room to see that there is more. */
#define ROOM 1024

static char *wrong(const char *what, const char *why)
{
    fprintf(stderr, "tgtctl: %s: %s\n", what, why);
    return NULL;
}

/* False with errno. */
static bool read_all(int fd, char *text, size_t *len)
{
    for (*len = 0; *len < ROOM;) {
        ssize_t n = read(fd, text + *len, ROOM - *len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0 || memchr(text + *len, '\n', (size_t)n)) {
            *len += (size_t)n;
            return true;
        }
        *len += (size_t)n;
    }
    return true;
}

/* A copy of what is a secret; NULL: stderr says why it is none. */
static char *accept_text(const char *text, size_t len, const char *what)
{
    if (len > 0 && text[len - 1] == '\n')
        len--;
    if (len == 0)
        return wrong(what, "no secret is there");
    if (len > 255)
        return wrong(what, "a secret has 255 bytes at most");
    if (memchr(text, '\n', len))
        return wrong(what, "one line is wanted");
    if (!g_utf8_validate(text, (gssize)len, NULL))
        return wrong(what, "not UTF-8 text");
    return g_strndup(text, len);
}

static char *read_from(int fd, const char *what)
{
    char text[ROOM];
    size_t len;
    char *password =
        read_all(fd, text, &len) ? accept_text(text, len, what) : wrong(what, g_strerror(errno));
    explicit_bzero(text, sizeof(text));
    return password;
}

static char *read_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return wrong(path, g_strerror(errno));
    char *password = read_from(fd, path);
    close(fd);
    return password;
}

/* What is typed is not shown. */
static char *read_stdin(void)
{
    struct termios shown, hidden;
    bool terminal = tcgetattr(STDIN_FILENO, &shown) == 0;
    if (terminal) {
        fputs("Secret: ", stderr);
        hidden = shown;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    char *password = read_from(STDIN_FILENO, "standard input");
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        fputc('\n', stderr);
    }
    return password;
}

/* systemd.exec(5): LoadCredential= and its sisters put files there. */
static char *read_credential(const char *name)
{
    const char *dir = g_getenv("CREDENTIALS_DIRECTORY");
    if (!dir)
        return wrong("--password-credential", "there is no $CREDENTIALS_DIRECTORY: no unit of "
                                              "systemd with LoadCredential= runs this");
    if (!*name || strchr(name, '/') || strcmp(name, "..") == 0)
        return wrong("--password-credential", "a name is wanted, not a path");
    g_autofree char *path = g_build_filename(dir, name, NULL);
    return read_file(path);
}

char *password_read(const struct args *args)
{
    const char *file = args_value(args, "password-file");
    const char *credential = args_value(args, "password-credential");
    bool from_stdin = args_has(args, "password-stdin");
    if ((file != NULL) + (credential != NULL) + from_stdin != 1)
        return wrong("a secret is wanted",
                     "--password-stdin, --password-file PATH or --password-credential NAME");
    return file ? read_file(file) : credential ? read_credential(credential) : read_stdin();
}

void password_free(char *password)
{
    if (password)
        explicit_bzero(password, strlen(password));
    g_free(password);
}
