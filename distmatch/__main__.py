"""`distmatch <command>`: builds each command's options from its signature and turns errors into one line."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from distmatch.errors import InputError

COMMANDS: dict[str, tuple[str, dict[str, str | None]]] = {
    "align": (
        "map two sets of word vectors into one space without a pair",
        {"source": None, "target": None},
    ),
    "decipher": ("read a ciphertext without its key", {"file": "?"}),
    "encipher": ("write a ciphertext and its key, for tests and teaching", {"text": "?"}),
    "language": ("store a language made of your own text, or list the languages", {"files": "*"}),
    "benchmark": ("run tasks x methods x seeds and keep a record of each", {"configs": "*"}),
    "compress": ("one file, or two and the structure they share, as an archive", {"files": "*"}),
    "decompress": ("the files of an archive, byte for byte", {"archive": "?"}),
    "embed": ("learn word vectors from text", {"files": "+"}),
    "report": ("show what the records of a benchmark say", {"folders": "*"}),
    "evaluate": (
        "measure an alignment against a dictionary, or a language model on text",
        {"directory": "?"},
    ),
    "translate": ("translate text word by word through an alignment", {"directory": "?"}),
}
"""Name to one line of help and the positional parameters: None is one value, ? optional, + many."""


def load_command(name: str) -> Callable[..., int]:
    """The function of a command."""
    return getattr(importlib.import_module(f"distmatch.commands.{name}"), name)


def _usage() -> str:
    lines = [
        "usage: distmatch <command> [options]",
        "",
        __import__("distmatch").__doc__.splitlines()[0],
        "",
    ]
    lines += [f"  {name:<12}{text}" for name, (text, _) in COMMANDS.items()]
    lines += [
        "",
        "`distmatch <command> --help` lists the options. Exit codes: 0 done, 1 no belief in the answer, 2 bad input.",
    ]
    return "\n".join(lines)


def _parse(name: str, function: Callable[..., int], arguments: Sequence[str]) -> dict[str, Any]:
    """Options from the signature: a switch for a bool, one or more values for a list, else one value."""
    from jsonargparse import ArgumentParser

    loose = COMMANDS[name][1]
    summary, _, details = (function.__doc__ or "").partition("Args:")
    helps = _argument_helps(details)
    parser = ArgumentParser(prog=f"distmatch {name}", description=summary.strip())
    parser.add_argument("--config", action="config", help="YAML file with these options")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    for parameter, (kind, default, many) in _options(function).items():
        text = helps.get(parameter, "").replace("%", "%%")
        flag = "--" + parameter.replace("_", "-")
        if parameter in loose:
            parser.add_argument(parameter, nargs=loose[parameter], help=text)
        elif default is inspect.Parameter.empty:
            parser.add_argument(flag, dest=parameter, type=kind, required=True, help=text)
        elif kind is bool:
            parser.add_argument(flag, dest=parameter, action="store_true", help=text)
        elif many:
            parser.add_argument(
                flag, dest=parameter, type=kind, nargs="+", default=default, help=text
            )
        else:
            parser.add_argument(flag, dest=parameter, type=kind, default=default, help=text)
    values = parser.parse_args(list(arguments)).as_dict()
    values.pop("config", None)
    return values


def _options(function: Callable[..., int]) -> dict[str, tuple[type, Any, bool]]:
    """Parameter name to (type of one value, default, whether it takes many)."""
    import typing

    hints = typing.get_type_hints(function)
    found: dict[str, tuple[type, Any, bool]] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        options = [t for t in typing.get_args(hints[name]) if t is not type(None)] or [hints[name]]
        kind = options[0] if typing.get_origin(hints[name]) is not list else hints[name]
        many = typing.get_origin(kind) is list
        found[name] = (typing.get_args(kind)[0] if many else kind, parameter.default, many)
    return found


def _argument_helps(details: str) -> dict[str, str]:
    """Parameter name to its line in a Google-style `Args:` section."""
    helps: dict[str, str] = {}
    last = ""
    for line in details.splitlines():
        head, colon, tail = line.strip().partition(":")
        if colon and head.isidentifier():
            last = head
            helps[last] = tail.strip()
        elif line.strip() and last and not line.strip().endswith(":"):
            helps[last] += " " + line.strip()
    return helps


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    warnings.showwarning = lambda message, *_, **__: print(
        f"distmatch: warning: {message}", file=sys.stderr
    )
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_usage())
        return 0
    if arguments[0] == "--version":
        print(__import__("distmatch").__version__)
        return 0
    name = arguments[0]
    debug = "--debug" in arguments
    try:
        if name not in COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(name, COMMANDS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise InputError(f"unknown command {name!r}.{hint} Known: {' '.join(COMMANDS)}")
        function = load_command(name)
        values = _parse(name, function, arguments[1:])
        values.pop("debug", None)
        code = function(**values)
        sys.stdout.flush()
        return code
    except InputError as error:
        if debug:
            raise
        print(f"distmatch: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        told = str(stop) or "stopped before there was anything to show"
        print(f"distmatch: {told}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, MemoryError) as error:
        if debug:
            raise
        # What is left in the buffer would fail again, with a traceback, as Python ends.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(
            f"distmatch: {error or type(error).__name__}. Free space or memory, then run again",
            file=sys.stderr,
        )
        return 2


if __name__ == "__main__":
    sys.exit(main())
