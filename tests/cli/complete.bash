#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# complete.bash DIRECTORY: for each command line of standard input, prints what bash offers for its last word.

# shellcheck source=/dev/null
source "$1/xvnet.bash"
while IFS= read -r line; do
  read -ra COMP_WORDS <<<"$line"
  [[ $line != *' ' ]] || COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  COMPREPLY=()
  _xvnet
  echo "$line=${COMPREPLY[*]}"
done
