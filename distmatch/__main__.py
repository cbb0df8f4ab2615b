"""`distmatch <command>`: typed functions as commands, and every error as one line with its exit code."""

from __future__ import annotations

import contextlib
import errno
import importlib
import inspect
import io
import os
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Group, Parameter
from cyclopts.config import Dict
from cyclopts.exceptions import MissingArgumentError, UnknownCommandError, UnusedCliTokensError

import distmatch
from distmatch.commands.align_flags import refuse_foreign
from distmatch.errors import InputError, unknown
from distmatch.processes import INTERRUPTED, TERMINATED, Stop, Terminated, interrupt_in, stopping

COMMANDS = (
    "decipher", "identify", "encipher", "language", "embed", "align", "apply", "train", "translate", "compress", "decompress",
    "evaluate", "benchmark", "report",
)  # fmt: skip
"""Each is the function of that name in `distmatch.commands`; its docstring is its help."""
EPILOGUE = (
    "`distmatch COMMAND --help` lists the options of a command. Exit codes: 0 success, 1 finished but the answer "
    "is not trusted, 2 invalid input, 70 unexpected error, 130 interrupted, 143 terminated (both with the best so far, if any). "
    "The terms are explained in docs/glossary.md."
)
UNEXPECTED = 70
"""Exit code of an error that is ours (EX_SOFTWARE of sysexits.h)."""
ISSUES = "the project's issue tracker"
STDIN = "\0"
"""Stands for a lone `-` while arguments are parsed: the parser takes `-` for an option, and no argument can hold NUL."""


def build() -> App:
    """The command line: options from signatures, help from docstrings, choices from `Literal`."""
    app = App(
        name="distmatch",
        help=(distmatch.__doc__ or "").splitlines()[0],
        help_epilogue=EPILOGUE,
        help_format="plaintext",
        version=distmatch.__version__,
        version_flags=["--version", "-V"],
        default_parameter=Parameter(
            negative=(),
            consume_multiple=True,
            allow_repeating=True,
            show_default=_shown,
            show_env_var=False,
        ),
        group_parameters=Group("Options"),
        result_action="return_value",
    )
    for name in COMMANDS:
        function = getattr(importlib.import_module(f"distmatch.commands.{name}"), name)
        app.command(function, name=name, help=_description(function.__doc__))
    app.register_install_completion_command(help="Install completion for the current shell.")

    app.meta.suppress_keyboard_interrupt = False

    @app.meta.default
    def launch(
        *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
        config: Annotated[Path | None, Parameter(help="YAML file with the same options.")] = None,
        debug: Annotated[bool, Parameter(help="Show the traceback of an error.")] = False,
    ) -> Any:
        function, options = _bound(app, tokens, config)
        return function(**options)

    return app


def parse(*arguments: str) -> tuple[Callable[..., int], dict[str, Any]]:
    """The function that a command line calls, and every option it is called with.

    Raises:
        CycloptsError: an option or value that the command does not take.
        InputError: a configuration that cannot be read.
    """
    app = build()
    _, meta, _ = app.meta.parse_args(
        [STDIN if a == "-" else a for a in arguments], exit_on_error=False, print_error=False
    )
    return _bound(app, meta.args, meta.kwargs.get("config"), complete=True)


def _bound(
    app: App, tokens: Sequence[str], config: Path | None, *, complete: bool = False
) -> tuple[Callable[..., int], dict[str, Any]]:
    if config is not None:
        app.config = [_configured(app, tokens, config)]
    function, bound, _ = app.parse_args(
        tokens, exit_on_error=False, print_error=False, help_on_error=False
    )
    if complete:
        bound.apply_defaults()
    return function, {name: _dashed(value) for name, value in bound.arguments.items()}


def _description(docstring: str) -> str:
    """What a docstring says before its `Args:`, a line per paragraph: the help wraps them itself."""
    text = inspect.cleandoc(docstring).partition("\nArgs:")[0]
    return "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n"))


def _shown(default: Any) -> Any:
    """A default as the help shows it; what is off unless asked for is not shown."""
    return None if default is None or default is False or default == "" else default


def _dashed(value: Any) -> Any:
    if isinstance(value, list):
        return [_dashed(one) for one in value]
    return "-" if isinstance(value, str) and value == STDIN else value


def _configured(app: App, tokens: Sequence[str], path: Path) -> Any:
    """The options in a YAML file, checked against those of the command.

    Raises:
        InputError: no mapping, or a key that is no option of the command.
    """
    from distmatch.files import parse_yaml, read_text

    content = parse_yaml(read_text(str(path)), path, "Write one `option: value` per line")
    if not isinstance(content, dict):
        raise InputError("not a mapping. Write one `option: value` per line", path=path)
    commands, _, _ = app.parse_commands(tokens)
    if not commands:
        raise InputError("--config goes with a command: distmatch COMMAND --config FILE")
    known = {
        argument.name.lstrip("-").replace("-", "_")
        for argument in app[commands[0]].assemble_argument_collection()
    }
    options = {str(key).replace("-", "_"): value for key, value in content.items()}
    for key in options:
        if key not in known:
            raise unknown(f"option of {commands[0]}", key, known, path=path)
    seed = options.get("seed")
    if seed is not None and (type(seed) is not int or seed < 0):
        raise InputError(
            f"seed: {seed} is no integer of 0 or more. Write one, such as seed: 1", path=path
        )
    given = {key: value for key, value in options.items() if value is not None and value != []}
    return Dict({commands[0]: given}, source=str(path))


