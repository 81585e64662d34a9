"""Completion as bash, zsh and fish have it: scripts that hold all words, written from a table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from shlex import quote
from typing import NamedTuple


class Place(NamedTuple):
    """A place on the command line: its pattern, the words that can be written, and the files.

    ``files`` are extensions, ``*`` for any and ``/`` for folders alone. Where it is of ``styles``,
    people's own are words, too: the headers ``[styles.NAME]`` of edgecli.toml as it then is.
    """

    pattern: str
    words: tuple[str, ...]
    files: tuple[str, ...]
    styles: bool = False


class OptionPlace(NamedTuple):
    """An option: its names, what it does, whether it comes again, and its value, if it has one."""

    names: tuple[str, ...]
    text: str
    again: bool
    value: Place | None


class Words(NamedTuple):
    """A command: what is typed for it, what it does, and its options, arguments, commands."""

    path: tuple[str, ...]
    text: str
    options: tuple[OptionPlace, ...]
    arguments: tuple[Place, ...]
    variadic: bool
    commands: tuple[str, ...]


STYLES = r"""_edgecli_own_styles() {
    local config=${EDGECLI_CONFIG-${XDG_CONFIG_HOME:-$HOME/.config}/edgecli/edgecli.toml}
    [ -f "$config" ] || return 0
    sed -n 's/^ *\[ *styles *\. *"\{0,1\}\([^]" ]*\)"\{0,1\} *\].*$/\1/p' "$config"
}"""

BASH = r"""# Completes edgecli in bash.

# Reply with files that end in one of the extensions given, and folders.
_edgecli_files() {
    local name extension place
    compopt -o filenames 2>/dev/null
    while IFS= read -r name; do
        place=${name/#\~/$HOME}
        if [ -d "$place" ]; then
            COMPREPLY+=("$name")
            continue
        fi
        extension=$(printf %s ".${name##*.}" | tr '[:upper:]' '[:lower:]')
        case " $1 " in *" * "* | *" $extension "*) COMPREPLY+=("$name") ;; esac
    done < <(compgen -f -- "$cur")
}

# Print the names of your own styles.
@styles

# Say what an option's value can be; fail where it takes none.
_edgecli_option() {
    words= files=
    case "$1" in
@options
    *) return 1 ;;
    esac
}

# Say what an argument can be, by its number.
_edgecli_argument() {
    words= files=
    case "$1" in
@arguments
    esac
}

_edgecli() {
    local cur=${COMP_WORDS[COMP_CWORD]} path= count=0 option= words= files= i word
    COMPREPLY=()
    [ "$cur" = = ] && cur=
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [ -n "$option" ]; then  # the word is its value; bash makes = a word
            [ "$word" = = ] || option=
            continue
        fi
        case "$path $word" in
@commands
        *" -"*) _edgecli_option "$path $word" && option=$word ;;
        *) count=$((count + 1)) ;;
        esac
    done
    if [ -n "$option" ]; then
        _edgecli_option "$path $option"
    elif [[ $cur == -* ]]; then
        case "$path" in
@flags
        esac
    else
        _edgecli_argument "$path $count"
    fi
    [ -n "$words" ] && COMPREPLY=($(compgen -W "$words" -- "$cur"))
    [ -n "$files" ] && _edgecli_files "$files"
}

