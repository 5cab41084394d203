# SPDX-License-Identifier: LGPL-2.1-or-later
# Prints what Config::General makes of each file named, as tgt-admin has it read them: JSON, a line each.
use strict;
use Config::General qw(ParseConfig);
use JSON::PP;

my $json = JSON::PP->new->latin1->canonical;
for my $file (@ARGV) {
    local $SIG{__WARN__} = sub { };
    my %tree = eval {
        ParseConfig(-ConfigFile => $file, -UseApacheInclude => 1, -IncludeDirectories => 1, -IncludeGlob => 1,
            -MergeDuplicateBlocks => 1);
    };
    print $json->encode($@ ? { error => "$@" } : { tree => \%tree }), "\n";
}
