#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Loads the report page of the default model in headless Chromium and tries what a reader would.

    python3 tests/report/page_in_browser.py --pintle build/dev/converter/pintle [--screenshots DIR] \
        [--page FILE --readme-screenshot converter/report/screenshot.png]

Fails on a console error or an uncaught exception, on a chart without a line, on a page wider than its
window, and if it asks the network for anything. Exit status 77, skipped, where no browser is installed.
Chromium is driven by its DevTools protocol over a pipe, so nothing else is needed.
"""

import argparse
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

DEFAULT_MODEL = pathlib.Path(__file__).resolve().parents[2] / "converter/default_model"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PERSONAS = ("avoids", "wants", "changed", "random")
SIZES = {"wide": (1280, 900), "narrow": (390, 844)}
# A line or a bar: pixels that are neither transparent nor of the grid's faint grey.
CHARTS = """(() => [...document.querySelectorAll('canvas')].map((canvas) => {
  const {width, height} = canvas, copy = Object.assign(document.createElement('canvas'), {width, height});
  const context = copy.getContext('2d', {willReadFrequently: true});
  context.drawImage(canvas, 0, 0);
  const {data} = context.getImageData(0, 0, width, height);
  let coloured = 0;
  for (let i = 0; i < data.length; i += 4) {
    const [r, g, b, a] = data.slice(i, i + 4);
    if (a > 200 && Math.max(r, g, b) - Math.min(r, g, b) > 60) ++coloured;
  }
  return {name: canvas.getAttribute('aria-label'), width, height, coloured};
}))()"""


class Browser:
    """One page. Everything it complained of is in `errors`, what it asked for in `requests`."""

    def __init__(self, program, profile):
        self.errors, self.requests, self.events, self.rest, self.count = [], [], [], b"", 0
        to_read, self.to = os.pipe()
        self.answers, to_write = os.pipe()

        def wire():  # the protocol's file descriptors are 3 and 4; neither may be overwritten before use
            a, b = os.dup2(to_read, 100), os.dup2(to_write, 101)
            os.dup2(a, 3), os.dup2(b, 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--hide-scrollbars", "--no-first-run", f"--user-data-dir={profile}",
             "--remote-debugging-pipe"],
            preexec_fn=wire, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read), os.close(to_write)
        self.session = None
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self.session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self(domain + ".enable")

    def __call__(self, method, **parameters):
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.next_message()
            if answer.get("id") == self.count:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']}")
                return answer["result"]

    def next_message(self):
        while b"\0" not in self.rest:
            read = os.read(self.answers, 1 << 20)
            if not read:
                sys.exit("the browser ended")
            self.rest += read
        line, self.rest = self.rest.split(b"\0", 1)
        message = json.loads(line)
        self.note(message.get("method"), message.get("params", {}))
        return message

    def note(self, method, told):
        if method == "Runtime.exceptionThrown":
            details = told["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning"):
            self.errors.append(" ".join(str(a.get("value", a)) for a in told["args"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.errors.append(told["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])

    def evaluate(self, expression):
        result = self("Runtime.evaluate", expression=expression, returnByValue=True,
                      awaitPromise=True)
        if "exceptionDetails" in result:
            sys.exit(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait_for(self, expression):
        for _ in range(600):
            if self.evaluate(expression):
                return True
            time.sleep(0.1)
        return False

    def show(self, size, scheme):
        width, height = SIZES[size]
        self("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
             mobile=False)
        self("Emulation.setEmulatedMedia",
             features=[{"name": "prefers-color-scheme", "value": scheme}])
        # Two frames: one for the style and Chart.js's observer, one for what it draws.
        self.evaluate("new Promise((done) => requestAnimationFrame(() => "
                      "requestAnimationFrame(() => setTimeout(done, 100))))")

    def screenshot(self, path, **parameters):
        data = self("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                    **parameters)["data"]
        path.write_bytes(base64.b64decode(data))

    def close(self):
        self.process.terminate()
        self.process.wait()


def simulation(work):
    """Figures as `pintle simulate --json` prints them, with a method's name that would be markup."""
    feedback = [0, 1, 3, 5, 10, 20]
    methods = {"plain": 0, "<b>bias</b>": 0.001, "appended likes": 0.003, "profile": 0.005}
    estimates = lambda gain: [{"mean": 0.05 + gain * n, "interval": [0.04 + gain * n, 0.06 + gain * n]}
                              for n in feedback]
    trials = [{"persona": persona, "method": method, "ndcg@10": estimates(gain),
               "share_after_five": 0.25, "share_interval": [0.2, 0.3]}
              for persona in PERSONAS for method, gain in methods.items()]
    path = work / "simulation.json"
    path.write_text(json.dumps({"persons": {persona: 1234 for persona in PERSONAS}, "feedback": feedback,
                                "trials": trials, "pairs": [], "notes": ["<b>bias</b>: gain 1"]}))
    return path


