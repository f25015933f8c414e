"""report: the page in a real browser, and the text."""

import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE)]

import h5py
import numpy

from browser import TEXTS_THAT_COLLIDE, WIDER_THAN_THE_PAGE, Browser, needs_browser
from files import Sample
from harness import BAD_INPUT, USAGE, Planted, ProgramTest, main
from harness import text as decoded

BLOCKS = 9


class ReportTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.planted = Planted(blocks=BLOCKS, outputs=2)
        self.planted.write(self.folder / "problem.h5")
        self.sample = Sample(self.planted.answer)
        self.sample.write(self.folder / "solution.h5")

    def report(self, *arguments, solution="solution.h5", output="report.html"):
        self.run_program("report", solution, "-o", output, *arguments)
        return self.folder / output

    def whole(self):
        """The report with all parts."""
        self.sample.write_analysis(self.folder / "analysis.h5")
        return self.report("--problem", "problem.h5", "--analysis", "analysis.h5")


@needs_browser
class PageTest(ReportTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def open(self, path, **options):
        """Opens a page, which asks for nothing but itself and has no error."""
        requests, console = self.browser.open(path, **options)
        self.assertEqual(requests, [path.as_uri()])
        self.assertEqual(console, [])

    def numbers(self, selector, name):
        return [float(value) for value in self.browser.attributes(selector, name)]

    def test_figures_are_those_of_the_solution(self):
        self.open(self.whole())
        sample, browser = self.sample, self.browser
        self.assertEqual(browser.texts("#permutation"), [",".join(map(str, sample.permutation))])
        self.assertEqual(browser.texts("#verdict"), [f"Solved: {BLOCKS - 2} of {BLOCKS - 1} neighbours certain"])
        self.assertEqual(browser.texts("#title"), ["problem.h5"])
        for name, value in (("status", "solved"), ("mse", "1.250e-14"), ("largest-error", "6.500e-7"), ("rows", "600"),
                            ("blocks", str(BLOCKS)), ("evaluations", "4,321"), ("seconds", "3.88 s"),
                            ("sha256", sample.attributes["sha256"]), ("run-ranks", "4"), ("run-islands", "3"),
                            ("run-seed", "18446744073709551615"), ("run-version", "9.8.7"), ("run-search", "2 s")):
            self.assertEqual(browser.figure(name), [value], name)
        self.assertEqual(browser.texts("#warnings li"), sample.warnings)
        self.assertEqual(browser.texts("#options"), [sample.attributes["options"]])
        # The sample's scores are made up, and the page says so.
        self.assertEqual([text[:30] for text in browser.texts(".missing")], ["The pairs' scores in the solut"])
        cells = browser.texts("#blocks-table tbody td")
        lines = numpy.array(cells).reshape(BLOCKS, -1)
        self.assertEqual([int(c) for c in lines[:, 1]], sample.expand)
        self.assertEqual([int(c) for c in lines[:, 2]], sample.compress)
        self.assertEqual([c == "yes" for c in lines[:, 7]], list(sample.pairs["trusted"]))
        numpy.testing.assert_allclose([float(c) for c in lines[:, 6]], sample.pairs["margin"], rtol=1e-3)

    def test_pictures_show_the_solution(self):
        self.open(self.whole())
        sample, browser = self.sample, self.browser
        self.assertEqual(sum(self.numbers("#pair-scores rect.chosen", "data-count")), BLOCKS)
        self.assertEqual(sum(self.numbers("#pair-scores rect.others", "data-count")), BLOCKS * (BLOCKS - 1))
        self.assertEqual(self.numbers("#margins rect.margin", "data-change"), list(sample.margins["change"]))
        positions = numpy.argsort(sample.start_orders[0])[sample.order]
        self.assertEqual(self.numbers("#start-positions rect.start", "data-position"), list(positions))
        browser.run("const select = document.querySelector('#start-positions select');"
                    "select.value = 3; select.dispatchEvent(new Event('change'))")
        positions = numpy.argsort(sample.start_orders[3])[sample.order]
        self.assertEqual(self.numbers("#start-positions rect.start", "data-position"), list(positions))
        self.assertEqual(self.numbers("#start-errors rect[data-mse]", "data-mse"), [mse for _, mse in sample.starts])
        self.assertEqual(len(browser.attributes("#search path.best", "data-island")), 3)
        self.assertEqual(len(browser.attributes("#search circle[fill-opacity]", "r")), len(sample.trajectory))
        points = browser.attributes("#fit-identity circle[fill-opacity]", "r")
        self.assertEqual(len(points), self.planted.predictions.size)
        self.assertEqual(len(browser.attributes("#products canvas", "width")), 8)
        self.assertEqual(browser.attributes("#elites image", "preserveAspectRatio"), ["none"])
        self.assertIn("6 of 84 triples are cyclic (7.143 %)", browser.texts("#triples .note")[0])
        self.assertEqual(len(browser.attributes("#triples circle[fill-opacity]", "r")), len(sample.cyclic))
        self.assertIn("They span 3 positions on average, all triples 5.5.", browser.texts("#triples .note")[0])
        self.assertIn("weakest margins is 3.500e-5, that of the others 0.0125.", browser.texts("#triples .note")[0])
        self.assertIn("temperature of 0.001", browser.texts("#strengths .note")[0])
        self.assertIn("MSE of 0.00625 on all rows, and 4 inversions", browser.texts("#strengths .note")[0])
        # Three starts of four rounds; two of them have an error of their own, before the first round.
        self.assertEqual(len(browser.attributes("#repair circle[fill-opacity]", "r")), 3 * 4 + 2)
        self.assertEqual(browser.attributes("#repair path[stroke]", "stroke-dasharray").count("5 4"), 1)
        self.assertEqual(len(browser.texts("#study-starts tbody tr")), 2)
        for name in ("gains", "strengths", "repair", "score-matrix", "fit-residuals"):
            self.assertEqual(len(browser.texts(f"#{name} h3")), 1, name)

    def test_the_network_is_mended_with_gold_where_it_is_sure(self):
        self.open(self.whole())
        sample, browser = self.sample, self.browser
        margins = sample.margins
        sure = [m for m in margins if not m["interchangeable"]]
        self.assertEqual(len(browser.attributes("#network g.shard", "data-position")), BLOCKS + 1)
        self.assertEqual(self.numbers("#network .seam.open", "data-position"),
                         [m["position"] for m in margins if m["interchangeable"]])
        self.assertEqual(self.numbers("#network .seam.sure", "data-position"), [m["position"] for m in sure])
        widths = self.numbers("#network .seam.sure", "data-width")
        order = sorted(range(len(sure)), key=lambda i: sure[i]["change"])
        for i, j in zip(order, order[1:]):
            self.assertLessEqual(widths[i], widths[j])
        self.assertLess(min(widths), max(widths))
        self.assertEqual(browser.texts("#network text.piece")[:2], [str(sample.expand[0]), str(sample.compress[0])])
        # A pair that the weights do not single out stays open between its pieces.
        self.assertEqual(len(browser.attributes("#network path.pair", "d")), BLOCKS - 1)
        box = 1 / (BLOCKS + 1)  # the width of a shard; the picture has a small margin on both sides
        tip = browser.hover("#network .catcher", across=0.01 + 0.98 * 4.5 * box, down=0.4)
        self.assertEqual(tip[0], f"block 4 (pieces {sample.expand[4]}, {sample.compress[4]})")
        tip = browser.hover("#network .catcher", across=0.01 + 0.98 * 3 * box, down=0.4)
        self.assertEqual(tip[0], "positions 2 and 3: in doubt")
        self.assertIn(f"block 2 (pieces {sample.expand[2]}, {sample.compress[2]})", tip)

    def test_an_order_that_is_no_answer_is_not_gold(self):
        self.sample.attributes["status"] = "time_limit"
        self.sample.write(self.folder / "open.h5")
        self.open(self.report(solution="open.h5"))
        self.assertEqual(self.browser.texts("#verdict"), ["Not solved in time: nothing is certain yet"])
        certain = [m["position"] for m in self.sample.margins if not m["interchangeable"] and m["z"] >= 3]
        self.assertIn(f"{len(certain)} of {BLOCKS - 1} swaps of neighbours would raise its error",
                      self.browser.texts("#result")[0])
        self.assertEqual(self.numbers("#network .seam.sure", "data-position"), certain)
        gold = self.browser.run("return color('gold')")
        self.assertNotIn(gold, self.browser.attributes("#network .seam.sure", "fill"))
        self.sample.write(self.folder / "bare.h5", margins=False)
        self.open(self.report(solution="bare.h5"))
        self.assertEqual(len(self.browser.attributes("#network .seam.unknown", "fill")), BLOCKS - 1)

    def test_findings_stand_above_the_picture_with_what_to_try(self):
        self.sample.attributes["status"] = "time_limit"
        self.sample.findings = [("pairs", "2 of 9 pairs are <b>open</b>", "a longer search"), ("rows", "few rows", "")]
        self.sample.write(self.folder / "open.h5")
        self.open(self.report(solution="open.h5"))
        self.assertEqual(self.browser.texts("#findings li"),
                         ["Pairs 2 of 9 pairs are <b>open</b>. Try: a longer search.", "Rows few rows."])
        top = "return document.querySelector(arguments[0]).getBoundingClientRect().top"
        tops = [self.browser.run(top, name) for name in ("#verdict", "#findings", "#network", "#tiles", "#answer")]
        self.assertEqual(tops, sorted(tops))

    def test_the_search_tells_tries_from_what_was_kept_and_shows_the_sample(self):
        self.open(self.whole())
        rows = self.sample.trajectory
        rings = [fill == "none" for fill in self.browser.attributes("#search circle[fill-opacity]", "fill")]
        islands = self.numbers("#search path.best", "data-island")
        self.assertEqual(rings, [row["mse"] > row["best"] for i in islands for row in rows[rows["island"] == i]])
        # The sample grows once on each island: a dotted step, and a strip with both sizes.
        self.assertEqual(len(self.browser.attributes("#search line.growth", "x1")), 3)
        self.assertEqual(len(self.browser.attributes("#search path.sample", "d")), 3)
        self.assertTrue({"512", "2,048"} <= set(self.browser.texts("#search svg text")))
        # No stretch of a line rises: in pixels, downwards is lower.
        for path in self.browser.attributes("#search path.best", "d"):
            for stretch in path[1:].split("M"):
                heights = [float(point.split(",")[1]) for point in stretch.split("L")]
                self.assertEqual(heights, sorted(heights))
        kinds = dict(zip(self.browser.texts("#steps-table td:nth-child(1)"),
                         self.browser.texts("#steps-table td:nth-child(3)")))
        events = [row["event"].decode() for row in rows]
        self.assertEqual(kinds["kick"], str(events.count("K")))

    def test_tables_on_a_phone_say_that_they_scroll(self):
        self.open(self.whole(), width=390)
        hint = "return document.querySelector('#blocks-table').parentNode.nextSibling.textContent"
        self.assertRegex(self.browser.run(hint), r"^\d more columns? to the right\s→")
        self.browser.run("document.querySelector('#blocks-table').scrollLeft = 10000")
        self.browser.run("return new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
        self.assertEqual(self.browser.run(hint), "")
        left = self.browser.run("return document.querySelector('#blocks-table td').getBoundingClientRect().left")
        self.assertGreaterEqual(left, 0, "the first column stays")
        self.open(self.folder / "report.html", width=1200)
        self.assertEqual(self.browser.run(hint), "")

    def test_lines_of_commands_break_at_blanks(self):
        self.sample.findings = [("limit", "the error was still falling", "a longer --time-limit, another --seed, or --islands")]
        self.sample.write(self.folder / "solution.h5")
        for width in (1200, 390, 320):
            self.open(self.report(), width=width)
            words = self.browser.run("return Array.from(document.querySelectorAll('.word'), (n) => [n.textContent, "
                                     "n.getBoundingClientRect().height / parseFloat(getComputedStyle(n).lineHeight)])")
            self.assertIn("--problem", [word for word, _ in words])
            self.assertEqual([word for word, lines in words if lines > 1.5], [])

    def test_one_start_has_one_picture(self):
        self.sample.starts, self.sample.start_orders = self.sample.starts[:1], self.sample.start_orders[:1]
        self.sample.write(self.folder / "one.h5")
        self.open(self.report(solution="one.h5"))
        self.assertEqual(self.browser.texts("#start-positions h3"), ["Where the start greedy had the blocks"])
        self.assertEqual(self.browser.texts("#start-errors"), [])
        self.assertEqual(self.browser.texts("#starts-table td:nth-child(2)"), ["4.800e-4"])

    def test_what_is_hidden_of_a_long_answer_is_said(self):
        planted = Planted(blocks=400, width=2, hidden=3, rows=16)
        planted.write(self.folder / "long.h5")
        Sample(planted.answer, problem="long.h5").write(self.folder / "s.h5")
        hint = "return document.querySelector('#permutation').parentNode.nextSibling.textContent"
        self.open(self.report(solution="s.h5"), width=390)
        self.assertEqual(self.browser.run(hint), "more below\u00a0↓")
        self.browser.run("document.querySelector('#permutation').scrollTop = 1e6")
        self.browser.run("return new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
        self.assertEqual(self.browser.run(hint), "")
        fits = "const box = document.querySelector('#options'); return box.scrollHeight <= box.clientHeight + 1"
        self.assertTrue(self.browser.run(fits), "all options are seen")

    def test_on_paper_all_of_a_table_is_there_in_light_colours(self):
        self.open(self.whole(), dark=True)
        self.browser.paper(True)
        broken = "return getComputedStyle(document.querySelector('#blocks-table td.number')).whiteSpace"
        self.assertEqual(self.browser.run(broken), "nowrap", "numbers stay whole")
        self.assertEqual(self.browser.run("return document.documentElement.dataset.theme"), "light")
        self.assertEqual(self.browser.run("return getComputedStyle(document.querySelector('.scroll')).overflow"), "visible")
        self.assertEqual(self.browser.run("""return Array.from(document.querySelectorAll("svg, table"))
            .filter((node) => node.getBoundingClientRect().right > 722)
            .map((node) => node.parentNode.parentNode.id || node.parentNode.id);"""), [])
        self.assertEqual(self.browser.run(TEXTS_THAT_COLLIDE), [])
        self.browser.paper(False)
        self.assertEqual(self.browser.run("return document.documentElement.dataset.theme"), "dark")

    def test_copying_takes_the_answer_and_nothing_else(self):
        self.open(self.whole(), width=390)
        self.browser.run("document.addEventListener('copy', () => { window.copied = getSelection().toString(); })")
        self.browser.click("#copy")
        self.assertEqual(self.browser.run("return window.copied"), ",".join(map(str, self.sample.permutation)))
        self.assertEqual(self.browser.texts("#copy"), ["Copied"])

    def test_pictures_are_drawn_in_the_right_place(self):
        """Heat maps by their pixels: the diagonal of the scores is the chosen pairs', elites' rows are theirs."""
        self.open(self.whole())
        pixels = """
            const image = new Image();
            image.src = document.querySelector(arguments[0]).getAttribute("href");
            return image.decode().then(() => {
              const canvas = document.createElement("canvas");
              canvas.width = image.width; canvas.height = image.height;
              const context = canvas.getContext("2d");
              context.drawImage(image, 0, 0);
              const pixels = context.getImageData(0, 0, image.width, image.height);
              return [image.width, image.height, Array.from(pixels.data)];
            });"""
        width, height, data = self.browser.run(pixels, "#score-matrix image")
        self.assertEqual((width, height), (BLOCKS, BLOCKS))
        # Dark stands for a high score; the planted network's pairs score highest.
        brightness = numpy.array(data).reshape(BLOCKS, BLOCKS, 4)[:, :, :3].sum(2)
        self.assertTrue((brightness.argmin(1) == numpy.arange(BLOCKS)).all())
        width, height, data = self.browser.run(pixels, "#elites image")
        self.assertEqual((width, height), (BLOCKS, len(self.sample.elites)))
        image = numpy.array(data).reshape(height, width, 4)
        agreeing = image[0, 0]
        self.assertTrue((image[0] == agreeing).all(), "the best order is the answer")
        self.assertEqual(list(image[-1, 0]), [0, 0, 0, 0], "the last one has no such block")
        differs = self.sample.elites[:-1, :-1:2] != self.sample.expand
        numpy.testing.assert_array_equal((image[:-1] != agreeing).any(2), differs)

    def test_hovering_names_pieces_and_numbers(self):
        self.open(self.whole())
        sample, browser = self.sample, self.browser
        tip = browser.hover("#margins .catcher", across=(2 + 0.5) / (BLOCKS - 1))
        self.assertEqual(tip[0], "positions 2 and 3")
        self.assertEqual(tip[1], f"block 2 (pieces {sample.expand[2]}, {sample.compress[2]})")
        tip = browser.hover("#score-matrix .catcher", across=(4 + 0.5) / BLOCKS, down=(4 + 0.5) / BLOCKS)
        self.assertEqual(tip[0], f"{sample.expand[4]} with {sample.compress[4]}: chosen pair")
        tip = browser.hover("#score-matrix .catcher", across=(1 + 0.5) / BLOCKS, down=(7 + 0.5) / BLOCKS)
        self.assertEqual(tip[0], f"{sample.expand[7]} with {sample.compress[1]}: not chosen")
        tip = browser.hover("#start-positions .catcher", across=0.5 / BLOCKS)
        self.assertIn(f"pieces {sample.expand[0]}, {sample.compress[0]}", tip[0])
        tip = browser.hover("#products canvas", across=0.01, down=0.01)
        self.assertIn("row 0, column 0", tip[1])
        tip = browser.hover("#elites .catcher", across=0.5 / BLOCKS, down=0.05)
        self.assertEqual((tip[0], tip[3]), ("order 0, island 0", "agrees"))
        for name in ("search", "fit-identity", "fit-residuals", "strengths", "triples", "repair"):
            with self.subTest(name):
                self.assertGreater(len(browser.hover(f"#{name} circle[fill-opacity]")), 1)
        pieces = [f"{expand}, {compress}" for expand, compress in sample.studied_pieces]
        tip = browser.hover("#gains .catcher", across=(6 + 0.5) / BLOCKS, down=(2 + 0.5) / BLOCKS)
        self.assertEqual(tip[0], "positions 2 and 6 swapped")
        self.assertEqual(tip[2:], [f"position 2: pieces {pieces[2]}", f"position 6: pieces {pieces[6]}"])
        tip = browser.hover("#strengths circle[fill-opacity]")
        self.assertEqual(tip[0], f"position 0: pieces {pieces[0]}")
        tip = browser.hover("#triples circle[fill-opacity]")
        self.assertRegex(tip[1], r"^position \d: pieces \d+, \d+$")
        tip = browser.hover("#pair-scores circle.pair")
        self.assertRegex(tip[0], r"^block \d+ \(pieces \d+, \d+\)$")
        for name in ("pair-scores", "gains", "start-errors"):
            with self.subTest(name):
                self.assertGreater(len(browser.hover(f"#{name} .catcher", across=0.7, down=0.3)), 1)

    def test_light_dark_and_narrow(self):
        path = self.whole()
        for dark in (False, True):
            for width in (1200, 768, 390, 320):
                with self.subTest(dark=dark, width=width):
                    self.open(path, dark=dark, width=width)
                    back = self.browser.run("return getComputedStyle(document.body).backgroundColor")
                    self.assertEqual(max(int(v) for v in back[4:-1].split(",")) < 100, dark, back)
                    self.assertEqual(self.browser.run(WIDER_THAN_THE_PAGE), [])
                    self.assertEqual(self.browser.run(TEXTS_THAT_COLLIDE), [])
        # The button turns it around, and drawn colours turn with it.
        fill = self.browser.attributes("#margins rect.margin", "fill")[0]
        self.browser.run("document.getElementById('theme').click()")
        back = self.browser.run("return getComputedStyle(document.body).backgroundColor")
        self.assertGreater(min(int(v) for v in back[4:-1].split(",")), 200)
        self.assertNotEqual(self.browser.attributes("#margins rect.margin", "fill")[0], fill)

    def test_parts_that_are_missing_are_named_with_the_command_that_makes_them(self):
        self.sample.write(self.folder / "bare.h5", margins=False, elites=False)
        self.open(self.report(solution="bare.h5"), width=390)
        for name, command in (("missing-scores", "kintsugi report bare.h5 --problem problem.h5"),
                              ("missing-fit", "kintsugi report bare.h5 --problem problem.h5"),
                              ("missing-study", "kintsugi analyze problem.h5 --answer bare.h5 -o analysis.h5"),
                              ("missing-margins", "kintsugi solve problem.h5 --start bare.h5"),
                              ("missing-elites", "kintsugi solve problem.h5 --islands 4 -o")):
            self.assertIn(command, "".join(self.browser.texts("#" + name)), name)
        self.assertEqual(self.browser.run(WIDER_THAN_THE_PAGE), [])
        self.assertEqual(len(self.browser.texts("#pair-scores h3")), 1, "pairs beside their runners-up")

    def test_other_ends_than_solved(self):
        for status, explained, good, says in (("noise", 0.001, True, "explain 0.1 % of it, by chance up to 0.5 %"),
                                              ("time_limit", 0, False, "the predictions are not reproduced")):
            self.sample.attributes.update(status=status, explained=explained, explained_by_chance=0.005)
            self.sample.write(self.folder / "other.h5")
            self.open(self.report(solution="other.h5"))
            self.assertEqual(self.browser.figure("status"), [status.replace("_", " ")])
            expected = "status good" if good else "status bad"
            self.assertEqual(self.browser.attributes('[data-figure="status"]', "class"), [expected])
            self.assertIn(says, self.browser.texts("#result")[0])

    def test_a_target_far_below_does_not_press_the_curves_together(self):
        for lowest, shown in ((1e-3, False), (1e-13, True)):
            self.sample.trajectory["mse"] = numpy.geomspace(1, lowest, len(self.sample.trajectory))
            self.sample.trajectory["best"] = self.sample.trajectory["mse"]
            self.sample.write(self.folder / "far.h5")
            self.open(self.report(solution="far.h5"))
            self.assertEqual("target" in self.browser.texts("#search .legend span"), shown)
            self.assertEqual("The target, 2.000e-12, lies far below" in self.browser.texts("#search .note")[0], not shown)
            self.assertEqual(len(self.browser.attributes("#search line.target", "y1")), shown)
            heights = self.numbers("#search circle[fill-opacity]", "cy")
            self.assertGreater(max(heights) - min(heights), 200)

    def test_numbers_that_are_none(self):
        """A network in the wrong order may overflow: the page says so and draws the rest."""
        self.sample.starts[2] = (self.sample.starts[2][0], numpy.inf)
        self.sample.starts[3] = (self.sample.starts[3][0], numpy.nan)
        self.sample.trajectory["mse"][5] = numpy.inf
        self.sample.trajectory["best"][7] = numpy.nan
        self.sample.margins["change"][1] = numpy.nan
        self.sample.pairs["score"][2] = numpy.nan
        self.sample.attributes.update(mse=numpy.nan, largest_error=numpy.inf, status="not_solved")
        self.sample.write(self.folder / "odd.h5")
        self.planted.inputs = self.planted.inputs.astype(float)
        self.planted.inputs[:20] = 1.7e308
        self.planted.write(self.folder / "wide.h5")
        self.open(self.report("--problem", "wide.h5", solution="odd.h5"))
        self.assertEqual(self.browser.figure("mse"), ["–"])
        self.assertEqual(self.browser.attributes("#start-errors rect[data-mse]", "data-mse")[0], "0.00048")
        self.assertIn("40 are infinite or no numbers", self.browser.texts("#fit-residuals .note")[0])
        self.assertEqual(len(self.browser.attributes("#fit-residuals circle[fill-opacity]", "r")), 2 * 580)
        self.assertEqual(self.browser.run(TEXTS_THAT_COLLIDE), [])

    def test_texts_from_files_stay_texts(self):
        evil = "</script><script>document.title='taken'</script><img src=x onerror=alert(1)>\u2028.h5"
        self.sample.attributes["problem"] = evil
        self.sample.attributes["options"] = "{{data}} </pre><b>"
        self.sample.warnings = [evil]
        self.sample.write(self.folder / "evil.h5")
        self.open(self.report(solution="evil.h5"))
        self.assertEqual(self.browser.texts("#title"), [evil])
        self.assertEqual(self.browser.texts("#warnings li"), [evil])
        self.assertEqual(self.browser.texts("#options"), ["{{data}} </pre><b>"])
        self.assertEqual(self.browser.run("return document.title"), "kintsugi: " + evil)

    def test_depth_in_the_weights(self):
        """A line by the weights: beside a solution of a search, and as the answer itself."""
        self.run_program("solve", "problem.h5", "-o", "real.h5")
        self.run_program("solve", "problem.h5", "--without-predictions", "-o", "line.h5")
        for solution, says in (("real.h5", "Against the answer: rank correlation"), ("line.h5", "which one is open")):
            with h5py.File(self.folder / solution) as file:
                expand, line = list(file["permutation"][:-1:2]), list(file["line"]["expand"])
                features = {row["name"].decode(): row["smoothness"] for row in file["line_features"][:]}
            for options in ((), ("--problem", "problem.h5")):
                self.open(self.report(*options, solution=solution), width=390 if options else 1200)
                self.assertIn(says, self.browser.texts("#line-summary")[0])
                self.assertEqual(len(self.browser.texts("#line-places circle[fill-opacity]")), BLOCKS)
                drawn = dict(zip(self.browser.attributes("#feature-smoothness rect[data-name]", "data-name"),
                                 self.numbers("#feature-smoothness rect[data-name]", "data-smoothness")))
                self.assertEqual(drawn, features)
                self.assertEqual(len(self.browser.texts("#missing-similarity")), 0 if options else 1)
                self.assertEqual(self.browser.run(TEXTS_THAT_COLLIDE), [])
                self.assertEqual(self.browser.run(WIDER_THAN_THE_PAGE), [])
            tip = self.browser.hover("#similarity-line .catcher", across=(2 + 0.5) / BLOCKS, down=(5 + 0.5) / BLOCKS)
            self.assertTrue(tip[0].startswith(f"block {expand.index(line[5])} "), tip)
            self.assertTrue(tip[1].startswith(f"block {expand.index(line[2])} "), tip)
            tip = self.browser.hover("#similarity-answer .catcher", across=(2 + 0.5) / BLOCKS, down=(5 + 0.5) / BLOCKS)
            self.assertTrue(tip[0].startswith("block 5 ") and tip[1].startswith("block 2 "), tip)
        self.assertEqual(self.browser.figure("status"), ["by-weights"])
        self.assertEqual(len(self.browser.texts("#no-search")), 1)
        # Where the problem is the only source, the line is worked out from it.
        self.open(self.report("--problem", "problem.h5"))
        self.assertEqual(len(self.browser.texts("#similarity-line h3")), 1)
        self.open(self.report())
        self.assertIn("--problem problem.h5", self.browser.texts("#missing-line")[0])

    def test_a_large_network_is_thinned(self):
        blocks = 1024
        permutation = numpy.random.default_rng(1).permutation(2 * blocks + 1)
        sample = Sample(permutation, islands=12)
        sample.make_trajectory(numpy.random.default_rng(2), 12, steps=5000)
        sample.write(self.folder / "large.h5")
        sample.write_analysis(self.folder / "large-analysis.h5")
        path = self.report("--analysis", "large-analysis.h5", solution="large.h5")
        self.assertLess(path.stat().st_size, 6_000_000)
        self.open(path)
        self.assertLess(self.browser.run("return document.querySelectorAll('svg *').length"), 60_000)
        self.assertIn("thinned", self.browser.texts("#search .note")[0])
        self.assertIn("each cell is 7 by 7", self.browser.texts("#score-matrix .note")[0])
        self.assertIn("7 by 7 swaps", self.browser.texts("#gains .note")[0])
        self.assertEqual(self.browser.run(TEXTS_THAT_COLLIDE), [])
        self.assertEqual(self.browser.figure("blocks"), ["1,024"])

    def test_a_real_run(self):
        self.run_program("solve", "problem.h5", "-o", "real.h5", "--islands", "2", np=2)
        with h5py.File(self.folder / "real.h5") as file:
            permutation = list(file["permutation"])
            mse, starts = file.attrs["mse"], len(file["starts"])
        self.open(self.report("--problem", "problem.h5", solution="real.h5"))
        self.assertEqual(self.browser.texts("#permutation"), [",".join(map(str, permutation))])
        self.assertEqual(float(self.browser.figure("mse")[0]), float(f"{mse:.3e}"))
        self.assertEqual(len(self.browser.attributes("#start-errors rect[data-mse]", "data-mse")), starts)
        self.assertFalse(any("scores in the solution" in text for text in self.browser.texts(".missing")))
        self.run_program("analyze", "problem.h5", "-o", "real-analysis.h5", "--repair", "none", "--searches", "none", "-q")
        with h5py.File(self.folder / "real-analysis.h5") as file:
            self.assertIn(decoded(file.attrs["pair_score"]), self.browser.texts("#pair-scores svg .label"))
        self.assertEqual(self.browser.run(TEXTS_THAT_COLLIDE), [])


    def test_one_and_two_blocks(self):
        repeated = """return Array.from(document.querySelectorAll(".axis"))
            .map((axis) => Array.from(axis.querySelectorAll("text"), (t) => t.textContent))
            .filter((texts) => new Set(texts).size < texts.length);"""
        for blocks in (1, 2):
            with self.subTest(blocks):
                Planted(blocks=blocks).write(self.folder / "p.h5")
                self.run_program("solve", "p.h5", "-o", "s.h5")
                study = self.run_program("analyze", "p.h5", "--answer", "s.h5", "-o", "a.h5").stdout
                self.assertNotRegex(study, r"\bnan\b")
                path = self.report("--problem", "p.h5", "--analysis", "a.h5", solution="s.h5")
                for width in (1200, 390):
                    self.open(path, width=width)
                    self.assertEqual(self.browser.run(TEXTS_THAT_COLLIDE), [])
                    self.assertEqual(self.browser.run(WIDER_THAN_THE_PAGE), [])
                    self.assertEqual(self.browser.run(repeated), [])
                self.assertEqual(len(self.browser.texts("#gains, #no-swaps")), 1)
                self.assertEqual(len(self.browser.texts("#blocks-table tbody tr")), blocks)


class CommandTest(ReportTest):
    def test_the_page_is_one_file_and_equal_reports_give_equal_bytes(self):
        first = self.whole().read_bytes()
        self.assertEqual(first, self.whole().read_bytes())
        self.assertIn(b"Content-Security-Policy\" content=\"default-src 'none'", first)
        self.assertNotIn(b"<link", first)
        self.assertNotIn(b"<script src", first)

    def test_text(self):
        text = self.run_program("report", "solution.h5", "--format", "text", "--problem", "problem.h5").stdout
        sample = self.sample
        self.assertIn("status         solved\n", text)
        self.assertIn("mse            1.2500e-14 on all 600 rows", text)
        self.assertIn(",".join(map(str, sample.permutation)) + "\n", text)
        self.assertIn(sample.attributes["sha256"], text)
        self.assertIn("seed 18446744073709551615", text)
        self.assertIn("(1 interchangeable)", text)
        self.assertIn(f"certain        {BLOCKS - 2} of {BLOCKS - 1} neighbours\n", text)
        self.assertRegex(text, r"recomputed     mse \d\.\d+e-1\d, largest error .* on 600 of 600 rows")
        inversions = sum(a > b for i, a in enumerate(numpy.argsort(sample.start_orders[3])[sample.order])
                         for b in numpy.argsort(sample.start_orders[3])[sample.order][i + 1 :])
        self.assertRegex(text, rf"wout-frobenius-reversed +8\.5000e-01 +{inversions}\n")
        weakest = sample.pairs[numpy.argmin(sample.pairs["margin"])]
        self.assertRegex(text, rf"margin +trusted\n  {weakest['expand']} +{weakest['compress']} ")
        same = sample.elites == sample.permutation
        agreed = sum(same[:, 2 * t : 2 * t + 2].all() for t in range(BLOCKS))
        self.assertIn(f"agree with the answer at {agreed} of {BLOCKS} positions", text)
        sample.write_analysis(self.folder / "analysis.h5")
        text = self.run_program("report", "solution.h5", "--format", "text", "--analysis", "analysis.h5").stdout
        self.assertIn("Bradley-Terry order from the swaps of greedy-reversed: mse 0.00625 on all rows", text)
        self.assertRegex(text, r"\n  tabu +5000 +0.002 +no\n")
        self.assertIn("run            4 ranks, 3 islands, seed", text)
        result = self.run_program("report", "solution.h5", "--format", "text", "-o", "report.txt", "--quiet")
        self.assertEqual((result.stdout, result.stderr), ("", ""))
        self.assertIn("status         solved\n", (self.folder / "report.txt").read_text())

    def test_bad_calls(self):
        self.assert_error(USAGE, "report", "solution.h5", says="--output")
        self.assert_error(USAGE, "report", "solution.h5", "-o", "r.html", "--format", "pdf", says=["pdf", "html"])
        self.assert_error(USAGE, "report", "solution.h5", "-o", "no/r.html", says="no folder")
        self.assert_error(BAD_INPUT, "report", "problem.h5", "-o", "r.html",
                          says=["problem.h5", "not a kintsugi solution"])
        self.assert_error(BAD_INPUT, "report", "solution.h5", "-o", "r.html", "--analysis", "problem.h5",
                          says=["problem.h5", "not a kintsugi analysis"])
        Planted(blocks=4).write(self.folder / "other.h5")
        self.assert_error(BAD_INPUT, "report", "solution.h5", "-o", "r.html", "--problem", "other.h5",
                          says=["solution.h5 and other.h5", "19 pieces"])
        self.assertFalse((self.folder / "r.html").exists())

    def damaged(self, change, *arguments):
        """Arguments of a report of files that `change(solution, analysis)` has damaged."""
        self.sample.write(self.folder / "s.h5")
        self.sample.write_analysis(self.folder / "a.h5")
        with h5py.File(self.folder / "s.h5", "r+") as solution, h5py.File(self.folder / "a.h5", "r+") as analysis:
            change(solution, analysis)
        return ("report", "s.h5", "--format", "text", "--analysis", "a.h5", *arguments)

    def test_parts_of_the_wrong_shape(self):
        def replace(file, name, values):
            del file[name]
            file[name] = values

        n = BLOCKS
        cases = [
            (lambda s, a: replace(s, "margins", numpy.zeros(3)), ["/margins", "not a table"]),
            (lambda s, a: replace(s, "margins", self.sample.margins[list(self.sample.margins.dtype.names[:-1])]),
             ["/margins", "no column 'interchangeable'"]),
            (lambda s, a: replace(s, "margins", numpy.concatenate([self.sample.margins[1:]] * 2)), None),
            (lambda s, a: s["margins"].__setitem__(0, (n - 1, 0, 0, 0, 0, 0, 0)),
             ["/margins", f"position {n - 1}", "row 0"]),
            (lambda s, a: replace(s, "elites/island", numpy.zeros(4, "i4")), ["/elites/island", "[4] instead of [5]"]),
            (lambda s, a: replace(s, "elites/mse", 0.5), ["/elites/mse", "not a list"]),
            (lambda s, a: replace(s, "elites/permutation", numpy.zeros((5, 2 * n), "i4")),
             ["/elites/permutation", "instead of"]),
            (lambda s, a: s["elites/permutation"].__setitem__((2, 0), 999), ["/elites/permutation, row 2"]),
            (lambda s, a: s["start_orders"].__setitem__((1, 0), n), ["/start_orders", "wout-frobenius"]),
            (lambda s, a: replace(s, "pair_scores", self.sample.pairs[1:]), ["/pair_scores", "8 rows"]),
            (lambda s, a: replace(a, "bradley_terry/gains", numpy.zeros((n, n - 1))), ["/gains", "instead of [9, 9]"]),
            (lambda s, a: replace(a, "bradley_terry/gains", numpy.full((n, n), b"x")), ["/gains", "wrong type"]),
            (lambda s, a: a["transitivity/cyclic"].__setitem__(0, (0, 1, n, 0.5)), ["/transitivity/cyclic", "row 0"]),
            (lambda s, a: replace(a, "pairing/scores/trace", numpy.zeros(n)), ["/trace"]),
            (lambda s, a: a["pairing/chosen"].__setitem__(0, n), ["/pairing/chosen", f"{n} is not one of {n} blocks"]),
            (lambda s, a: a["start_orders"].__setitem__((1, 0), -1), ["/start_orders", "-1 is not one of"]),
            (lambda s, a: a.__delitem__("start_orders"), None),
            (lambda s, a: a["bradley_terry"].attrs.__delitem__("temperature"), ["temperature"]),
            (lambda s, a: a.attrs.__setitem__("format_version", 3), ["a.h5", "format_version 3", "reads 1 to 2"]),
        ]
        for number, (change, says) in enumerate(cases):
            with self.subTest(number):
                arguments = self.damaged(change)
                if says is None:
                    self.run_program(*arguments)
                else:
                    self.assert_error(BAD_INPUT, *arguments, says=says)

    def test_first_versions_call_starts_seeds(self):
        def rename(solution, analysis):
            for file in (solution, analysis):
                file.attrs["format_version"] = 1
                file.move("starts", "seeds")
                file.move("start_orders", "seed_orders")
            analysis["bradley_terry"].attrs["seed"] = analysis["bradley_terry"].attrs.pop("start")

        text = self.run_program(*self.damaged(lambda solution, analysis: None)).stdout
        self.assertIn("the swaps of greedy-reversed", text)
        self.assertEqual(self.run_program(*self.damaged(rename)).stdout, text)

    def test_parts_that_an_analysis_does_not_have(self):
        def strip(solution, analysis):
            for name in ("pairing", "starts", "transitivity", "repair", "searches"):
                del analysis[name]

        text = self.run_program(*self.damaged(strip)).stdout
        self.assertNotIn("cyclic", text)


if __name__ == "__main__":
    main()
