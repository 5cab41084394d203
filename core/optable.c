/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands of a device type and of SPC in one table: an array by opcode, service actions beside
 * each other. */
#include <stdlib.h>
#include <string.h>
#include <tgt/scsi/be.h>

#include "cmd.h"
#include "daemon.h"
#include "spc.h"

#define VARIABLE_LENGTH 0x7f

struct optable {
    unsigned count;
    const struct tgt_scsi_op **rows; /* in order of opcode and service action */
    uint16_t first[257];             /* rows of opcode o: first[o] to first[o + 1] - 1 */
};

static uint32_t key_of(const struct tgt_scsi_op *row)
{
    return (uint32_t)row->opcode << 16 | row->service_action;
}

static int compare_rows(const void *a, const void *b)
{
    uint32_t x = key_of(*(const struct tgt_scsi_op *const *)a),
             y = key_of(*(const struct tgt_scsi_op *const *)b);
    return x < y ? -1 : x > y;
}

/* Rows may be larger than ours: a plugin of a later minor. */
static const struct tgt_scsi_op *device_row(const struct tgt_device_ops *device, unsigned i)
{
    return (const struct tgt_scsi_op *)((const char *)device->ops + (size_t)i * device->op_size);
}

static bool device_has(const struct tgt_device_ops *device, const struct tgt_scsi_op *row)
{
    for (unsigned i = 0; i < device->op_count; i++)
        if (key_of(device_row(device, i)) == key_of(row))
            return true;
    return false;
}

static void collect(struct optable *table, const struct tgt_device_ops *device)
{
    table->rows = g_new(const struct tgt_scsi_op *, device->op_count + spc_op_count);
    for (unsigned i = 0; i < device->op_count; i++)
        table->rows[table->count++] = device_row(device, i);
    for (unsigned i = 0; i < spc_op_count; i++)
        if (!device_has(device, &spc_ops[i]))
            table->rows[table->count++] = &spc_ops[i];
    qsort(table->rows, table->count, sizeof *table->rows, compare_rows);
}

static struct optable *optable_new(const struct tgt_device_ops *device)
{
    struct optable *table = g_new0(struct optable, 1);
    unsigned row = 0;
    collect(table, device);
    for (unsigned opcode = 0; opcode <= 256; opcode++) {
        while (row < table->count && table->rows[row]->opcode < opcode)
            row++;
        table->first[opcode] = (uint16_t)row;
    }
    return table;
}

static void optable_free(gpointer data)
{
    struct optable *table = data;
    g_free(table->rows);
    g_free(table);
}

const struct optable *optable_for(const struct tgt_device_ops *device)
{
    struct daemon *daemon = daemon_get();
    if (daemon->optables == NULL)
        daemon->optables = g_hash_table_new_full(NULL, NULL, NULL, optable_free);
    struct optable *table = g_hash_table_lookup(daemon->optables, device);
    if (table == NULL) {
        table = optable_new(device);
        g_hash_table_insert(daemon->optables, (gpointer)device, table);
    }
    return table;
}

static unsigned service_action_of(const uint8_t *cdb, unsigned cdb_len)
{
    if (cdb[0] == VARIABLE_LENGTH)
        return cdb_len >= 10 ? (unsigned)be_get(cdb + 8, 2) : TGT_NO_SA;
    return cdb[1] & 0x1f;
}

const struct tgt_scsi_op *optable_find(const struct optable *table, const uint8_t *cdb,
                                       unsigned cdb_len, bool *opcode_known)
{
    unsigned first = table->first[cdb[0]], end = table->first[cdb[0] + 1];
    *opcode_known = first < end;
    if (first == end)
        return NULL;
    if (table->rows[first]->service_action == TGT_NO_SA)
        return table->rows[first];
    unsigned action = service_action_of(cdb, cdb_len);
    for (unsigned i = first; i < end; i++)
        if (table->rows[i]->service_action == action || table->rows[i]->service_action == TGT_NO_SA)
            return table->rows[i];
    return NULL;
}

unsigned optable_count(const struct optable *table)
{
    return table->count;
}

const struct tgt_scsi_op *optable_row(const struct optable *table, unsigned index)
{
    return table->rows[index];
}
