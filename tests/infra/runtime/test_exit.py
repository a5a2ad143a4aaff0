"""The one way out of short-lived processes."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("print('done')", 0, "done"),
        ("return 4", 4, ""),
        ("sys.exit(3)", 3, ""),
        ("sys.exit('why')", 1, "why"),
        ("raise ValueError('broken')", 1, "ValueError: broken"),
        ("raise KeyboardInterrupt", 130, ""),
    ],
)
def test_keeps_the_code_and_loses_no_output(body: str, code: int, said: str) -> None:
    script = f"import sys\nfrom infra.runtime.exit import run_and_leave\ndef main():\n    {body}\nrun_and_leave(main)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