def make_page(pintle, work):
    """The report of the default model with an SAE that was trained briefly, and with figures of feedback."""
    config = json.loads((DEFAULT_MODEL / "build.json").read_text())
    for key in ("weights", "config", "items", "interactions"):
        config[key] = str(DEFAULT_MODEL / config[key])
    config["saes"][0]["steps"] = 300
    config["out"] = str(work / "default.pintle")
    (work / "build.json").write_text(json.dumps(config))
    page = work / "report.html"
    for words in (["build", "--config", work / "build.json"],
                  ["report", "--model", config["out"], "--features",
                   config["out"] + ".build/features-0.json", "--interactions",
                   config["interactions"], "--simulation", simulation(work), "--out", page]):
        subprocess.run([pintle, *words], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    return page


class Check:
    def __init__(self, browser):
        self.browser, self.failed = browser, 0

    def __call__(self, what, ok, detail=""):
        if not ok:
            self.failed += 1
            print(f"FAILED: {what} {detail}")

    def charts(self, where):
        found = self.browser.evaluate(CHARTS)
        self("there are charts,", len(found) > 0, where)
        told = int(self.browser.evaluate("document.documentElement.dataset.charts"))
        self(f"every chart is drawn, {where}:", told == len(found), f"{told} of {len(found)}")
        for chart in found:
            self(f"a chart holds a line, {where}:", chart["coloured"] > 20, chart)

    def fits(self, where):
        wide = self.browser.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        self(f"no wider than its window, {where}:", wide[0] <= wide[1], wide)


def show_readme(browser, path):
    """The section with a history to try, a knob turned halfway up."""
    browser.show("wide", "light")
    browser("Page.reload")
    browser.wait_for("document.documentElement?.dataset.ready === 'true'")
    browser.evaluate("""(() => {
      const rows = [...document.querySelectorAll('.sliders .knob-row')];
      const slider = rows.find((row) => row.innerText.startsWith('Sci-Fi')).querySelector('input');
      slider.value = Math.ceil(0.75 * slider.max);
      slider.dispatchEvent(new Event('input'));
    })()""")
    x, y, width, height = browser.evaluate("""(() => {
      const place = document.getElementById('try').getBoundingClientRect();
      return [place.x, place.y + scrollY, place.width, place.height];
    })()""")
    clip = {"x": x - 24, "y": y, "width": width + 48, "height": height + 16, "scale": 0.75}
    browser.screenshot(path, clip=clip)


def try_simulation(check):
    """The section of the page of make_page; another page may have none, and no link to it."""
    browser = check.browser
    linked = browser.evaluate("document.getElementById('simulation-link') !== null")
    there = browser.evaluate("document.getElementById('simulation') !== null")
    check("the section about feedback is linked where it is:", linked == there)
    if not there:
        return
    text = browser.evaluate("document.getElementById('simulation').textContent")
    personas = browser.evaluate("data.simulation.personas.map((persona) => persona.name)")
    for persona in personas:
        check("every persona has a chart:", browser.evaluate(
            f"document.querySelectorAll('#simulation canvas[aria-label^=\"{persona}:\"]').length") == 1, persona)
    check("tables stand beside the charts:", browser.evaluate(
        "document.querySelectorAll('#simulation table').length") == len(personas))
    check("texts of the file are no markup", "undefined" not in text and
          browser.evaluate("document.querySelectorAll('#simulation b').length") == 0)
    before = browser.evaluate(CHARTS)
    browser.evaluate("document.querySelectorAll('#simulation fieldset input').forEach((box) => box.click())")
    for old, new in zip(before, browser.evaluate(CHARTS)):
        if old["name"].split(":")[0] in personas:
            check("a chart without its lines is empty:", new["coloured"] < old["coloured"] / 4, (old, new))
    browser.evaluate("document.querySelectorAll('#simulation fieldset input').forEach((box) => box.click())")
    check.charts("lines shown again")


def try_page(check, page, screenshots, readme_screenshot):
    browser = check.browser
    browser.show("wide", "light")
    browser("Page.navigate", url=page.as_uri())
    if not browser.wait_for("document.documentElement?.dataset.ready === 'true'"):
        check("the page gets ready", False, browser.errors)
        return
    for size in SIZES:
        for scheme in ("light", "dark"):
            browser.show(size, scheme)
            check.charts(f"{size}, {scheme}")
            check.fits(f"{size}, {scheme}")
            if screenshots:
                browser.screenshot(screenshots / f"{size}-{scheme}.png")
    browser.show("wide", "light")
    knobs = browser.evaluate("document.querySelectorAll('#knob-select option').length")
    check("there are knobs", knobs > 0)
    compared = []
    for knob in range(knobs):
        browser.evaluate(f"(() => {{const s = document.getElementById('knob-select'); s.value = {knob};"
                         "s.dispatchEvent(new Event('change'));})()")
        check.charts(f"knob {knob}")
        compared.append(browser.evaluate(
            "document.querySelectorAll('#knob-detail .comparison tbody tr').length"))
    check("every knob but Popularity stands beside the simpler ways:",
          sum(rows >= 6 for rows in compared) >= knobs - 1, compared)
    zeros = browser.evaluate("""(() => [...document.querySelectorAll('.sliders input')].map((slider) => {
      const {left, width} = slider.getBoundingClientRect(), thumb = 16;
      return left + thumb / 2 + (width - thumb) * slider.value / Math.max(1, slider.max);
    }))()""")
    check("every slider's zero is in one line:", max(zeros) - min(zeros) < 1, zeros)
    # Every slider to its end: a steered list, and the address that names it.
    changed = browser.evaluate("""(() => {
      let changed = 0;
      document.querySelectorAll('.sliders input').forEach((slider) => {
        slider.value = slider.max;
        slider.dispatchEvent(new Event('input'));
        if (document.querySelectorAll('#steered li.new').length > 0) ++changed;
      });
      return changed;
    })()""")
    check("turned up, most knobs change the list:", changed > knobs / 2, f"{changed} of {knobs}")
    check("the address names what is shown", browser.evaluate("location.hash.includes('knob=')"))
    try_simulation(check)
    opened = browser.evaluate("""(() => {
      document.querySelectorAll('details').forEach((d) => { d.open = true; });
      return document.querySelectorAll('details.feature').length;
    })()""")
    check("features can be looked at", opened > 0)
    browser.show("narrow", "light")
    check.fits("narrow, all unfolded")
    if screenshots:
        browser.screenshot(screenshots / "narrow-unfolded.png")
    if readme_screenshot:
        show_readme(browser, readme_screenshot)
    outside = [url for url in browser.requests if not url.startswith(("file:", "data:", "about:"))]
    check("nothing is asked of the network", not outside, outside)
    check("nothing is complained of", not browser.errors, browser.errors)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pintle", type=pathlib.Path, required=True)
    parser.add_argument("--page", type=pathlib.Path, help="a report that was made already")
    parser.add_argument("--screenshots", type=pathlib.Path, help="folder for PNGs of the page")
    parser.add_argument("--readme-screenshot", type=pathlib.Path, help="the README's picture")
    arguments = parser.parse_args()
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        print("skipped: no Chromium on this machine")
        sys.exit(77)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        work = pathlib.Path(folder)
        page = arguments.page or make_page(arguments.pintle, work)
        if arguments.screenshots:
            arguments.screenshots.mkdir(parents=True, exist_ok=True)
        browser = Browser(program, work / "profile")
        try:
            check = Check(browser)
            try_page(check, page.resolve(), arguments.screenshots, arguments.readme_screenshot)
        finally:
            browser.close()
    print(f"{check.failed} failed")
    sys.exit(1 if check.failed else 0)


if __name__ == "__main__":
    main()
