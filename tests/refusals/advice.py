"""What people do about a refusal: its advice as commands, where it is one, and the rest by name."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

Args = list[str]

TRIED: dict[str, str] = {
    # names
    r"'(?P<given>\S+)' is unknown.*; did you mean '(?P<known>\S+)'\?$": "{given} -> {known}",
    r"'(?P<given>[\w.]+)(:\S*)?': .*; write (?P<known>[a-z]+)(\[?:\S*)?$": "{given} -> {known}",
    r"'gaussian:\S+': .*; use a sigma up to 1448$": "filters show gaussian:20",
    r"see 'edgecli (?P<command>.* )?--help'$": "{command}--help",
    r"'edgecli filters list' shows the built-in ones$": "filters list",
    r"or 'edgecli (?P<command>(network|filters) \w+ \w+)' to see": "{command}",
    r"or 'edgecli network run'$": "network run {3} square.png -o other.npz",
    r"'edgecli network run' shows what": "network run {3} {1} -o other/",
    r"trace one of its filters, such as (?P<name>\S+)$": "trace {1} --at 5,5 -f {name}",
    r"is made alone; give no other --filter beside it": "-f contours | -f sobel",
    # values of options
    r"value for '(?P<option>[\w-]+)': '.*' is unknown; there (are|is) (?P<first>[\w-]+)": (
        "{option} {first}"
    ),
    r"; add (?P<option>--all-frames) to make pages of them, or give a folder with -o DIR/$": (
        "{option} | -o other/"
    ),
    r'; write (?P<options>-f ".*"), for Convolve with (?P<option>--convolve)$': (
        "{options} | {options} {option} -o turned.png"
    ),
    r"is a pattern and no file; for all of it type: edgecli (?P<command>.*)$": "{command}",
    r"is a folder; for the images in it type: edgecli (?P<command>.*)$": "{command}",
    r"value for '(?P<option>[\w-]+)': \S+ is not in the range (?P<low>\d+)<=": "{option} {low}",
    r"value for '(?P<option>[\w-]+)': \S+ is not in the range x>=\d+": "{option} 999999",
    r"value for '(?P<option>[\w-]+)': \S+ is not in the range x>0": "{option} 99",
    r"value for '(?P<option>[\w-]+)': \S+ is not a valid integer range": "{option} 1",
    r"has no words for .*; write (?P<options>--code .*)$": "{options}",
    r"; use (?P<option>--[\w-]+) (?P<values>\w+( or \w+)*)": "{option} {values}",
    r"raise it with --max-pixels$": "--max-pixels 999999999",
    r"pad more \(--padding same\) or use a smaller kernel$": "--padding same",
    r"padding mode .*; there are (?P<values>.*), constant:V$": (
        "--padding-mode {values} | --padding-mode constant:3"
    ),
    r"padding '.*' is not valid, same, N, H,W or T,B,L,R": (
        "--padding valid | --padding same | --padding 1 | --padding 1,2 | --padding 1,2,3,4"
    ),
    r"(?P<option>stride|dilation) .* is not N or H,W with numbers": (
        "--{option} 1 | --{option} 1,2"
    ),
    r"or numbers separated by commas$": "--bias 1",
    r"use a filter of depth 1, or --channels rgb$": "--channels rgb",
    r"which have no colour; use another --map$": "--map abs",
    r"(?P<option>[\w-]+) must be a number of pixels from 0 up": "--{option} 3",
    r"use stride 1, padding same$": "--stride 1 --padding same",
    r"use an operator such as (?P<values>sobel or gradient:2)": "-f {values}",
    r", or one second derivative such as log:2$": "-f log:2",
    r"exclude each other; give one of them$": "without --threshold | without --hysteresis",
    r"'(?P<low>\d+),(?P<high>\d+)' has .*; swap them$": "--hysteresis {high},{low}",
    r"; write 0.0075 or 2px$": "--tolerance 0.0075 | --tolerance 2px",
    r"give each its own: -f (?P<first>\S+) -f (?P<second>\S+)$": "-f {first} -f {second} -o other/",
    r"is more than one; write --hysteresis (?P<pair>\S+)$": (
        "without --threshold --hysteresis {pair}"
    ),
    r"for its edges type: edgecli (?P<command>.*)$": "{command}",
    r"which nothing fills in; write (?P<field>\{frame:04\}) in its place$": "-o new-{field}.png",
    r"write two thresholds, or auto$": "--hysteresis 10,20 | --hysteresis auto",
    r"'x' is not a number from 0 up, N% .*, pNN .* or otsu$": (
        "--hysteresis 5,10 | --hysteresis 5%,10% | --hysteresis p50,p90 | --hysteresis otsu,200"
    ),
    r"is not a number from 0 up, N% of .*, pNN .*, otsu or auto$": (
        "--threshold 0 | --threshold 9% | --threshold p90 | --threshold otsu | --threshold auto"
    ),
    r"has no place for .*; drop (?P<option>\S+), or give --format (?P<values>\w+( or \w+)*)$": (
        "without {option} | --format {values}"
    ),
    r"drop (?P<option>--world-file), or give -o FILE$": "without {option} | -o other.png",
    r"has no unit; write (?P<size>\w+), or": "--size {size}",
    r"; write it as (?P<size>180x120mm)$": "--size {size}",
    r"\(--format (?P<format>png)\)$": "--format {format}",
    r"give a folder with -o DIR/, and each has a file$": "-o other/",
    r"; write (?P<values>50%, 800x600 or max:1000)$": "--resize {values}",
    r"write 1, or 0\.5,1$": "--scales 1 | --scales 0.5,1",
    r"or give --nan ignore or propagate$": "--nan ignore | --nan propagate",
    r"; drop --[\w-]+, or (?P<option>--scheduler)$": "without {option}",
    r"(drop|leave out) (?P<option>--[\w-]+)( to read its first picture)?$": "without {option}",
    r"leave out (?P<option>--[\w-]+) and (?P<other>--[\w-]+)$": "without {option} without {other}",
    r"no words for Canny's .*; leave out": "without --padding",
    r"no words for .*, or drop --style \w+$": "without --style",
    r"no words for .*; give one --filter": "-f vertical",
    r"give one --filter, or (?P<option>--combine) (?P<values>max)$": "{option} {values}",
    r"give a number, such as (?P<option>--threshold) (?P<values>50)$": "{option} {values}",
    r"give (?P<option>-o) (?P<values>edges\.png)$": "{option} {values}",
    r"takes no (?P<option>--[\w-]+); drop it$": "without {option}",
    r"drop (?P<option>--[\w-]+) or (?P<other>--[\w-]+)$": "without {option} | without {other}",
    r"colour .* give #rrggbb, r,g,b with numbers": (
        "--overlay #336699 -f canny | --overlay 1,2,3 -f canny | --overlay navy -f canny"
    ),
    r"is not HxW; write two numbers, such as (?P<size>3x3)$": "--size {size}",
    r"write three numbers, such as (?P<size>32x32x3)$": "network summary lenet5 --input {size}",
    r"is not a number of bytes; write it as (?P<values>500M or 4G)$": "--memory {values}",
    r"is not ROW,COL; write two whole numbers$": "--at 1,2",
    r"rows are 0 to (?P<row>\d+), columns 0 to (?P<col>\d+)$": "--at {row},{col}",
    r"write two whole numbers, such as (?P<at>0,0)$": "--receptive-field {at}",
    r"give a row and column from (?P<first>\S+) to (?P<last>\S+)$": (
        "--receptive-field {first} | --receptive-field {last}"
    ),
    r"such as (?P<option>--receptive-field) (?P<at>0,0)$": "{option} {at} -o other.png",
    r"name one with --on, or leave out -o$": "--on photo.png | without -o",
    r"give (?P<option>-o) (?P<values>field\.png)$": "{option} {values}",
    r"which a drawing on a photo is; call it (?P<values>field\.png)$": "-o {values}",
    r"is grey; give one in colour, or learn in grey$": "without --channels without --filters",
    r"; give --at ROW,COL, or --all$": "--at 1,1 | --all",
    r"show one with --at 0,0, or make (it|the image) smaller with (?P<smaller>--resize max:\d+)$": (
        "without --all --at 0,0 | {smaller}"
    ),
    r"pad less, or show one position with --at 0,0$": "--padding 1 | without --all --at 0,0",
    r"have it as text: leave out -o$": "without -o",
    r"give fewer filters, or have it as text: leave out -o$": "-f sobel",
    r"say where it goes with -o slide\.svg$": "-o slide.svg",
    r"gives only maps; say with -o where they go$": "-o other/",
    r"or (?P<option>--fit) to bring this one there$": "{option}",
    # places
    r"^answers \S+ is also .* of this run; give another$": "--answers other.svg",
    r"cannot hold .*; choose from (?P<values>[\w, ]+)$": "without --format -o other.{values}",
    r"has no known extension; use one of (?P<values>\..*), or say --format$": (
        "-o other{values} | --format png"
    ),
    r"use --format (?P<values>png or tiff)$": "-o other.{values}",
    r"give a name with \{filter\}, --combine them into one, or write tiff, npy or csv": (
        "-o other-{{filter}}.png | --combine max | --format tiff | --format npy | --format csv"
    ),
    r"give --page (?P<first>1) to (?P<last>\d+)$": "--page {first} | --page {last}",
    r"give a folder \(-o DIR/\), or write tiff$": "-o other/ | --format tiff",
    r"--combine them, or put filters in files": "--combine max | -f diff.txt -f tabs.tsv",
    r"images do not fit in one output \S+; give a folder, or put \{stem\} in its name$": (
        "-o other/ | -o other-{{stem}}.png"
    ),
    r"; put \{stem\} in its name$": "-o other-{{stem}}.png",
    r"; use \{stem\}, \{filter\} or \{frame\}, or \{frame:06\}, and \{\{ for a brace$": (
        "-o new-{{stem}}.png | -o {{filter}}.png | -o {{frame}}.png | -o {{frame:06}}.png | "
        "-o a{{{{b.png"
    ),
    r"is empty; give a file, a folder or -$": "-o other.png | -o other/ | -o -",
    r"is empty; give a file, or - for standard output$": "--report-file r.json | --report-file -",
    r"^report file .* is .*; give another$": "--report-file other.json",
    r"^output \S+(?P<end>\.(png|txt)) is also .* of this run; give another$": "-o other{end}",
    r"^output f4\.npy is also .* of this run; give another$": "-o other.json",
    r"^output plain\.toml is also .* of this run; give another$": "-o other.svg",
    r"is an input of this run; give another folder with -o$": "-o other",
    r"cannot be written: .*; give another folder": "-o other",
    r"is no gallery of edgecli; move it, or give another folder$": "-o other",
    r"cannot be made: .*; give another$": "-o other/",
    r"give another place with -o$": "-o other/",
    r"--suffix tells them apart$": "--suffix",
    r"edgecli detect takes them by name$": "detect ours/map.png",
    r"--recursive looks into folders": "--recursive",
    r"give it with -o DIR$": "-o other",
    r"output \S+ is a file; give a folder( or a \.npz file)?$": "-o other/",
    r"is neither a folder nor a \.npz file; give one of them$": "-o other/ | -o other.npz",
    r"is a file; give a folder, or use edgecli (?P<command>.*)$": "{command}",
    r"call it (?P<values>\.json, \.csv or \.md)$": "--report-file other{values}",
    r"give -0 where names end in NUL": "-0",
    r"is not named \.svg, which the drawing is; call it so$": "-o other.svg",
    r"; write (?P<values>\.txt, \.json or \.npz|\.npz|\.svg or \.gif)$": "-o other{values}",
    r"filter files end in (?P<values>.*), not .*; choose one of them$": "-o other{values}",
    r"write frames of different sizes as PNM$": "-o other.ppm",
    r"(?P<file>\w+)\.mat, .* name (the file|a file without that line) \.txt$": (
        "filters show {file}-mat.txt"
    ),
}
"""Commands and options, ``|`` between those that are advised, by how a message goes or ends."""

TOLD = (
    # what a file holds, which has to be got again, mended, or saved otherwise
    r"; get (the file whole again|a whole copy)$",
    r"; (mend (it|its header|it there)|make the rows equally long|give a PAM file)$",
    r"; convert it( to PNG(, JPEG or TIFF| or PNM)?)?(, or save the numbers as UTF-8)?$",
    r"; convert it: (convert|gdal_translate|vips copy) ",
    r"; save (it|all|booleans|one|weight|numbers|text|the sheet|at least|float16)\b",
    r"; rasterise it first: \w",
    r"damaged, save it again$",
    r"; (draw|export|pip install|turn|unpack)\b|; develop camera raw first",
    r"; develop it first \(|; convert it to PNM with libjpeg-turbo",
    r"; (write|make|keep|add|spell) (?!\.)",
    r"; (give|name|put|use|pad|replace|repair|remove|rename|divide|scale|leave|upsample)\b",
    r"; (the (filters of a file|channels of a filter) have one (shape|size)|the keys are)\b",
    r"; a network has no cycles, name an earlier layer$",
    r"; (0 cannot|no deeper)$|; there (are|is) \w+(, \w+)*$|; did you mean|; raise --max-pixels$",
    # a cluster
    r"; see what they say of it, and run it again$|; drop --scheduler, or put each in a file of",
    # a rule that says what is right
    r" is not (a number above 0|valid, same, N|true or false|a text in quotes|one line|a list)\b",
    r" is not (\[height|a whole number from)|is a text in quotes$|is a list of rows of numbers$",
    r"write (an object with|either name or names)|is missing (before|after) the comma$",
    r"\d (rows|numbers) where the header|\d names? for \d+ filters?$|go 4 deep, no deeper$",
    r"a filter's name is one line of printable characters",
    r"not a filter file: neither UTF-8 text, NPY nor NPZ$|it has 1 to 2048 weights$",
    r"column \d+: '.*' is not a number$|choose from \w",
    r"must be \d (or more|pixels)|Option '-\w' requires an argument\.$",
    r"must be at least|must be (positive|larger)|gives \d",
    # the system's own reason
    r"; (check the (name|pattern)|check its permissions|nothing was changed|start one with .*)$",
    r" cannot be read: \S",
    # how far a batch is, which a busy machine tells of before its end, and that
    r"^\d+ of \d+, \d+ failed, .* left$",
    r"^\d+ of \d+ inputs failed(; \d+ not begun, run again to continue)?$",
)
"""What no command can try: patterns of messages whose advice is about the world."""


def remedies(args: Args, message: str) -> Iterator[tuple[str, Args]]:
    """Yield the commands that a message advises, each with the pattern that found it."""
    for pattern, texts in TRIED.items():
        if match := re.search(pattern, message):
            for text in texts.split(" | "):
                yield from ((pattern, _done(args, one)) for one in _filled(text, match, args))


def is_known(message: str) -> bool:
    """Return whether a message's advice is tried, or known as one that cannot be."""
    return any(re.search(pattern, message) for pattern in (*TRIED, *TOLD))


