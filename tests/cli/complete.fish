#!/usr/bin/env fish
# SPDX-License-Identifier: BSD-2-Clause
#
# complete.fish DIRECTORY: for each command line of standard input, prints what fish offers for its last word.

source $argv[1]/xvnet.fish
while read -l line
    set -l offered (complete -C $line | string replace -r '\t.*' '')
    echo "$line=$offered"
end
