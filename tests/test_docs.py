"""Documents that cannot drift: every command, option and filter is told, and examples are true."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from edgecli.cli import COMMANDS, main
from edgecli.filters import BUILTIN_FILTERS, RECIPES
from edgecli.geometry import PADDING_MODES
from edgecli.images.colour import CHANNELS
from edgecli.images.formats import FORMATS
from edgecli.networks.files import zoo_names
from edgecli.operators.operators import COMBINATIONS
from edgecli.paint.rendering import MAPS
from tests.conftest import SAMPLES, Run

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
README, *_ = TEXTS = [page.read_text(encoding="utf-8") for page in PAGES]
TOLD = "\n".join(TEXTS)
CONSOLE = "\n".join(re.findall(r"```console\n(.*?)```", TOLD, re.DOTALL)).replace("\\\n", "")


def all_commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            for inner in command.list_commands(context):
                nested = command.get_command(context, inner)
                assert nested is not None
                yield f"{name} {inner}", nested
        else:
            yield name, command


@pytest.mark.parametrize(("name", "command"), list(all_commands()), ids=str)
def test_every_command_and_option_has_help_and_is_told(name: str, command: click.Command) -> None:
    assert command.help
    assert f"edgecli {name}" in TOLD
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            longest = max(option.opts, key=len)
            assert re.search(rf"{longest}\b", TOLD), longest


@pytest.mark.parametrize("name", [*BUILTIN_FILTERS, *RECIPES, *zoo_names()])
def test_every_filter_and_network_is_told(name: str) -> None:
    stem, dash, last = name.rpartition("-")
    pair = dash and last in {"x", "y", "1", "2"} and f"`{stem}-" in TOLD and f"-{last}" in TOLD
    assert re.search(rf"`{re.escape(name)}\b", TOLD) or pair


@pytest.mark.parametrize(
    "word", [*PADDING_MODES, *CHANNELS, *COMBINATIONS, *MAPS, *FORMATS], ids=str
)
def test_every_choice_is_told(word: str) -> None:
    assert re.search(rf"`{word}\b", TOLD)


def shown_examples() -> list[tuple[str, str]]:
    """Return the commands that are shown after a ``$``, with all that they print."""
    blocks = re.findall(r"```console\n(\$ .*?)```", TOLD, re.DOTALL)
    parts = [part for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE)]
    return [(part.split("\n", 1)[0], part.split("\n", 1)[1]) for part in parts if part]


@pytest.mark.parametrize(("command", "output"), shown_examples())
def test_examples_print_what_is_shown(
    command: str, output: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    result = run(*shlex.split(command)[1:])
    assert result.exit_code == 0
    assert result.stdout == output


def test_there_are_examples() -> None:
    assert len(shown_examples()) >= 7


def option_uses() -> list[list[str]]:
    """Return the arguments of every edgecli command in the console blocks."""
    lines = [line.split("#")[0] for line in CONSOLE.splitlines()]
    parts = [part.strip() for line in lines for part in re.split(r"\||&&|>", line)]
    uses = [
        part.removeprefix("$ ") for part in parts if part.removeprefix("$ ").startswith("edgecli ")
    ]
    return [shlex.split(use)[1:] for use in uses]


@pytest.mark.parametrize("arguments", option_uses(), ids=" ".join)
def test_every_command_parses(arguments: list[str]) -> None:
    commands = dict(all_commands())
    name = next(name for name in commands if " ".join(arguments).startswith(f"{name}"))
    rest = arguments[len(name.split()) :]
    context = click.Context(commands[name], help_option_names=["-h", "--help"])
    commands[name].make_parser(context).parse_args(rest)


def test_the_two_commands_for_a_fresh_machine_are_there() -> None:
    main_job = "pip install . && edgecli detect sample_images/still-life.png --filter vertical"
    assert main_job in CONSOLE
    assert "pip install '.[test]' && pytest" in CONSOLE


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_every_picture_and_link_is_there(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8"))
    for link in links:
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not heading or heading in headings(target), link


def headings(page: Path) -> list[str]:
    """Return the anchors that GitHub makes of the headings of a page."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in PAGES if f"]({page.name})" not in index] == ["README.md"] * 2


def test_every_picture_has_words_for_those_who_do_not_see_it() -> None:
    assert re.findall(r"!\[\s*\]", TOLD) == []


def test_the_first_report_is_what_is_printed(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (told,) = re.findall(r"```text\n(input .*?)```", README, re.DOTALL)
    (tmp_path / "sample_images").mkdir()
    shutil.copy(SAMPLES / "still-life.png", tmp_path / "sample_images")
    monkeypatch.chdir(tmp_path)
    said = run("detect", "sample_images/still-life.png", "--filter", "vertical").stdout
    threads_and_time = re.compile(r", \d+ threads?, .* ms$", re.MULTILINE)
    assert threads_and_time.sub("", said) == threads_and_time.sub("", told)


def test_the_walk_names_functions_where_they_are() -> None:
    walk = (ROOT / "docs" / "walk.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+?) \| `(\S+\.py)` \|", walk, re.MULTILINE)
    assert len(rows) > 15
    for names, module in rows:
        text = (ROOT / "edgecli" / module).read_text(encoding="utf-8")
        for name in re.findall(r"`(?:\w+\.)?(\w+)`", names):
            assert re.search(rf"\b(def|class) {name}\b", text), f"{name} is not in {module}"


def test_the_files_to_copy_from_are_there() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = set(re.findall(r"`(\w+/[\w./]*)`", contributing))
    assert len(paths) > 15
    roots = [ROOT, ROOT / "edgecli", ROOT / "tests", ROOT / "sample_images"]
    assert [path for path in paths if not any((root / path).exists() for root in roots)] == []
