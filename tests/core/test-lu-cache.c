/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turning the write cache off: nothing may be left in it, whoever does it and in whatever way.
 *
 * The store is "rdwr" on a file; fdatasync() and writes are replaced by ones that the test holds up
 * or makes fail. Only the poll ring calls them from here, so the tests run on that. */
#include <errno.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <tgt/scsi/be.h>
#include <unistd.h>

#include "error.h"
#include "spc-scene.h"

#define PF 0x10
#define SP 0x01

static sem_t flush_begun, flush_go, write_begun, write_go;
static int hold_flushes, hold_writes; /* they wait for `go` */
static int fail_flush;                /* errno, 0: works */
static int flushes;                   /* how many there were */

static void wait_for(int *hold, sem_t *begun, sem_t *go)
{
    if (!g_atomic_int_get(hold))
        return;
    sem_post(begun);
    sem_wait(go);
}

int fdatasync(int fd)
{
    g_atomic_int_inc(&flushes);
    wait_for(&hold_flushes, &flush_begun, &flush_go);
    errno = g_atomic_int_get(&fail_flush);
    return errno ? -1 : 0;
}

ssize_t pwritev2(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
    if (flags & RWF_NOWAIT) {
        errno = EAGAIN;
        return -1;
    }
    wait_for(&hold_writes, &write_begun, &write_go);
    return syscall(SYS_pwritev2, fd, iov, n, offset, 0, flags);
}

/* ---- The disk ---- */

static char *path;

static struct core_lu *open_disk(struct fake *f)
{
    g_autoptr(GError) error = NULL;
    struct lu_request request = scene_request(fake_target(f), 1);
    int fd = g_mkstemp(path);
    g_assert_cmpint(ftruncate(fd, 1 << 20), ==, 0);
    close(fd);
    request.store = (struct bs_request){.type = "rdwr", .path = path};
    struct core_lu *lu = scene_create(&request, &error);
    g_assert_no_error(error);
    return lu;
}

static void open_scene(struct spc *s)
{
    g_autofree char *dir = g_dir_make_tmp("tgt-core-XXXXXX", NULL);
    s->fake = fake_start(&(struct fake_config){.threads = 2, .ring = "poll", .state_dir = dir});
    s->lu = open_disk(s->fake);
    s->a = fake_nexus_open(s->fake, 0, "iqn.2026-01.org.example:a");
    s->b = fake_nexus_open(s->fake, 1, "iqn.2026-01.org.example:b");
    fake_clear_attention(s->a, 1);
    fake_clear_attention(s->b, 1);
}

static void run_test(gconstpointer fn)
{
    struct spc s = {0};
    sem_t *all[] = {&flush_begun, &flush_go, &write_begun, &write_go};
    for (unsigned i = 0; i < G_N_ELEMENTS(all); i++)
        sem_init(all[i], 0, 0);
    hold_flushes = hold_writes = fail_flush = flushes = 0;
    path = g_strdup("/var/tmp/test-cache-XXXXXX"); /* no tmpfs: that has no cache */
    open_scene(&s);
    ((void (*)(struct spc *))fn)(&s);
    scene_stop(s.fake);
    unlink(path);
    g_free(path);
    for (unsigned i = 0; i < G_N_ELEMENTS(all); i++)
        sem_destroy(all[i]);
}

static struct fake_cmd *start_write(struct spc *s)
{
    static const uint8_t block[512];
    struct fake_cmd *c = fake_cmd_new(s->a, 1, SPC_CDB(0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0));
    c->out = block;
    c->out_len = sizeof block;
    fake_submit(c);
    return c;
}

static void end_write(struct fake_cmd *c)
{
    fake_wait(c, FAKE_RELEASED);
    spc_good(c);
}

static bool page_says_on(struct spc *s)
{
    uint8_t page[18];
    g_assert_cmpint(lu_mode_get(&s->lu->pub, 0x08, 0, page, sizeof page), ==, sizeof page);
    return page[0] & 0x04;
}

static void expect_on(struct spc *s)
{
    g_assert_true(page_says_on(s));
    g_assert_true(tgt_lu_is(&s->lu->pub, TGT_LU_WCE));
}

static void expect_off(struct spc *s, int count)
{
    g_assert_false(page_says_on(s));
    g_assert_false(tgt_lu_is(&s->lu->pub, TGT_LU_WCE));
    g_assert_cmpint(g_atomic_int_get(&flushes), ==, count);
}

static struct fake_cmd *select_cache(struct spc *s, uint8_t flags, bool on)
{
    static uint8_t list[24];
    be_put(list + 4, 2, 0x0812);
    list[6] = on ? 0x04 : 0;
    return SPC_OUT(s->a, list, sizeof list, 0x15, flags, 0, 0, sizeof list, 0);
}

/* ---- lun set ---- */

static const char *const settings[][2] = {
    {"write-cache", "off"},
    {"mode-page", "8:0:18:0x10:0:0xff:0xff:0:0:0xff:0xff:0xff:0xff:0x80:0x14:0:0:0:0:0:0"}};

static void set(struct spc *s, const char *key, const char *value)
{
    g_autoptr(GError) error = NULL;
    scene_set(s->lu, key, value, &error);
    g_assert_no_error(error);
}

static void test_set_flushes(struct spc *s)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(settings); i++) {
        set(s, "write-cache", "on");
        expect_on(s);
        set(s, settings[i][0], settings[i][1]);
        expect_off(s, (int)i + 1);
        set(s, settings[i][0], settings[i][1]);
        expect_off(s, (int)i + 1);
    }
}