def _filled(text: str, match: re.Match[str], args: Args) -> Iterator[str]:
    """Fill in what the message names; each of the values that it lists makes a text of its own."""
    groups = {name: value or "" for name, value in match.groupdict().items()}
    listed = re.split(r", or |, | or | (?=\.)", groups.get("values", ""))
    for value in listed:
        yield text.format(*args, **groups | {"values": value.strip("' ")})


def _done(args: Args, text: str) -> Args:
    """Return a command as it is, or the one that was refused with options changed."""
    if " -> " in text:
        given, known = text.split(" -> ")
        return [known if arg.split(":")[0] == given else arg for arg in args]
    words = shlex.split(text.replace("#", r"\#"))
    if words == ["--help"] or not (words[0].startswith("-") or words[0] == "without"):
        return words
    return _changed(args, words)


def _changed(args: Args, words: Args) -> Args:
    """Return arguments with options put or dropped; an option given twice is put twice."""
    put: Args = []
    while words:
        if words[0] == "without":
            args, words = _drop(args, words[1]), words[2:]
            continue
        count = 2 if words[1:] and words[0] not in _FLAGS else 1
        args, put, words = _drop(args, words[0]), [*put, *words[:count]], words[count:]
    return [*args, *put]


_FLAGS = ("--preview", "--grid", "--all-frames", "--invert", "--alpha-out", "--thin", "--suffix",
          "--recursive", "--curves", "-0", "--all", "--blank")  # fmt: skip


def _drop(args: Args, option: str) -> Args:
    """Return arguments without an option and its values."""
    names = {"--output": "-o", "--filter": "-f"}
    while (short := names.get(option, option)) in args:
        place = args.index(short)
        args = args[:place] + args[place + (1 if option in _FLAGS else 2) :]
    return args