def _message(error: CycloptsError) -> str:
    """An error of the parser as one line."""
    text = " ".join(str(error).replace(STDIN, "-").split())
    command = " ".join(error.command_chain or ())
    if isinstance(error, UnknownCommandError):
        return str(unknown("option", (error.unused_tokens or [""])[0], ("--help", "--version")))
    if isinstance(error, UnusedCliTokensError):
        text = f"unexpected argument {(error.unused_tokens or [''])[0]!r}"
    elif isinstance(error, MissingArgumentError) and error.argument is not None:
        name = error.argument.name
        if error.argument.index is not None and not error.keyword:
            text = f"{name.lstrip('-').upper()} is missing"
        else:
            text = f"{name} needs a value" if error.keyword else f"{name} is missing"
    elif text[:1].isupper():
        text = text[:1].lower() + text[1:]
    stop = "" if text.endswith(("?", ".")) else "."
    return f"{text}{stop} See: distmatch {command} --help"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    # Idle threads of torch and faiss sleep: by default they spin, which takes a third more CPU time on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    tokens = [STDIN if t == "-" else t for t in (sys.argv[1:] if arguments is None else arguments)]
    warnings.showwarning = lambda message, *_, **__: print(
        f"distmatch: warning: {message}", file=sys.stderr
    )
    debug = "--debug" in tokens
    _replace_closed_streams()
    for stream in (
        sys.stdout,
        sys.stderr,
    ):  # what a terminal of another encoding lacks is shown as \\uXXXX
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() != "utf-8":
            stream.reconfigure(errors="backslashreplace")
    stop = None
    try:
        with stopping() as stop:
            if tokens and not tokens[0].startswith("-") and tokens[0] not in COMMANDS:
                raise unknown("command", tokens[0], COMMANDS)
            if (seed := _seed(tokens)) is not None:
                raise InputError(f"--seed {seed} is no integer of 0 or more. Give one, such as 1")
            if tokens[:1] == ["align"]:
                refuse_foreign(tokens)
            code = build().meta(
                tokens, exit_on_error=False, print_error=False, help_on_error=False,
                result_action="return_value",
            )  # fmt: skip
            sys.stdout.flush()
            return stop.code or int(code or 0)
    except KeyboardInterrupt as interrupt:
        return _interrupted(interrupt, stop)
    except BrokenPipeError:
        _discard_output()
        return 0
    except Exception as error:
        if (interrupt := interrupt_in(error)) is not None:
            return _interrupted(interrupt, stop)
        if debug:
            raise
        # A signal leaves a module half imported, which torch stumbles over later: no bug of ours.
        if stop is not None and stop.code and not isinstance(error, InputError):
            _say("interrupted before there was a result")
            return stop.code
        return _failed(error)


def _failed(error: Exception) -> int:
    """Say in one line what went wrong and what to do; the exit code."""
    if isinstance(error, CycloptsError):
        _say(_message(error))
        return 2
    if isinstance(error, InputError):
        _say(str(error))
        return 2
    if isinstance(error, MemoryError) or "allocate memory" in str(error):
        _say("out of memory. Free memory, or give less: --limit, fewer --jobs, a shorter text")
        return 2
    if isinstance(error, OSError):
        _discard_output()
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = "Free space, then run again" if full else "Check the path and its permissions"
        _say(f"{str(error) or type(error).__name__}. {remedy}")
        return 2
    _say(
        f"unexpected {type(error).__name__}: {' '.join(str(error).split())}. This is a bug: run again with --debug and "
        f"send the traceback to {ISSUES}"
    )
    return UNEXPECTED


def _interrupted(interrupt: KeyboardInterrupt, stop: Stop | None) -> int:
    """Say so; the exit code of the signal, also where a search without an answer raised the interrupt again."""
    _say(str(interrupt) or "interrupted before there was a result")
    asked = stop.code if stop else 0
    return asked or (TERMINATED if isinstance(interrupt, Terminated) else INTERRUPTED)


def _replace_closed_streams() -> None:
    """Output to a stream that the caller closed (`>&-`) is dropped; else the next file opened would take its place."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")


def _seed(tokens: Sequence[str]) -> str | None:
    """The value of `--seed` if no generator of random numbers has such a state: negative, or no integer."""
    for token, value in zip(tokens, [*tokens[1:], ""], strict=True):
        name, sign, rest = token.partition("=")
        found = rest if sign else value
        if name == "--seed" and found and not re.fullmatch(r"\d+", found):
            return found
    return None


def _say(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        print(f"distmatch: {' '.join(text.split())}", file=sys.stderr)


def _discard_output() -> None:
    """Drop what standard output still buffers: it would fail again, with a traceback, as Python ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
