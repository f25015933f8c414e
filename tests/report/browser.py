"""A headless Chromium for tests of pages."""

import json
import os
import shutil
import tempfile
import unittest

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
except ImportError:
    webdriver = None

DRIVER = shutil.which("chromedriver")
BROWSER = shutil.which("chromium")
needs_browser = unittest.skipIf(
    webdriver is None or DRIVER is None or BROWSER is None,
    "SKIPPED: no chromium, chromium-driver or python3-selenium (jobs/install-dependencies.sh --tests)")


# Texts of one picture that overlap, or that leave it; every element that sticks out to the right of the page.
TEXTS_THAT_COLLIDE = """
const found = [];
for (const svg of document.querySelectorAll("svg")) {
  const frame = svg.getBoundingClientRect();
  const name = svg.closest("figure").id;
  const boxes = Array.from(svg.querySelectorAll("text")).filter((t) => t.textContent)
    .map((t) => [t.textContent, t.getBoundingClientRect()]);
  boxes.forEach(([text, box], i) => {
    if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 ||
        box.bottom > frame.bottom + 1)
      found.push(`${name}: '${text}' leaves the picture`);
    for (const [other, place] of boxes.slice(i + 1)) {
      if (box.left < place.right - 1 && place.left < box.right - 1 && box.top < place.bottom - 2 &&
          place.top < box.bottom - 2)
        found.push(`${name}: '${text}' and '${other}' overlap`);
    }
  });
}
return found;
"""
WIDER_THAN_THE_PAGE = """
const width = document.documentElement.clientWidth;
const boxes = "figure, .tile, .missing, h1, h2, p, svg, dl, .scroll, pre, .answer, nav";
const wide = Array.from(document.querySelectorAll(boxes))
  .filter((node) => node.getBoundingClientRect().right > width + 1)
  .map((node) => node.id || node.className || node.tagName);
const whole = document.documentElement.scrollWidth;
if (whole > width) wide.push(`the page: ${whole} of ${width}`);
return wide;
"""


class Browser:
    """One browser with a profile of its own. Pages are opened from disk."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="kintsugi-browser-")
        options = webdriver.ChromeOptions()
        options.binary_location = BROWSER
        # A container's root has no sandbox and often little shared memory.
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                         "--hide-scrollbars", "--disable-background-networking", "--disable-component-update",
                         "--disable-sync", "--disable-quic", "--no-first-run",
                         f"--user-data-dir={self.profile}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service(DRIVER, env=os.environ), options=options)
        self.driver.set_page_load_timeout(120)
        self.driver.set_script_timeout(120)

    def close(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    def open(self, path, width=1200, dark=False):
        """Opens a file; gives the requests that were made for it and what the console said."""
        self.size(width)
        self.scheme(dark)
        self.driver.get_log("performance")
        self.driver.get_log("browser")
        self.driver.get(path.as_uri())
        return self.requests(), [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self):
        """Addresses of all requests since the last call, but for data that is in the page itself."""
        addresses = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                address = message["params"]["request"]["url"]
                if not address.startswith("data:"):
                    addresses.append(address)
        return addresses

    def size(self, width):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})

    def scheme(self, dark):
        self.features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": self.features})

    def paper(self, on):
        """As while a page is printed, or behind it."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print" if on else "screen",
                                                                   "features": self.features})
        self.run("window.dispatchEvent(new Event(arguments[0]))", "beforeprint" if on else "afterprint")

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def texts(self, selector):
        return self.run("return Array.from(document.querySelectorAll(arguments[0]), (n) => n.textContent)", selector)

    def attributes(self, selector, name):
        script = "return Array.from(document.querySelectorAll(arguments[0]), (n) => n.getAttribute(arguments[1]))"
        return self.run(script, selector, name)

    def figure(self, name):
        return self.texts(f'[data-figure="{name}"]')

    def hover(self, selector, across=0.5, down=0.5):
        """Moves the pointer over an element, which is scrolled into view; gives the tip's lines."""
        self.mouse("mouseMoved", selector, across, down)
        self.run("return new Promise((done) => requestAnimationFrame(() => done()))")
        return self.texts("#tip:not([hidden]) > *")

    def mouse(self, event, selector, across=0.5, down=0.5, **details):
        self.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", selector)
        box = self.run("const b = document.querySelector(arguments[0]).getBoundingClientRect();"
                       "return [b.x, b.y, b.width, b.height]", selector)
        self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {
            "type": event, "x": box[0] + across * box[2], "y": box[1] + down * box[3], **details})

    def click(self, selector):
        """As a person does: scripts may then use the clipboard."""
        for event in ("mousePressed", "mouseReleased"):
            self.mouse(event, selector, button="left", clickCount=1)

    def screenshot(self, path):
        import base64
        height = self.run("return document.documentElement.scrollHeight")
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "width": self.run("return window.innerWidth"), "height": height, "scale": 1}})
        path.write_bytes(base64.b64decode(shot["data"]))
