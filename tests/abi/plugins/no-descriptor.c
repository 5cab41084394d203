/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A shared object with the section of a plugin, but without its descriptor. */
#include <tgt/tgt.h>

TGT_KEEP_ static const char info[] = "kind=backing-store\0name=no-descriptor\0version=1\0abi=1."
                                     "0\0provides=bs:no-descriptor\0licence=MIT\0summary=Nothing";
