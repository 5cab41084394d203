/* SPDX-License-Identifier: MIT */
/* Status codes, sense keys and additional sense codes by name (SAM-5 5.3.1, SPC-5 4.5 and annex F).
 */
#ifndef TGT_SENSE_H
#define TGT_SENSE_H

/** SCSI status (SAM-5 5.3.1). */
#define TGT_STATUS_LIST(X)                                                                         \
    X(GOOD, 0x00)                                                                                  \
    X(CHECK_CONDITION, 0x02)                                                                       \
    X(CONDITION_MET, 0x04)                                                                         \
    X(BUSY, 0x08)                                                                                  \
    X(RESERVATION_CONFLICT, 0x18)                                                                  \
    X(TASK_SET_FULL, 0x28)                                                                         \
    X(ACA_ACTIVE, 0x30)                                                                            \
    X(TASK_ABORTED, 0x40)

/** Sense keys (SPC-5 4.5.6). */
#define TGT_SENSE_KEY_LIST(X)                                                                      \
    X(NO_SENSE, 0x0)                                                                               \
    X(RECOVERED_ERROR, 0x1)                                                                        \
    X(NOT_READY, 0x2)                                                                              \
    X(MEDIUM_ERROR, 0x3)                                                                           \
    X(HARDWARE_ERROR, 0x4)                                                                         \
    X(ILLEGAL_REQUEST, 0x5)                                                                        \
    X(UNIT_ATTENTION, 0x6)                                                                         \
    X(DATA_PROTECT, 0x7)                                                                           \
    X(BLANK_CHECK, 0x8)                                                                            \
    X(VENDOR_SPECIFIC, 0x9)                                                                        \
    X(COPY_ABORTED, 0xa)                                                                           \
    X(ABORTED_COMMAND, 0xb)                                                                        \
    X(VOLUME_OVERFLOW, 0xd)                                                                        \
    X(MISCOMPARE, 0xe)                                                                             \
    X(COMPLETED, 0xf)

