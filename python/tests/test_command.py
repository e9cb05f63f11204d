"""The command that starts a sidecar: it must run from any directory and say what is wrong."""

import pathlib
import subprocess

PENSTOCK = pathlib.Path(__file__).resolve().parents[2] / "penstock"


def run(*arguments, **options):
    return subprocess.run(
        [str(PENSTOCK), *arguments], capture_output=True, text=True, timeout=120, **options
    )


def test_runs_from_another_directory(tmp_path):
    done = run("--version", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("penstock ")
