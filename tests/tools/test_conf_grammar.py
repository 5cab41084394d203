#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""targets.conf means to us what it means to Perl's Config::General, which tgt-admin reads it with."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

import bed
from bed import tap

PERL = os.path.join(bed.HERE, "config-general.pl")

# Names of blocks are not names of options: Perl takes no mixture, we do.
SAMPLES = {
    "plain": "a b\nc=d\ne = f\ng  h i  j \n=x\nalone\nempty=\nempty2 =  \n",
    "repeated": "k 1\nj x\nk 2\nk\nk 3\n",
    "hash": "a b#c\na b #c\na b\\#c\na b\\\\#c\n#all\n  # blanks\nq \"x # y\"\n\\# no comment\n",
    "quotes": 'a "b c"\na "b\na b"\na \'b\'\na """\na "\na ""\na "x\\"y"\na "x\\"\n',
    "escapes": "a \\$x\na $x ${tid}\na \\\\\na \\n\na \\\\\\\\x\na x\\\n",
    "continued": "a b \\\n   c \\\nd\ne f\\\n\ng h\\\\\ni j\n\\\nk l\nm n \\ \n",
    "continued_to_end": "a b\nc d \\\n",
    "here": "a <<END\n  x\n y # z\n\nEND\nb = <<  E F\n\tq\n\tw\n\tE F \nc <<X\nX\nd=<<E\n/* x */\n\\#\nE\n",
    "here_unended": "a b\nc <<E\nd e\n",
    "here_indented_less": "a <<E\nx\n  y\n    z\n  E\n",
    "comment": "a /* x */ b\n/* c */\n/* d\ne f\ng */ h i\nj k /* l\nm n\n/*/\no p\n",
    "comment_twice": "a /* x */ b /* y */ c\n/* x\n y /* z */ q\n*/\nr s\n",
    "comment_stray": "a b */ c d\nd /e/*/f\n",
    "comment_unended": "a b\n/* c\nd e\n",
    "blocks": "<t a>\nx 1\n</t>\n<t b>\nx 2\n</t>\n<t a>\nx 3\n y 4\n</t>\n",
    "nested": "<t a>\n<s /x>\nlun 1\n</s>\n<s /y>\nlun 2\n</s>\n<s /x>\nlun 3\n</s>\n</t>\n",
    "block_names": "<t >\nx 1\n</t>\n<u>\nx 1\n</u>\n< v w>\nx 1\n</v>\n<t \"a b\">\nx 1\n</t>\n<t \"a\" b>\nx 1\n</t>\n"
                   "<\"q r\">\nx 1\n</q>\n<\"q r\" s>\nx 1\n</q>\n<t  a  b >\nx 1\n</t>\n<t \"\">\nx 1\n</t>\n",
    "block_anonymous_twice": "<u>\nx 1\n</u>\n<u>\nx 2\ny 3\n</u>\n",
    "block_ends_wrong": "<t a>\nx 1\n</u>\ny 2\n",
    "block_empty": "<t a/>\n<u/>\n<t b/> \n<w /x/>\n",
    "block_with_more": "<t a> b\n<\n>\n<>\n</>\n< >\na 1\n</x>\n",
    "block_continued": "<t \\\na>\nx 1\n</t>\n",
    "block_indented": "  <t a>  \n\t x 1 \n  </t> \r\n",
    "carriage_return": "a b\r\n<t a>\r\nx 1\r\n</t>\r\n",
    "unclosed": "<t a>\nx 1\n",
    "unopened": "x 1\n</t>\n",
    "unclosed_inner": "<t a>\n<s b>\n</t>\n",
    "no_newline": "a b\nc d",
    "nothing": "",
    "vertical_tab": "a\vb\n\vc\fd\n",
    "latin": "a \xe4\xf6\n\xfc b\n",
    "bom": "\xef\xbb\xbfa b\n",
    "include": "a 1\ninclude inc/one.conf\nb 2\n",
    "include_case": "INCLUDE inc/one.conf\nIncludeOptional inc/none.conf\nincludeoptional inc/two.conf\n",
    "include_quoted": "include \"inc/one.conf\"\ninclude 'inc/two.conf'\n",
    "include_quoted_badly": "include \"inc/one.conf\" \n",
    "include_empty": "include \"\"\n",
    "include_commented": "include inc/one.conf # the first\n",
    "include_missing": "a 1\ninclude inc/none.conf\n",
    "include_pattern": "include inc/*.conf\n",
    "include_pattern_of_nothing": "a 1\ninclude inc/*.none\n",
    "include_braces": "include inc/{two,one}.conf\n",
    "include_question": "include inc/?ne.conf\n",
    "include_folder": "include inc/folder\n",
    "include_folder_slash": "include inc/folder/\n",
    "include_in_block": "<t a>\ninclude inc/one.conf\n</t>\n",
    "include_of_block_part": "<t a>\ninclude inc/end.conf\nb 1\n",
    "include_twice": "include inc/one.conf\ninclude inc/one.conf\n",
    "include_circle": "include inc/circle.conf\na 1\n",
    "include_itself": "include samples/include_itself.conf\na 1\n",
    "include_of_continuation": "include inc/open.conf\na 1\n",
    "include_of_comment": "include inc/comment.conf\na 1\n",
    "include_continued": "include \\\ninc/one.conf\n",
    "include_device": "include /dev/null\n",
    "include_word": "included x\nincludes\ninclude\n",
    "cinder": "<target iqn.2010-10.org.openstack:volume-1>\n                backing-store /dev/v\n                driver iscsi\n"
              "                incominguser u p\n\n                bsoflags \n                write-cache on\n            </target>\n",
}

