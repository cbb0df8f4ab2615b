"""The one error that a user's input may cause: one line that says what, where and what to do."""


class InputError(Exception):
    """Bad input from the user. The command line prints it as one line and exits with code 2.

    Args:
        message: what is wrong and, after a full stop, the remedy.
        path: the file concerned, if any.
        line: line number in that file, counted from 1.
    """

    def __init__(self, message: str, *, path: object = None, line: int | None = None) -> None:
        place = "" if path is None else f"{path}:"
        place += "" if line is None else f"{line}:"
        super().__init__(f"{place} {message}".strip().replace("\n", " "))


def missing_package(package: str, extra: str) -> InputError:
    """The error for an optional package that is not installed, naming the command that helps."""
    return InputError(f"this needs the package {package!r}. Run: pip install 'distmatch[{extra}]'")
