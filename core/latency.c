/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the time of commands goes: measured on the command's thread, without a lock.
 *
 * A clock costs some 25 ns, and a command needs five. Where a thread has one command in each turn,
 * which costs more than 10 us, all are measured. Where it has several, one of sixteen is, and
 * counts as sixteen: which ones is left to chance, so that no pattern of the initiator's hides from
 * it. */
#include "latency.h"

#include <string.h>

#include "cache-line.h"
#include "clock.h"
#include "cmd-pool.h"
#include "cmd.h"
#include "lu-share.h"
#include "lu.h"
#include "thread.h"

/* More commands than these in one turn are several. */
#define TURN_FEW 1
/* One of so many is measured then, as a power of two. */
#define SOME_SHIFT 4

const char *latency_class_name(enum latency_class class)
{
    static const char *const names[] = {
#define X(name, word) word,
        LATENCY_CLASS_LIST(X)
#undef X
    };
    return names[class];
}

const char *latency_stage_name(enum latency_stage stage)
{
    static const char *const names[] = {
#define X(name, word) word,
        LATENCY_STAGE_LIST(X)
#undef X
    };
    return names[stage];
}

/* ---- Which commands ---- */

static void next_turn(struct latency_pace *pace, uint64_t turn)
{
    pace->turn = turn;
    pace->some = pace->seen > TURN_FEW;
    pace->seen = 0;
}

/* How often this command is to count; 0: not at all. */
static unsigned weight_of(struct latency_pace *pace)
{
    if (!pace->some)
        return 1;
    pace->dice = pace->dice * 1664525u + 1013904223u;
    return pace->dice >> (32 - SOME_SHIFT) == 0 ? 1u << SOME_SHIFT : 0;
}

void latency_start(struct core_cmd *c)
{
    const struct tgt_thread *thread = c->pub.thread;
    struct latency_pace *pace = &thread->cmds->pace;
    if (pace->turn != thread->now)
        next_turn(pace, thread->now);
    pace->seen++;
    c->weight = (uint8_t)weight_of(pace);
    if (c->weight > 0)
        c->clock = (struct cmd_clock){.start = thread->now};
}

/* ---- The course of a command ---- */

void latency_ready(struct core_cmd *c)
{
    if (c->weight > 0)
        c->clock.ready = clock_ns();
}

void latency_store_enter(struct core_cmd *c)
{
    if (c->weight > 0)
        c->clock.store = clock_ns();
}

void latency_store_leave(struct core_cmd *c)
{
    if (c->weight > 0)
        c->clock.store_ns += clock_ns() - c->clock.store;
}

void latency_respond(struct core_cmd *c)
{
    if (c->weight > 0)
        c->clock.respond = clock_ns();
}

/* ---- Into the histograms ---- */

static enum latency_class class_of(const struct tgt_cmd *cmd)
{
    if (cmd->row == NULL || cmd->row->unit != TGT_LEN_BLOCKS)
        return LATENCY_OTHER;
    return cmd->row->dir == TGT_DIR_IN ? LATENCY_READ : LATENCY_WRITE;
}

/* Others read the list at any time; nothing is taken from it before the LU goes. */
static void publish(struct latency **list, struct latency *l)
{
    l->next = __atomic_load_n(list, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(list, &l->next, l, true, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED))
        ;
}

static struct latency *latency_of(struct lu_share *share, enum latency_class class)
{
    if (G_LIKELY(share->latency[class] != NULL))
        return share->latency[class];
    share->latency[class] = cache_line_alloc0(sizeof(struct latency));
    publish(&share->lu->latency[class], share->latency[class]);
    return share->latency[class];
}

static void record(struct latency *l, const struct core_cmd *c, uint64_t end)
{
    const struct cmd_clock *t = &c->clock;
    uint64_t work = t->respond - t->ready;
    histogram_add(&l->stages[LATENCY_RECEIVE], t->ready - t->start, c->weight);
    histogram_add(&l->stages[LATENCY_SCSI], work - t->store_ns, c->weight);
    if (t->store != 0)
        histogram_add(&l->stages[LATENCY_STORE], t->store_ns, c->weight);
    histogram_add(&l->stages[LATENCY_SEND], end - t->respond, c->weight);
    histogram_add(&l->stages[LATENCY_TOTAL], end - t->start, c->weight);
}

void latency_end(struct core_cmd *c)
{
    const struct tgt_cmd *cmd = &c->pub;
    if (c->weight == 0 || c->share == NULL || c->state != TGT_CMD_RESPOND || cmd->aborted)
        return;
    enum latency_class class = class_of(cmd);
    struct latency *l = latency_of(c->share, class);
    record(l, c, clock_ns());
    if (class != LATENCY_OTHER)
        histogram_add(&l->size, class == LATENCY_READ ? cmd->in.len : cmd->out.len, c->weight);
}

/* ---- For others ---- */

bool latency_collect(const struct core_lu *lu, enum latency_class class, struct latency_sum *sum)
{
    const struct latency *l = __atomic_load_n(&lu->latency[class], __ATOMIC_ACQUIRE);
    memset(sum, 0, sizeof *sum);
    for (; l != NULL; l = l->next) {
        for (unsigned s = 0; s < LATENCY_STAGES; s++)
            histogram_collect(&l->stages[s], &sum->stages[s]);
        histogram_collect(&l->size, &sum->size);
    }
    return sum->stages[LATENCY_TOTAL].count > 0;
}

void latency_clear(struct lu_share *share)
{
    for (unsigned class = 0; class < LATENCY_CLASSES; class++) {
        struct latency *l = share->latency[class];
        for (unsigned s = 0; l != NULL && s < LATENCY_STAGES; s++)
            histogram_clear(&l->stages[s]);
        if (l != NULL)
            histogram_clear(&l->size);
    }
}

static void free_one(struct latency *l)
{
    for (unsigned s = 0; s < LATENCY_STAGES; s++)
        histogram_free(&l->stages[s]);
    histogram_free(&l->size);
    g_aligned_free(l);
}

void latency_free(struct core_lu *lu)
{
    for (unsigned class = 0; class < LATENCY_CLASSES; class++)
        for (struct latency *l = lu->latency[class], *next; l != NULL; l = next) {
            next = l->next;
            free_one(l);
        }
}
