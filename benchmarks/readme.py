"""Run the transcripts of README on the evaluation data and keep what they print.

    python benchmarks/readme.py --data ../shared/data --out docs/results/readme.json

`tests/test_readme.py` compares README with the file, up to line wrapping and time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from distmatch.files import write_json
from distmatch.runs import environment

FILES = {
    "es.vec.xz": "vectors/es-en/es.vec.xz",
    "en.vec.xz": "vectors/es-en/en.vec.xz",
    "es-en.0-5000.txt": "dictionaries/muse/es-en.0-5000.txt",
    "es-en.5000-6500.txt": "dictionaries/muse/es-en.5000-6500.txt",
}
COMMANDS = (
    "distmatch decipher --example zodiac-408",
    "distmatch align es.vec.xz en.vec.xz --out es-en",
    "distmatch evaluate es-en --dictionary es-en.0-5000.txt es-en.5000-6500.txt",
    'echo "La guerra terminó con la muerte del rey y la caída de la ciudad." | distmatch translate es-en --text -',
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("docs/results/readme.json"))
    parser.add_argument("--only", nargs="+", default=[], help="words that a command must contain")
    options = parser.parse_args()
    kept = json.loads(options.out.read_text("utf-8"))["printed"] if options.out.exists() else {}
    printed = {command: kept[command] for command in COMMANDS if command in kept}
    with tempfile.TemporaryDirectory() as folder:
        for name, place in FILES.items():
            (Path(folder) / name).symlink_to((options.data / place).resolve())
        for command in COMMANDS:
            if not all(word in command for word in options.only):
                continue
            line = command.replace("distmatch ", f"{sys.executable} -m distmatch ")
            done = subprocess.run(line, shell=True, cwd=folder, capture_output=True, text=True)
            print(command, done.returncode, done.stdout, done.stderr, sep="\n")
            printed[command] = {"code": done.returncode, "stdout": done.stdout}
    made = {
        "date": datetime.now(UTC).date().isoformat(),
        "command": " ".join(["python", *sys.argv]),
    }
    write_json(options.out, {**made, **environment(), "printed": printed})
    print(json.dumps(made))


if __name__ == "__main__":
    main()