complete -o bashdefault -o default -F _edgecli edgecli
"""


def bash_script(commands: Sequence[Words]) -> str:
    """Return the script for bash 4 and later."""
    return _filled(
        BASH,
        styles=STYLES,
        options=_cases(
            ((" ".join((_path(one), name)), _bash_place(option.value))
             for one in commands for option in one.options if option.value
             for name in option.names), 4),
        arguments=_cases(_bash_arguments(commands), 4),
        commands=_cases(((_path(one), f"path={quote(_path(one))}")
                         for one in commands if one.path), 8),
        flags=_cases(((_path(one), f"words={quote(' '.join(_names(one.options)))}")
                      for one in commands), 8),
    )  # fmt: skip


def _path(one: Words) -> str:
    return "".join(f" {word}" for word in one.path)


def _names(options: Sequence[OptionPlace]) -> list[str]:
    return [name for option in options for name in option.names]


def _bash_place(place: Place) -> str:
    own = "' '$(_edgecli_own_styles)" * place.styles
    return f"words={quote(' '.join(place.words))}{own} files={quote(' '.join(place.files))}"


def _bash_arguments(commands: Sequence[Words]) -> Iterator[tuple[str, str]]:
    for one in commands:
        if one.commands:
            yield f"{_path(one)} 0", f"words={quote(' '.join(one.commands))}"
        for number, place in enumerate(one.arguments):
            last = one.variadic and number == len(one.arguments) - 1
            yield f"{_path(one)} {'*' if last else number}", _bash_place(place)


def _cases(cases: Iterator[tuple[str, str]], indent: int) -> str:
    """Return cases of bash's; those that do the same share one."""
    shared: dict[str, list[str]] = {}
    for pattern, then in cases:
        shared.setdefault(then, []).append(quote(pattern).replace("*'", "'*"))
    lines = (f"{' ' * indent}{' | '.join(some)}) {then} ;;" for then, some in shared.items())
    return "\n".join(lines)


def _filled(script: str, **parts: str) -> str:
    return re.sub(r"(?m)^@(\w+)$", lambda match: parts[match[1]], script)


ZSH = r"""#compdef edgecli
# Completes edgecli in zsh.

# Offer words, and files that match a pattern.
_edgecli_value() {
    local ret=1
    [[ -n $1 ]] && compadd -- ${=1} && ret=0
    case $2 in
    '') ;;
    /) _files -/ && ret=0 ;;
    *) _files -g "$2" && ret=0 ;;
    esac
    return ret
}

# Print the names of your own styles.
@styles

@functions

if [[ $funcstack[1] == _edgecli ]]; then
    _edgecli "$@"
else
    compdef _edgecli edgecli
fi
"""


def zsh_script(commands: Sequence[Words]) -> str:
    """Return the script for zsh: to be sourced, or a file ``_edgecli`` of its ``fpath``."""
    texts = {one.path: one.text for one in commands}
    functions = (
        "\n".join((f"{'_'.join(('_edgecli', *one.path))}() {{", *_zsh_lines(one, texts), "}"))
        for one in reversed(commands)
    )
    return _filled(ZSH, styles=STYLES, functions="\n\n".join(functions))


def _zsh_lines(one: Words, texts: dict[tuple[str, ...], str]) -> Iterator[str]:
    specs = [spec for option in one.options for spec in _zsh_option(option)]
    if not one.commands:
        several = one.variadic
        for number, place in enumerate(one.arguments, start=1):
            where = "*" if several and number == len(one.arguments) else str(number)
            specs.append(quote(f"{where}:{_zsh_text(place.pattern)}:{_zsh_action(place)}"))
        yield "    _arguments -s -S \\"
        yield " \\\n".join(f"        {spec}" for spec in specs)
        return
    name = "_".join(("_edgecli", *one.path))
    yield "    local curcontext=$curcontext state line ret=1"
    yield "    local -a commands=("
    for inner in one.commands:
        text = texts[(*one.path, inner)].replace(":", r"\:")
        yield f"        {quote(f'{inner}:{text}')}"
    yield "    )"
    specs += ["'1: :->command'", "'*:: :->rest'"]
    yield "    _arguments -C \\"
    yield " \\\n".join(f"        {spec}" for spec in specs) + " && ret=0"
    yield "    case $state in"
    yield "    command) _describe command commands && ret=0 ;;"
    yield f"    rest) (( $+functions[{name}_$words[1]] )) && {name}_$words[1] && ret=0 ;;"
    yield "    esac"
    yield "    return ret"


def _zsh_option(option: OptionPlace) -> Iterator[str]:
    others = "" if option.again else f"({' '.join(option.names)})"
    for name in option.names:
        again = "*" if option.again else ""
        text = f"{others}{again}{name}"
        value = option.value
        if value is not None:
            text += "=" if name.startswith("--") else ""
        text += f"[{_zsh_text(option.text)}]"
        if value is not None:
            text += f":{_zsh_text(value.pattern)}:{_zsh_action(value)}"
        yield quote(text)


