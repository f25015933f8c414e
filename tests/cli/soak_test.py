"""A minute of random faults. By hand for longer: soak.py."""

import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import harness
from harness import ProgramTest, main

SOAK = pathlib.Path(__file__).with_name("soak.py")


class SoakTest(ProgramTest):
    def test_faults_lose_nothing(self):
        seconds = os.environ.get("KINTSUGI_TEST_SOAK", "60")
        result = subprocess.run([sys.executable, SOAK, harness.PROGRAM, "--seconds", seconds], capture_output=True, text=True)
        print(result.stdout)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertRegex(result.stdout, r"[1-9][0-9]* runs, [1-9][0-9]* resumed")


if __name__ == "__main__":
    main()
