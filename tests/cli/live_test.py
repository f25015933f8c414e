"""solve --live: a page that is renewed while a solve runs, whole at any moment, and still in the end."""

import json
import pathlib
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import harness
from harness import STOPPED, USAGE, Planted, ProgramTest, clean_environment, main

RELOAD = '<meta http-equiv="refresh" content="5">'
ENDLESS = ("--start", "random", "--search", "bubble", "--tolerance", "1e-30")


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL).group(1))


class LiveTest(ProgramTest):
    def start(self, *arguments, prefix=()):
        Planted(blocks=48, width=32, rows=4000).write(self.folder / "p.h5")
        process = subprocess.Popen([*prefix, harness.PROGRAM, "solve", "p.h5", *ENDLESS, "--live", "page.html", *arguments],
                                   cwd=self.folder, env=clean_environment(), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def watch(self, process, times):
        """The pages that were there one after another, each of them whole."""
        pages = []
        end = time.monotonic() + 120
        while len(pages) < times:
            self.assertLess(time.monotonic(), end)
            self.assertIsNone(process.poll())
            page = (self.folder / "page.html").read_text() if (self.folder / "page.html").exists() else ""
            if page and (not pages or page != pages[-1]):
                self.assertTrue(page.startswith("<!DOCTYPE html>") and page.rstrip().endswith("</html>"))
                pages.append(page)
            time.sleep(0.02)
        return pages

    def test_renewed_until_the_end(self):
        for prefix in ((), (str(harness.MPIRUN), "2")):
            process = self.start("-o", "s.h5", prefix=prefix)
            pages = self.watch(process, 2)
            for page in pages:
                self.assertIn(RELOAD, page)
                self.assertIn("unfinished", page)
            evaluations = [data_of(page)["run"]["evaluations"] for page in pages]
            self.assertLess(evaluations[0], evaluations[1])
            process.send_signal(signal.SIGUSR1)
            _, log = process.communicate(timeout=60)
            self.assertEqual(process.returncode, STOPPED, log)
            last = (self.folder / "page.html").read_text()
            self.assertNotIn(RELOAD, last)
            self.assertIn("interrupted", last)
            self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["p.h5", "page.html", "s.h5"])
            (self.folder / "page.html").unlink()

    def test_a_solve_that_ends_at_once_leaves_its_page(self):
        Planted().write(self.folder / "p.h5")
        self.run_program("solve", "p.h5", "--live", "page.html")
        page = (self.folder / "page.html").read_text()
        self.assertNotIn(RELOAD, page)
        self.assertIn("solved", page)

    def test_the_search_is_the_same(self):
        Planted(blocks=24).write(self.folder / "p.h5")
        common = ("solve", "p.h5", "--start", "random", "--no-times")
        plain = self.run_program(*common, code=None)
        live = self.run_program(*common, "--live", "page.html", code=None)
        self.assertEqual(plain.stdout, live.stdout)
        self.assertEqual(plain.stderr, live.stderr.replace("options  live = page.html, start", "options  start")
                         .replace(", live = page.html", "").replace("live = page.html, ", ""))

    def test_a_page_that_cannot_be_written(self):
        Planted().write(self.folder / "p.h5")
        self.assert_error(USAGE, "solve", "p.h5", "--live", "nowhere/page.html", says="no folder")
        self.assert_error(USAGE, "solve", "p.h5", "--live", "p.h5", says="p.h5")
        self.assert_error(USAGE, "solve", "p.h5", "--live", "page.html", "-o", "page.html", says="page.html")
        (self.folder / "pages").mkdir()
        process = subprocess.Popen([harness.PROGRAM, "solve", "p.h5", *ENDLESS, "--live", "pages/page.html", "--time-limit", "3s"],
                                   cwd=self.folder, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True)
        self.assertTrue(process.stderr.readline().startswith("kintsugi "))
        subprocess.run(["rm", "-r", self.folder / "pages"], check=True)
        out, log = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 5, log)
        self.assertIn("kintsugi: error: pages/page.html", log)
        self.assertEqual(sorted(map(int, out.split(","))), list(range(13)))


if __name__ == "__main__":
    main()
