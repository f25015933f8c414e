"""solve --live: a page that is renewed while a solve runs, whole at any moment, and still in the end."""

import json
import pathlib
import re
import signal
import subprocess
import sys
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS / "report")]

import harness
from browser import Browser, needs_browser
from harness import STOPPED, USAGE, Planted, ProgramTest, clean_environment, main

ENDLESS = ("--start", "random", "--search", "bubble", "--tolerance", "1e-30")


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL).group(1))


class SolveTest(ProgramTest):
    def start(self, *arguments, prefix=()):
        Planted(blocks=48, width=32, rows=4000).write(self.folder / "p.h5")
        process = subprocess.Popen([*prefix, harness.PROGRAM, "solve", "p.h5", *ENDLESS, "--live", "page.html", *arguments],
                                   cwd=self.folder, env=clean_environment(), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def finish(self, process, number):
        process.send_signal(number)
        _, log = process.communicate(timeout=60)
        return log


class LiveTest(SolveTest):
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
                live = data_of(page)["live"]
                self.assertLess(abs(live["renewed"] / 1000 - time.time()), 600)
                self.assertGreater(live["within"], live["between"])
                self.assertEqual(data_of(page)["run"]["status"], "unfinished")
            evaluations = [data_of(page)["run"]["evaluations"] for page in pages]
            self.assertLess(evaluations[0], evaluations[1])
            log = self.finish(process, signal.SIGUSR1)
            self.assertEqual(process.returncode, STOPPED, log)
            last = (self.folder / "page.html").read_text()
            self.assertNotIn("live", data_of(last))
            self.assertEqual(data_of(last)["run"]["status"], "interrupted")
            self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["p.h5", "page.html", "s.h5"])
            (self.folder / "page.html").unlink()

    def test_a_solve_that_ends_at_once_leaves_its_page(self):
        Planted().write(self.folder / "p.h5")
        self.run_program("solve", "p.h5", "--live", "page.html")
        page = (self.folder / "page.html").read_text()
        self.assertNotIn("live", data_of(page))
        self.assertEqual(data_of(page)["run"]["status"], "solved")

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
        # In one step: between two, the solve would write into it again.
        (self.folder / "pages").rename(self.folder / "elsewhere")
        out, log = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 5, log)
        self.assertIn("kintsugi: error: pages/page.html", log)
        self.assertEqual(sorted(map(int, out.split(","))), list(range(13)))


# In place of the page's own timers: those that are to come, which the test rings.
TIMERS = """
window.timers = [];
window.setTimeout = (call, wait) => window.timers.push([call, wait]);
"""


@needs_browser
class BrowserTest(SolveTest):
    def setUp(self):
        super().setUp()
        self.browser = Browser()
        self.addCleanup(self.browser.close)
        self.process = self.start("-o", "s.h5")
        self.page = self.folder / "page.html"
        self.until(self.page.exists)

    def until(self, happens, seconds=120):
        end = time.monotonic() + seconds
        while not happens():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)

    def word(self, selector):
        """A text of the page; None while it is being loaded."""
        try:
            return (self.browser.texts(selector) or [None])[0]
        except Exception:
            return None

    def test_it_renews_itself_and_ends_with_the_solve(self):
        self.browser.open(self.page)
        self.until(lambda: (self.word("#live") or "").startswith("The solve goes on. As of "))
        self.until(lambda: self.word('[data-figure="evaluations"]'))
        first = self.word('[data-figure="evaluations"]')
        self.browser.run("document.getElementById('theme').click()")
        self.until(lambda: self.word('[data-figure="evaluations"]') not in (None, first))
        self.until(lambda: self.word("html[data-theme='dark'] #live"))  # colours that were chosen stay
        self.finish(self.process, signal.SIGUSR1)
        self.until(lambda: self.word('[data-figure="status"]') == "interrupted")
        self.assertEqual(self.browser.texts("#live:not([hidden])"), [])
        self.assertEqual([message["message"] for message in self.browser.driver.get_log("browser")], [])

    def test_of_a_solve_that_was_killed_it_says_so_and_rests(self):
        self.finish(self.process, signal.SIGKILL)
        self.browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": TIMERS})
        self.browser.open(self.page)
        live = data_of(self.page.read_text())["live"]
        loads = 0
        while self.browser.run("return timers.length"):
            self.assertEqual(self.browser.run("return timers[0][1]"), 1000 * live["between"])
            self.browser.run("window.old = true; timers[0][0]()")
            self.until(lambda: self.browser.run("return !window.old && document.readyState === 'complete'"))
            loads += 1
        self.assertEqual(loads, int(live["within"] // live["between"]) + 1)
        said = self.word("#live.lost")
        self.assertIn("has not renewed this page since", said)
        self.assertIn("probably been killed", said)
        # Loaded by hand it looks again, and stays at rest; once it has been renewed, it goes on.
        self.browser.driver.refresh()
        self.assertEqual((self.browser.run("return timers.length"), self.word("#live.lost")), (0, said))
        renewed = f'"renewed":{int(live["renewed"])}'
        text = self.page.read_text()
        self.assertEqual(text.count(renewed), 1)
        self.page.write_text(text.replace(renewed, f'"renewed":{int(live["renewed"]) + 1}'))
        self.browser.driver.refresh()
        self.assertEqual(self.browser.run("return timers.length"), 1)
        self.assertIsNone(self.word("#live.lost"))


if __name__ == "__main__":
    main()
