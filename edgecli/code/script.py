"""The script: imports, read, filter, combine, scale, save, a paragraph for each."""

from __future__ import annotations

import os
import re

import numpy as np

from edgecli.code.kernels import quoted
from edgecli.code.libraries import WRITERS
from edgecli.code.task import Task, task_of
from edgecli.code.words import Words
from edgecli.detect.inputs import Result
from edgecli.rows.samples import float_type

_FUNCTIONS = {
    "none": "{0}", "relu": "np.maximum({0}, 0)", "leaky-relu": "np.maximum({0}, 0.01 * {0})",
    "sigmoid": "1 / (1 + np.exp(-{0}))", "tanh": "np.tanh({0})",
}  # fmt: skip
_NORMS = {
    "magnitude": "np.sqrt((responses**2).sum(axis=0))",
    "sum": "np.abs(responses).sum(axis=0)",
    "max": "np.abs(responses).max(axis=0)",
}
"""Activations, and how several responses combine, in NumPy's words."""


def script_of(result: Result, library: str) -> str:
    """Return a script that makes an edge map by a library; UsageError for what it cannot say."""
    task = task_of(result, library)
    words = WRITERS[library](task)
    paragraphs = [
        [f"# {task.name} of {quoted(os.path.basename(result.info.path))} by {library}"],
        [],
        [task.read],
        words.lines,
        [] if words.finished else [*_combined(task, words), *_scaled(task)],
        _saved(task),
    ]
    paragraphs[1] = _imports(words, paragraphs)
    return "\n\n".join("\n".join(lines) for lines in paragraphs if lines) + "\n"


def _imports(words: Words, paragraphs: list[list[str]]) -> list[str]:
    """Return the imports that the lines need, in the order of the alphabet."""
    body = "\n".join(line for lines in paragraphs[2:] for line in lines)
    modules = ["Image", "ImageChops", "ImageFilter", "ImageOps"]
    used = [name for name in modules if re.search(rf"\b{name}\.", body)]
    lines = [*words.imports, "import numpy as np"]
    lines += [f"from PIL import {', '.join(used)}"] * bool(used)
    return sorted(lines, key=lambda line: (line.split()[1].lower(), line))


def _combined(task: Task, words: Words) -> list[str]:
    """Return the lines from responses to strengths."""
    name, lines = "responses" if task.several else "response", []
    if task.bias:
        each = (
            f"np.array({list(task.bias)})[:, None, None]" if task.several else f"{task.bias[0]:g}"
        )
        lines.append(f"{name} = {name} + {each}")
    if task.activation != "none":
        lines.append(f"{name} = {_FUNCTIONS[task.activation].format(name)}")
    if task.several and not words.combined:
        lines.append(f"strength = {_NORMS[task.plan.edge_map.combine]}")
    return lines


def _scaled(task: Task) -> list[str]:
    """Return the lines from strengths to the samples of an edge map."""
    plan, value = task.plan, "strength" if task.several else "response"
    kind, scale = np.dtype(plan.paint.sample_type), plan.paint.scale
    white = np.iinfo(kind).max if kind.kind == "u" else 1
    size = value if task.several else f"np.abs({value})"
    if plan.levels is not None:
        on = 1 if plan.map == "raw" else white
        return [f"edges = np.where({size} > {plan.levels.high!r}, {on}, 0).astype(np.{kind})"]
    if plan.map == "raw":
        return [f"edges = {value if kind.kind == 'f' else f'np.rint({value})'}.astype(np.{kind})"]
    if plan.map == "minmax":
        return _clipped(f"{white} / np.ptp({value}) * ({value} - {value}.min())", kind, white)
    if plan.map == "signed":
        middle = (white + 1) // 2
        factor = f"{white - middle} / np.abs({value}).max()"
        return _clipped(f"{factor} * {value} + {middle}", kind, white)
    if scale is None:
        raise task.refuse(f"--map {plan.map}", "use --map abs")
    if float_type(plan.strength_type) == np.float32:
        value, size = f"np.float32({value})", f"np.float32({size})"  # ties are rounded as ours
    product = f"{scale.factor!r} * " * (scale.factor != 1) + (size if scale.absolute else value)
    return _clipped(product + f" + {scale.offset:g}" * bool(scale.offset), kind, white)


def _clipped(pixels: str, kind: np.dtype[np.generic], white: int) -> list[str]:
    if kind.kind == "f":
        return [f"edges = np.maximum({pixels}, 0).astype(np.{kind.name})"]
    return [
        f"edges = np.clip({pixels}, 0, {white})  # {white} is white",
        f"edges = (edges + 0.5).astype(np.{kind.name})  # rounded",
    ]


def _saved(task: Task) -> list[str]:
    """Return the line that writes the edge map in the format of the file's name."""
    output = task.result.outputs[0]
    output = "edges.png" if output == "-" else output
    match os.path.splitext(output)[1].lower():
        case ".npy":
            return [f"np.save({quoted(output)}, edges)"]
        case ".csv" | ".txt":
            form = "%d" if task.plan.paint.sample_type.kind != "f" else "%.9g"
            return [f'np.savetxt({quoted(output)}, edges, fmt="{form}", delimiter=",")']
        case ".y4m":
            raise task.refuse("frames of a video", "give -o edges.png")
    return [f"Image.fromarray(edges).save({quoted(output)})"]