INCLUDED = {
    "one.conf": "one 1\n",
    "two.conf": "two 2\ninclude inc/one.conf\n",
    "end.conf": "inner 1\n</t>\n",
    "circle.conf": "c 1\ninclude inc/circle.conf\n",
    "open.conf": "o 1 \\\n",
    "comment.conf": "o 1\n/* x\n",
    "folder/b": "b 1\n",
    "folder/a": "a 1\n",
    "folder/.hidden": "h 1\n",
    "folder/sub/c": "c 1\n",
}

PIECES = ["a", "b", "key", "value", " ", " ", "  ", "\t", "=", "#", "\\", "\\#", '"', "'", "\\\n", "\n", "\n", "\n", "/*", "*/",
          "<<E", "\nE\n", "E", "<t x>", "\n<t x>\n", "\n</t>\n", "\n<s y>\n", "\n</s>\n", "<s/>", "/", "$", "\\\\", "0x",
          "include inc/one.conf", "\ninclude inc/*.conf\n", "<", ">", "/>", "\r"]


class Bed:
    """A folder with samples, read by both."""

    def open(self):
        self.dump = bed.daemon.binary("CONF_DUMP")
        if not shutil.which("perl"):
            tap.skip_all("perl is not installed")
        found = subprocess.run(["perl", "-MConfig::General", "-MJSON::PP", "-e", "exit 0"], capture_output=True)
        if found.returncode:
            tap.skip_all("Config::General is not installed (Debian package libconfig-general-perl)")
        self.folder = tempfile.mkdtemp(prefix="conf-test-")
        os.mkdir(os.path.join(self.folder, "samples"))
        for name, text in INCLUDED.items():
            self.write(os.path.join("inc", name), text)

    def close(self):
        shutil.rmtree(self.folder)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text.encode("latin-1"))

    def lines(self, *command):
        done = subprocess.run(command, cwd=self.folder, capture_output=True, check=True)
        tap.equal(done.stderr, b"", command[0])
        return [json.loads(line) for line in done.stdout.decode("latin-1").split("\n")[:-1]]

    def read_both(self, samples):
        """[(name, text, what Perl has read, what we have read)]; None: it was refused."""
        files = [f"samples/{name}.conf" for name in samples]
        for file, text in zip(files, samples.values()):
            self.write(file, text)
        perl = self.lines("perl", PERL, *files)
        ours = self.lines(self.dump, *files)
        tap.equal((len(perl), len(ours)), (len(files), len(files)), "answers")
        return list(zip(samples, samples.values(), [p.get("tree") for p in perl], map(as_perl, ours)))


def as_perl(tree):
    return None if "error" in tree else hash_of(tree)


def hash_of(block):
    """A block of ours as the hash that Perl makes of it."""
    result = {key: values[0] if len(values) == 1 else values for key, values in block["options"].items()}
    for inner in block["blocks"]:
        if inner["arg"] is None:
            result.setdefault(inner["name"], {}).update(hash_of(inner))
        else:
            result.setdefault(inner["name"], {})[inner["arg"]] = hash_of(inner)
    return result


def compare(context, samples):
    different = [f"{name}: {text!r}\n  ours {ours!r}\n  Perl {perl!r}"
                 for name, text, perl, ours in context.read_both(samples) if ours != perl]
    tap.true(not different, f"{len(different)} differ:\n" + "\n".join(different[:10]))


def test_samples(context):
    compare(context, SAMPLES)


@tap.timeout(60)
def test_random_texts(context):
    rnd = random.Random(os.environ.get("TGT_TEST_SEED", "targets.conf"))
    texts = {f"r{i}": "".join(rnd.choices(PIECES, k=rnd.randint(1, 30))) for i in range(1500)}
    # What a backslash means in a pattern is for each one's glob() to say.
    texts = {name: text for name, text in texts.items() if not re.search(r"include.*\\", text)}
    tap.true(len(texts) > 500, f"only {len(texts)} samples")
    compare(context, texts)


if __name__ == "__main__":
    sys.exit(tap.main(globals(), Bed(), patterns=sys.argv[1:]))
