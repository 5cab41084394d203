#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Commands, outputs, errors and exit statuses are byte for byte those of tgt:  test_golden.py ours|tgt FILE"""

import sys

import scene
from scene import golden, tap

if __name__ == "__main__":
    sys.exit(tap.main(golden.tests(sys.argv[2]), scene.Scene(sys.argv[1]), sys.argv[3:]))
