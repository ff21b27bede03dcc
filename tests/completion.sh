#!/bin/sh
# What `moonmill completion` writes, loaded by a real shell and asked as at a key press of Tab.
# usage: completion.sh PATH-OF-MOONMILL bash|zsh|fish; exits with 77 where the shell is not installed
. "$(dirname "$0")/shell.sh"
moonmill=$(realpath "$1") shell=$2

if ! command -v "$shell" >/dev/null; then
    echo "SKIPPED: $shell is not installed here"
    exit 77
fi
"$moonmill" completion "$shell" >"$work/script" || exit 1
mkdir -p "$work/here/flows/board" "$work/here/other" "$work/home"
for flow in refund refund@1.2.0 report refund_spec '$(touch harm)' board/flow; do
    echo 'return flow "x" {}' >"$work/here/flows/$flow.lua"
done
: >"$work/here/other/elsewhere.lua"
PATH=$(dirname "$moonmill"):$PATH
export PATH
: >"$work/here/two words.json"
cd "$work/here" || exit 1

# The words offered for a line whose end is where the cursor stands, one a line.
ask_bash() {
    bash --norc -c '
        source "$1"
        complete -p moonmill >/dev/null || exit 1
        line=$2
        read -r -a COMP_WORDS <<<"${line//=/ = }"
        [[ $line == *[\ =] ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _moonmill moonmill
        printf "%s\n" "${COMPREPLY[@]}"' bash "$work/script" "$1"
}

ask_fish() {
    HOME=$work/home XDG_CONFIG_HOME=$work/home fish --no-config -c '
        source $argv[1]
        complete -C $argv[2]' "$work/script" "$1" | cut -f 1
}

# zsh completes in a terminal only: it gets one (zsh/zpty), and says what it would list.
ask_zsh() {
    HOME=$work/home ZDOTDIR=$work/home timeout 30 zsh -f -c '
        zmodload zsh/zpty
        zpty moonmill zsh -f -i
        zpty -w moonmill "PS1=; autoload -Uz compinit; compinit -u -d $HOME/dump; source $1"
        zpty -w moonmill "compadd() {
            local -a made; builtin compadd -O made \"\$@\"; print -rl -- \"OFFER \"\$^made
            builtin compadd \"\$@\"; }"
        zpty -w moonmill "ask() { zle complete-word; print -r -- DO\"\"NE; }; zle -N ask"
        zpty -w moonmill "bindkey \"^I\" ask"
        zpty -w moonmill "zle-line-init() { print -r -- REA\"\"DY; }; zle -N zle-line-init"
        zpty -r moonmill said "*READY*"
        zpty -w -n moonmill "$2"$'"'\t'"'
        zpty -r moonmill said "*DONE*"
        print -r -- $said
        zpty -d moonmill' zsh "$work/script" "$1" | tr -d '\r' | sed -n 's/.*OFFER //p'
}

# offers LINE WORD...: each of the words is offered; ! WORD is not.
offers() {
    line=$1
    shift
    "ask_$shell" "$line" >"$work/offered" 2>"$work/err"
    wanted=yes
    for word; do
        if [ "$word" = ! ]; then
            wanted=no
            continue
        fi
        found=no
        grep -qxF -e "$word" "$work/offered" && found=yes
        if [ "$found" = "$wanted" ]; then
            echo "ok: $line: $word"
        else
            fail "$line: $word: offered: $found, wanted: $wanted"
            head -n 20 "$work/offered" "$work/err" | sed 's/^/    /'
        fi
        wanted=yes
    done
}

offers 'moonmill ' check doctor event graph help new replay test runtime
offers 'moonmill gra' graph ! check
offers 'moonmill graph --fo' --format ! --flows
offers 'moonmill graph --format ' text svg mermaid dot json
offers 'moonmill graph --format s' svg ! text
offers 'moonmill check --' --flows --json --env-file --quiet --help ! --verbose ! --answers
offers 'moonmill completion ' bash zsh fish
offers 'moonmill event ' sqs job token
offers 'moonmill event job --flow ' refund report board ! elsewhere ! refund_spec ! refund@1.2.0
offers 'moonmill event job --flow rep' report ! refund
offers 'moonmill replay --flows other --flow ' elsewhere ! refund
offers 'moonmill graph re' refund report
offers 'moonmill graph two' 'two words.json'
offers 'moonmill event job --flow $' ! '$(touch harm)'
if [ -e harm ]; then
    fail "a file's name was run"
fi
offers 'moonmill help re' replay
offers 'moonmill replay two' 'two words.json'
[ "$shell" = bash ] && offers 'moonmill graph --format=me' mermaid
[ "$shell" = bash ] && offers 'moonmill check --flows f' flows
[ "$shell" = bash ] && offers 'moonmill check --flows t' ! 'two words.json'
exit "$failed"
