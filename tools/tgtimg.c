/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program tgtimg: makes the image files of media. What may be given, the messages and the exit
 * statuses are those of tgt. */
#include <getopt.h>
#include <glib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "output.h"
#include "tgtimg.h"

/* Exit statuses. */
enum {
    IMG_OK,
    IMG_OPERATION,    /* an operation that there is not */
    IMG_FILE,         /* the file cannot be made or written */
    IMG_SIZE,         /* a size that no medium has */
    IMG_REFUSED = 22, /* everything else that is wrong with the command line */
};

enum device { TAPE, CD, DISK }; /* tgt takes a tape for granted */

struct img {
    enum device device;
    bool thin;
    const char *op, *type, *barcode, *size, *file;
};

static const char help[] =
    "Usage: tgtimg --op new --device-type disk --type disk --size MB --file PATH\n"
    "              [--thin-provisioning]\n"
    "       tgtimg --op new --device-type cd --type dvd+r --file PATH\n"
    "Make the image file of a medium (version " PACKAGE_VERSION ").\n"
    "\n"
    "  -o, --op new|show         make an image, or show what is in it (tapes only)\n"
    "  -Y, --device-type TYPE    disk, cd or tape\n"
    "  -t, --type MEDIUM         disk; dvd+r for a cd; data, clean or worm for a tape\n"
    "  -s, --size MB             size in megabytes (1048576 bytes)\n"
    "  -b, --barcode CODE        the label of a tape\n"
    "  -f, --file PATH           the image file; one that exists is overwritten\n"
    "  -T, --thin-provisioning   take up space when data is written, not now\n"
    "  -h, --help                this text\n"
    "\n"
    "This version makes no tape images yet.\n";

static int refuse(const char *format, ...) G_GNUC_PRINTF(1, 2);
static int refuse(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    fprintf(stderr, "tgtimg: %s\nTry `tgtimg --help' for more information.\n", what);
    return IMG_REFUSED;
}

/* The command line ----------------------------------------------------------------------------- */

static int set_op(struct img *img, const char *word)
{
    if (strcmp(word, "new") == 0 || strcmp(word, "show") == 0) {
        img->op = word;
        return -1;
    }
    fprintf(stderr, "tgtimg: unknown operation: %s\n", word);
    return IMG_OPERATION;
}

static int set_device(struct img *img, const char *word)
{
    static const char *const words[] = {[TAPE] = "tape", [CD] = "cd", [DISK] = "disk"};
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
        if (strcmp(word, words[i]) == 0) {
            img->device = i;
            return -1;
        }
    fprintf(stderr, "tgtimg: unknown target type: %s\n", word);
    return IMG_REFUSED;
}

static int show_help(void)
{
    fputs(help, stdout);
    return output_written("tgtimg") ? IMG_OK : IMG_FILE;
}

/* One option. -1: go on; else the exit status. */
static int take(struct img *img, int letter)
{
    switch (letter) {
    case 'o':
        return set_op(img, optarg);
    case 'Y':
        return set_device(img, optarg);
    case 'h':
        return show_help();
    case 'T':
        img->thin = true;
        return -1;
    }
    const char **fields[] = {&img->type, &img->barcode, &img->size, &img->file};
    const char *found = strchr("tbsf", letter);
    if (!found || letter == '?') {
        fputs("Try `tgtimg --help' for more information.\n", stderr);
        return IMG_REFUSED;
    }
    *fields[found - "tbsf"] = optarg;
    return -1;
}

static int parse(struct img *img, int argc, char **argv)
{
    static const struct option options[] = {
        {"op", required_argument, NULL, 'o'},
        {"device-type", required_argument, NULL, 'Y'},
        {"type", required_argument, NULL, 't'},
        {"barcode", required_argument, NULL, 'b'},
        {"size", required_argument, NULL, 's'},
        {"file", required_argument, NULL, 'f'},
        {"thin-provisioning", no_argument, NULL, 'T'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int letter, status = -1;
    while (status < 0 && (letter = getopt_long(argc, argv, "o:Y:t:b:s:f:Th", options, NULL)) >= 0)
        status = take(img, letter);
    if (status < 0 && optind < argc)
        return refuse("unrecognized option '%s'", argv[optind]);
    return status;
}

/* The images ------------------------------------------------------------------------------------
 */

/* Whole megabytes; 0: none that a file can have. */
static bool parse_size(const char *text, uint64_t *bytes)
{
    char *end;
    uint64_t n = g_ascii_strtoull(text, &end, 10);
    *bytes = n << 20;
    return g_ascii_isdigit(*text) && !*end && n <= INT64_MAX >> 20;
}

static int made(const struct img *img, const char *medium, uint64_t bytes)
{
    g_autoptr(GError) error = NULL;
    if (!img_file_make(img->file, bytes, img->thin, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return IMG_FILE;
    }
    printf("Created blank %s image file : %s\n", medium, img->file);
    return output_written("tgtimg") ? IMG_OK : IMG_FILE;
}

static int new_disk(const struct img *img)
{
    uint64_t bytes;
    if (!img->type)
        return refuse("Missing media type: DISK");
    if (g_ascii_strcasecmp(img->type, "disk") != 0)
        return refuse("Media type must be DISK for disk devices");
    if (!img->size)
        return refuse("Missing the capacity param");
    if (!parse_size(img->size, &bytes))
        return refuse("the size '%s' is not a number of megabytes", img->size);
    if (bytes)
        return made(img, "DISK", bytes);
    puts("Capacity must be > 0");
    return IMG_SIZE;
}

/* A blank DVD+R holds nothing yet. */
static int new_cd(const struct img *img)
{
    if (!img->type)
        return refuse("Missing media type: DVD+R");
    if (g_ascii_strcasecmp(img->type, "dvd+r") != 0)
        return refuse("Media type must be DVD+R for cd devices");
    return made(img, "DVD+R", 0);
}

static int tape(void)
{
    fputs("tgtimg: this version of tgtimg does not support tape images yet\n", stderr);
    return IMG_REFUSED;
}

static int run(const struct img *img)
{
    if (!img->op)
        return refuse("specify the operation type");
    if (!img->file)
        return refuse("specify a newly created file");
    if (img->device == TAPE)
        return tape();
    if (strcmp(img->op, "show") == 0)
        return refuse("unknown the operation type");
    return img->device == DISK ? new_disk(img) : new_cd(img);
}

int main(int argc, char **argv)
{
    struct img img = {0};
    int status = parse(&img, argc, argv);
    return status < 0 ? run(&img) : status;
}