static void test_set_is_refused(struct spc *s)
{
    g_atomic_int_set(&fail_flush, EIO);
    for (unsigned i = 0; i < G_N_ELEMENTS(settings); i++) {
        GError *error = NULL;
        g_assert_false(scene_set(s->lu, settings[i][0], settings[i][1], &error));
        scene_expect(error, CORE_ERROR_FAILED, "the write cache stays on");
        expect_on(s);
        spc_ready(s->b); /* no unit attention */
    }
}

static void test_refused_after_the_flush(struct spc *s)
{
    GError *error = NULL;
    g_assert_false(scene_set(s->lu, "mode-page", "8:0:1:0", &error));
    scene_expect(error, CORE_ERROR_INVALID, "of that length");
    expect_on(s);
}

struct outcome {
    bool done;
    GError *error;
};

static void ended(GError *error, void *data)
{
    struct outcome *o = data;
    o->done = true;
    o->error = error;
}

/* While what is cached is written, the page does not say that it has been; new writes are durable.
 */
static void test_page_comes_last(struct spc *s)
{
    struct outcome o = {0};
    g_atomic_int_set(&hold_flushes, 1);
    lu_set(s->lu, "write-cache", "off", ended, &o);
    sem_wait(&flush_begun);
    g_assert_true(page_says_on(s));
    g_assert_false(o.done);
    struct fake_cmd *c = start_write(s);
    sem_post(&flush_go);
    sem_wait(&flush_begun);
    g_assert_false(fake_happened(c, FAKE_RESPOND));
    sem_post(&flush_go);
    end_write(c);
    fake_until(&o.done);
    g_assert_no_error(o.error);
    expect_off(s, 2);
}

static void test_write_under_way_is_flushed(struct spc *s)
{
    g_atomic_int_set(&hold_writes, 1);
    struct fake_cmd *c = start_write(s);
    sem_wait(&write_begun);
    set(s, "write-cache", "off");
    expect_off(s, 1);
    sem_post(&write_go);
    end_write(c);
    expect_off(s, 2);
}

/* The LU goes when the store has answered. */
static void test_deleted_meanwhile(struct spc *s)
{
    struct outcome set = {0}, delete = {0};
    g_atomic_int_set(&hold_flushes, 1);
    lu_set(s->lu, "write-cache", "off", ended, &set);
    sem_wait(&flush_begun);
    lu_delete(s->lu, ended, &delete);
    sem_post(&flush_go);
    fake_until(&delete.done);
    g_assert_true(set.done);
    g_assert_no_error(set.error);
}

/* ---- MODE SELECT ---- */

static void test_select_flushes(struct spc *s)
{
    spc_good(select_cache(s, PF, false));
    expect_off(s, 1);
    spc_good(select_cache(s, PF, false));
    expect_off(s, 1);
}

static void test_select_is_refused(struct spc *s)
{
    g_atomic_int_set(&fail_flush, EIO);
    spc_sense(select_cache(s, PF | SP, false), TGT_SENSE_WRITE_ERROR);
    expect_on(s);
    spc_ready(s->b);
    fake_tmf(s->a, TGT_TMF_LOGICAL_UNIT_RESET, 1, 0);
    expect_on(s); /* nothing was saved */
}

/* ---- Resets ---- */

static void save_off(struct spc *s)
{
    spc_good(select_cache(s, PF | SP, false));
    spc_good(select_cache(s, PF, true));
    expect_on(s);
    g_atomic_int_set(&flushes, 0);
}

static void test_reset_flushes(struct spc *s)
{
    save_off(s);
    g_assert_cmpint(fake_tmf(s->a, TGT_TMF_LOGICAL_UNIT_RESET, 1, 0), ==, TGT_TMF_COMPLETE);
    expect_off(s, 1);
}

static void test_reset_leaves_it_on(struct spc *s)
{
    save_off(s);
    g_atomic_int_set(&fail_flush, EIO);
    g_assert_cmpint(fake_tmf(s->a, TGT_TMF_LOGICAL_UNIT_RESET, 1, 0), ==, TGT_TMF_COMPLETE);
    expect_on(s);
}

static void test_reset_without_change(struct spc *s)
{
    g_assert_cmpint(fake_tmf(s->a, TGT_TMF_LOGICAL_UNIT_RESET, 1, 0), ==, TGT_TMF_COMPLETE);
    expect_on(s);
    g_assert_cmpint(g_atomic_int_get(&flushes), ==, 0);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*fn)(struct spc *s);
    } tests[] = {
        {"set-flushes", test_set_flushes},
        {"set-is-refused", test_set_is_refused},
        {"refused-after-the-flush", test_refused_after_the_flush},
        {"page-comes-last", test_page_comes_last},
        {"write-under-way-is-flushed", test_write_under_way_is_flushed},
        {"deleted-meanwhile", test_deleted_meanwhile},
        {"select-flushes", test_select_flushes},
        {"select-is-refused", test_select_is_refused},
        {"reset-flushes", test_reset_flushes},
        {"reset-leaves-it-on", test_reset_leaves_it_on},
        {"reset-without-change", test_reset_without_change},
    };
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *name = g_strdup_printf("/lu-cache/%s", tests[i].name);
        g_test_add_data_func(name, (gconstpointer)tests[i].fn, run_test);
    }
    return g_test_run();
}