def _zsh_text(text: str) -> str:
    return re.sub(r"([\[\]:\\])", r"\\\1", text)


def _zsh_action(place: Place) -> str:
    """Return what offers a place's words and files; zsh wants a colon escaped."""
    globs = place.files[0] if place.files[:1] in (("*",), ("/",)) else ""
    if place.files and not globs:
        globs = f"*.(#i)({'|'.join(one[1:] for one in place.files)})"
    if not place.words and not globs:
        return " "
    words = quote(" ".join(place.words)) + '" $(_edgecli_own_styles)"' * place.styles
    return f" _edgecli_value {words} {quote(globs)}"


FISH = r"""# Completes edgecli in fish.

# Offer folders, and files that end in one of the extensions given.
function __edgecli_files
    __fish_complete_path (commandline -ct) | string match -ir '^.*(?:/|'$argv[1]')(?:\t.*)?$'
end

# Print the names of your own styles.
function __edgecli_own_styles
    set -l config $EDGECLI_CONFIG
    if not set -q EDGECLI_CONFIG
        set config ~/.config/edgecli/edgecli.toml
        test -n "$XDG_CONFIG_HOME"; and set config $XDG_CONFIG_HOME/edgecli/edgecli.toml
    end
    test -f "$config"; or return
    string replace -rf '^ *\[ *styles *\. *"?([^]" ]+)"? *\].*$' '$1' <$config
end

# Whether exactly these commands were typed, and none of those after --.
function __edgecli_typed
    set -l words
    for word in (commandline -opc)[2..]
        string match -q -- '-*' $word; or set -a words $word
    end
    test (count $words) -ge (count $argv); or return 1
    for n in (seq (count $argv))
        test $words[$n] = $argv[$n]; or return 1
    end
end

complete -c edgecli -f
@lines
"""


def fish_script(commands: Sequence[Words]) -> str:
    """Return the script for fish."""
    texts = {one.path: one.text for one in commands}
    return _filled(FISH, lines="\n".join(line for one in commands for line in _fish(one, texts)))


def _fish(one: Words, texts: dict[tuple[str, ...], str]) -> Iterator[str]:
    typed = f"__edgecli_typed {' '.join(one.path)}" if one.path else "__fish_use_subcommand"
    for inner in one.commands:
        when = typed
        if one.path:
            when += f"; and not __fish_seen_subcommand_from {' '.join(one.commands)}"
        text = texts[(*one.path, inner)]
        yield f"complete -c edgecli -n {_fish_quote(when)} -a {inner} -d {_fish_quote(text)}"
    start = f"complete -c edgecli -n {_fish_quote(typed)}"
    for place in one.arguments:
        yield from (f"{start}{words}" for words in _fish_place(place))
    for option in one.options:
        names = " ".join(
            f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names
        )
        if option.value is None:
            yield f"{start} {names} -d {_fish_quote(option.text)}"
        else:
            said = _fish_place(option.value) or [""]
            yield f"{start} {names} -x{said[0]} -d {_fish_quote(option.text)}"
            yield from (f"{start} {names} -x{more}" for more in said[1:])


def _fish_place(place: Place) -> list[str]:
    """Return what is to be offered, as options of fish's ``complete``."""
    said = [f" -a {_fish_quote(' '.join(place.words))}"] if place.words else []
    said += [" -a '(__edgecli_own_styles)'"] if place.styles else []
    if "*" in place.files:
        return [*said, " -a '(__fish_complete_path (commandline -ct))'"]
    if "/" in place.files:
        return [*said, " -a '(__fish_complete_directories)'"]
    if place.files:
        ends = "|".join(one[1:] for one in place.files)
        return [*said, f" -a '(__edgecli_files \"[.]({ends})\")'"]
    return said


def _fish_quote(text: str) -> str:
    r"""Quote a text for fish, whose backslash escapes within quotes.

    >>> print(_fish_quote("a'b"))
    'a\'b'
    """
    return "'" + text.replace("\\", "\\\\").replace("'", r"\'") + "'"


SHELLS: dict[str, Callable[[Sequence[Words]], str]] = {
    "bash": bash_script,
    "zsh": zsh_script,
    "fish": fish_script,
}
