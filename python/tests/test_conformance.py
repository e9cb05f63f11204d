"""The conformance suite over this client and the real sidecar, in its short form."""

import json
import subprocess
import sys

from penstock._daemon import find_command

from . import real


def test_penstock_keeps_every_promise(tmp_path):
    real.require_sidecar()
    page = tmp_path / "page.html"
    run = subprocess.run(
        [*find_command(), "conformance", "penstock", "--brief", "--json", "--page", str(page)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600, check=False,
    )
    said = run.stderr.decode()
    assert run.returncode == 0, said
    (loader,) = json.loads(run.stdout)["loaders"]
    outcomes = {name: check["outcome"] for name, check in loader["checks"].items()}
    measured = {"state", "seek", "shuffle"}
    assert {name for name, outcome in outcomes.items() if outcome == "measured"} == measured, said
    assert {outcome for name, outcome in outcomes.items() if name not in measured} == {"pass"}, said
    assert loader["checks"]["state"]["figures"]["bytes_late"] < 1000
    assert loader["checks"]["state"]["figures"]["same_on_all_ranks"]
    results = tmp_path / "results.json"
    results.write_bytes(run.stdout)
    script = real.ROOT / "python/conformance/table.py"
    table = subprocess.run([sys.executable, script, results], stdout=subprocess.PIPE, check=True).stdout.decode()
    lines = table.splitlines()
    assert "| `once` | pass |" in lines and any(line.startswith("| shuffle: moved (random 0.33") for line in lines)
    assert table.count("| pass |") == len(outcomes) - len(measured) and "**fail**" not in table
    assert page.read_text().count('class="pass"') == len(outcomes) - len(measured)