/** Sense: X(NAME, key, ASC, ASCQ, text). One row per condition that something here reports. */
#define TGT_SENSE_LIST(X)                                                                          \
    X(NONE, 0x0, 0x00, 0x00, "no additional sense information")                                    \
    X(OPERATION_IN_PROGRESS, 0x0, 0x00, 0x16, "operation in progress")                             \
    X(FILEMARK_DETECTED, 0x0, 0x00, 0x01, "filemark detected")                                     \
    X(LOW_POWER_CONDITION_ON, 0x0, 0x5e, 0x00, "low power condition on")                           \
    X(NOT_READY, 0x2, 0x04, 0x00, "logical unit not ready, cause not reportable")                  \
    X(BECOMING_READY, 0x2, 0x04, 0x01, "logical unit is in process of becoming ready")             \
    X(INITIALIZING_COMMAND_REQUIRED, 0x2, 0x04, 0x02,                                              \
      "logical unit not ready, initializing command required")                                     \
    X(FORMAT_IN_PROGRESS, 0x2, 0x04, 0x04, "logical unit not ready, format in progress")           \
    X(LONG_OPERATION_IN_PROGRESS, 0x2, 0x04, 0x07,                                                 \
      "logical unit not ready, operation in progress")                                             \
    X(LU_COMMUNICATION_FAILURE, 0x2, 0x08, 0x00, "logical unit communication failure")             \
    X(NO_MEDIUM, 0x2, 0x3a, 0x00, "medium not present")                                            \
    X(WRITE_ERROR, 0x3, 0x0c, 0x00, "write error")                                                 \
    X(READ_ERROR, 0x3, 0x11, 0x00, "unrecovered read error")                                       \
    X(MEDIUM_FORMAT_CORRUPTED, 0x3, 0x31, 0x00, "medium format corrupted")                         \
    X(FORMAT_FAILED, 0x3, 0x31, 0x01, "format command failed")                                     \
    X(INTERNAL_TARGET_FAILURE, 0x4, 0x44, 0x00, "internal target failure")                         \
    X(PARAMETER_LIST_LENGTH, 0x5, 0x1a, 0x00, "parameter list length error")                       \
    X(INVALID_OPCODE, 0x5, 0x20, 0x00, "invalid command operation code")                           \
    X(LBA_OUT_OF_RANGE, 0x5, 0x21, 0x00, "logical block address out of range")                     \
    X(INVALID_FIELD_IN_CDB, 0x5, 0x24, 0x00, "invalid field in CDB")                               \
    X(LUN_NOT_SUPPORTED, 0x5, 0x25, 0x00, "logical unit not supported")                            \
    X(INVALID_FIELD_IN_PARAMETERS, 0x5, 0x26, 0x00, "invalid field in parameter list")             \
    X(PARAMETER_NOT_SUPPORTED, 0x5, 0x26, 0x01, "parameter not supported")                         \
    X(PARAMETER_VALUE_INVALID, 0x5, 0x26, 0x02, "parameter value invalid")                         \
    X(INVALID_RELEASE_OF_RESERVATION, 0x5, 0x26, 0x04,                                             \
      "invalid release of persistent reservation")                                                 \
    X(SAVING_NOT_SUPPORTED, 0x5, 0x39, 0x00, "saving parameters not supported")                    \
    X(INVALID_MESSAGE, 0x5, 0x49, 0x00, "invalid message error")                                   \
    X(MEDIUM_REMOVAL_PREVENTED, 0x5, 0x53, 0x02, "medium removal prevented")                       \
    X(COMMAND_SEQUENCE_ERROR, 0x5, 0x2c, 0x00, "command sequence error")                           \
    X(INSUFFICIENT_RESOURCES, 0x5, 0x55, 0x03, "insufficient resources")                           \
    X(MEDIUM_CHANGED, 0x6, 0x28, 0x00, "not ready to ready change, medium may have changed")       \
    X(POWER_ON, 0x6, 0x29, 0x00, "power on, reset, or bus device reset occurred")                  \
    X(BUS_RESET, 0x6, 0x29, 0x02, "SCSI bus reset occurred")                                       \
    X(LU_RESET, 0x6, 0x29, 0x03, "bus device reset function occurred")                             \
    X(NEXUS_LOSS, 0x6, 0x29, 0x07, "I_T nexus loss occurred")                                      \
    X(MODE_PARAMETERS_CHANGED, 0x6, 0x2a, 0x01, "mode parameters changed")                         \
    X(RESERVATIONS_PREEMPTED, 0x6, 0x2a, 0x03, "reservations preempted")                           \
    X(RESERVATIONS_RELEASED, 0x6, 0x2a, 0x04, "reservations released")                             \
    X(REGISTRATIONS_PREEMPTED, 0x6, 0x2a, 0x05, "registrations preempted")                         \
    X(CAPACITY_CHANGED, 0x6, 0x2a, 0x09, "capacity data has changed")                              \
    X(COMMANDS_CLEARED, 0x6, 0x2f, 0x00, "commands cleared by another initiator")                  \
    X(SOFT_THRESHOLD, 0x6, 0x38, 0x07, "thin provisioning soft threshold reached")                 \
    X(MAGAZINE_NOT_ACCESSIBLE, 0x6, 0x3b, 0x11, "medium magazine not accessible")                  \
    X(INQUIRY_DATA_CHANGED, 0x6, 0x3f, 0x03, "inquiry data has changed")                           \
    X(REPORTED_LUNS_CHANGED, 0x6, 0x3f, 0x0e, "reported LUNs data has changed")                    \
    X(CLEARED_BY_DEVICE_SERVER, 0x6, 0x2f, 0x02, "commands cleared by device server")              \
    X(TASKS_TERMINATED_BY_LOGOUT, 0x6, 0x47, 0x7f,                                                 \
      "some commands cleared by iSCSI protocol event")                                             \
    X(OPERATOR_EJECT_REQUEST, 0x6, 0x5a, 0x01, "operator medium removal request")                  \
    X(WRITE_PROTECTED, 0x7, 0x27, 0x00, "write protected")                                         \
    X(SOFTWARE_WRITE_PROTECTED, 0x7, 0x27, 0x02, "logical unit software write protected")          \
    X(SPACE_ALLOCATION_FAILED, 0x7, 0x27, 0x07, "space allocation failed write protect")           \
    X(BLANK_CHECK, 0x8, 0x00, 0x05, "end-of-data detected")                                        \
    X(NO_ADDITIONAL_SENSE_ABORTED, 0xb, 0x00, 0x00, "command aborted")                             \
    X(UNEXPECTED_UNSOLICITED_DATA, 0xb, 0x0c, 0x0c, "unexpected unsolicited data")                 \
    X(NOT_ENOUGH_UNSOLICITED_DATA, 0xb, 0x0c, 0x0d, "not enough unsolicited data")                 \
    X(PROTOCOL_SERVICE_CRC_ERROR, 0xb, 0x47, 0x05, "protocol service CRC error")                   \
    X(TARGET_FAILURE_ABORTED, 0xb, 0x44, 0x00, "internal target failure, command aborted")         \
    X(OVERLAPPED_COMMANDS, 0xb, 0x4e, 0x00, "overlapped commands attempted")                       \
    X(DATA_PHASE_ERROR, 0xb, 0x4b, 0x00, "data phase error")                                       \
    X(END_OF_MEDIUM_OVERFLOW, 0xd, 0x00, 0x02, "end-of-partition/medium detected")                 \
    X(MISCOMPARE, 0xe, 0x1d, 0x00, "miscompare during verify operation")

/** Status values, TGT_STATUS_GOOD and so on. */
enum tgt_status {
#define X(name, code) TGT_STATUS_##name = (code),
    TGT_STATUS_LIST(X)
#undef X
};

/** Sense keys, TGT_KEY_NOT_READY and so on. */
enum tgt_sense_key {
#define X(name, code) TGT_KEY_##name = (code),
    TGT_SENSE_KEY_LIST(X)
#undef X
};

/** A condition: key << 16 | ASC << 8 | ASCQ. */
enum tgt_sense {
#define X(name, key, asc, ascq, text) TGT_SENSE_##name = (key) << 16 | (asc) << 8 | (ascq),
    TGT_SENSE_LIST(X)
#undef X
};

/** Parts of an enum tgt_sense value. */
#define TGT_SENSE_GET_KEY(s)  ((unsigned)(s) >> 16 & 0xf)
#define TGT_SENSE_GET_ASC(s)  ((unsigned)(s) >> 8 & 0xff)
#define TGT_SENSE_GET_ASCQ(s) ((unsigned)(s)&0xff)

#endif
