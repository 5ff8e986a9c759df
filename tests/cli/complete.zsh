#!/usr/bin/env zsh
# SPDX-License-Identifier: BSD-2-Clause
#
# complete.zsh DIRECTORY: for each command line of standard input, prints what zsh offers for its last word.
#
# zsh completes only on a terminal: a second zsh, on a pseudo-terminal, writes each candidate to the pipe `offered`.

zmodload zsh/zpty
directory=$(mktemp -d)
mkfifo $directory/offered
cat >$directory/rc <<RC
exec 9>$directory/offered
setopt no_auto_list no_beep
fpath=($1 \$fpath)
autoload -U compinit && compinit -u -D
compadd() {
  local -a found
  if [[ -z \${(M)\${@[1,(i)(-|--)]}:#-[OAD]} ]]; then
    builtin compadd -O found "\$@"
    print -rl -u 9 -- \$found
  fi
  builtin compadd "\$@"
}
finish() { print -u 9 .; BUFFER= }
zle -N finish
bindkey '^I' complete-word
bindkey '^T' finish
RC
zpty shell zsh -f -i
zpty -w shell "source $directory/rc"
exec 8<$directory/offered
while IFS= read -r line; do
  zpty -w -n shell "$line"$'\t\x14'
  offered=()
  while read -r -u 8 word && [[ $word != . ]]; do offered+=($word); done
  while zpty -r -t shell echoed; do :; done
  print -r -- "$line=$offered"
done
zpty -d shell
rm -r $directory
