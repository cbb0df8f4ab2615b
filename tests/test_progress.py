"""The progress line: phases on a terminal, one plain line per named phase elsewhere."""

import io
import re
import time

from distmatch.progress import Clock, ProgressLine, exempt, spent_once


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_each_phase_with_its_own_steps(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    line = ProgressLine("deciphering", stream)
    line(1, 4, phase="building the model of en (once)")
    line(3, 7, confidence=0.25)
    line.close()
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue())
    assert text.index("building the model of en (once)") < text.index("1/4")
    assert text.index("1/4") < text.index("deciphering") < text.index("3/7")
    assert "confidence 0.2" in text
    assert stream.getvalue().endswith("\x1b[2K")  # erased


def test_no_color_leaves_no_colours(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    line = ProgressLine("aligning", stream)
    line(1, 2)
    line.close()
    assert "aligning" in stream.getvalue()
    assert not re.search(r"\x1b\[(3[0-9]|38;[0-9;]*)m", stream.getvalue())


def test_elsewhere_a_named_phase_is_one_line_and_the_rest_is_silent():
    stream = io.StringIO()
    line = ProgressLine("deciphering", stream)
    for step in range(4):
        line(step, 4, phase="building the model of en (once)")
        line(step, 9, bits=3.0)
    line.close()
    assert stream.getvalue() == "distmatch: building the model of en (once)\n"


def test_what_is_done_once_leaves_a_search_its_budget():
    clock = Clock(cpu_limit=0.05)
    with exempt():
        until = time.process_time() + 0.1
        while time.process_time() < until:
            pass
        spent_once(0.02)  # compiling inside is not counted a second time
    assert not clock.expired
    until = time.process_time() + 0.06
    while time.process_time() < until:
        pass
    assert clock.expired
