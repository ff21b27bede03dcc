"""The page of `moonmill watch` and the report of `moonmill replay`, in a real browser.

usage: run.py MOONMILL PICTURES [-v]

A run is sent from the page's form; its bars, its failure and its lit flow are looked for, at two
widths and in both schemes. Pictures are left in the folder PICTURES. Exit status 77, with the
reason: there is no Chromium here."""

import json
import os
import pathlib
import re
import shutil
import sys
import tempfile
import time

import chromium

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "watch"))
from watching import Watching, event, forget, record  # noqa: E402

LOOKS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]
TOUR = {"city": "Rome", "days": 3, "tags": ["ada", "grace", "joan"], "hotel": {"name": "Roma"}}


def check(condition, what):
    if not condition:
        raise chromium.Failed(what)


def equal(is_, should_be, what):
    check(is_ == should_be, f"{what}: {is_!r}, not {should_be!r}")


class Test:
    def __init__(self, program, pictures):
        self.program, self.pictures = program, pictures
        self.browser = chromium.Chromium(chromium.find())
        self.folder = tempfile.mkdtemp()
        shutil.copytree(HERE / "flows", os.path.join(self.folder, "flows"))
        self.write_examples()
        self.watch = self.start()
        self.page = self.browser.page()

    def write_examples(self):
        folder = pathlib.Path(self.folder, "fixtures")
        folder.mkdir()
        for name, count in (("few", 3), ("too many digits", 9007199254740993)):
            one = record(1, "many", payload={"count": count})
            (folder / (name + ".json")).write_text(json.dumps(event(one)))

    def start(self, *arguments):
        return Watching(self.program, self.folder, "--timeout", "5", "--max-receives", "2",
                        *arguments, flows=False).ready()

    def close(self):
        if self.watch.process.poll() is None:
            self.watch.stop()
        self.browser.close()
        forget(self.folder)

    def count(self, selector):
        return self.page.ask(f"document.querySelectorAll({json.dumps(selector)}).length")

    def text(self, selector):
        return self.page.ask(f"(document.querySelector({json.dumps(selector)}) || {{}}).textContent")

    def click(self, selector):
        check(self.count(selector), f"there is no {selector} to click")
        self.page.ask(f"document.querySelector({json.dumps(selector)}).click()")

    def write(self, label, text):
        """Types into the field of that label, as a keyboard does."""
        found = self.page.ask(f"""(() => {{
            const label = [...document.querySelectorAll("#send label")]
                .find((each) => each.firstChild.textContent === {json.dumps(label)});
            const field = label && document.getElementById(label.htmlFor);
            if (field) {{ field.focus(); if (field.select) field.select(); }}
            return Boolean(field);
        }})()""")
        check(found, f"the form has no field {label}")
        self.page.type(text)

    def picture(self, name):
        """All four of them; nothing may stick out of the page."""
        for width, scheme in LOOKS:
            self.page.look(width, 900, scheme)
            self.page.picture(os.path.join(self.pictures, f"{name}-{width}-{scheme}.png"), True)
            wide = self.page.ask("document.documentElement.scrollWidth")
            check(wide <= width, f"{name} is {wide} wide in a window of {width}")
        self.page.look(1280)

    def no_complaints(self):
        equal(self.page.complaints(), [], "what the browser complained of")

    # ---- one after the other -------------------------------------------------------------------

    def first_sight(self):
        self.page.look(1280)
        self.page.go(self.watch.url)
        self.page.wait("document.querySelector('#link').dataset.state === 'live'", "the stream")
        self.page.wait("document.body.innerText.includes('Nothing has run yet')", "the empty page")
        self.picture("empty")

    def poison(self):
        """Its receives take their time: it is looked for later."""
        status, _, said = self.watch.request("POST", "/enqueue", {"Records": [{"body": "no job"}]})
        equal(status, 200, f"a message that is no job, put into the queue: {said}")

    def send_from_form(self):
        self.page.ask("location.hash = '#/send/tour'")
        self.page.wait("document.querySelector('#send')", "the form")
        self.write("city", "Rome")
        self.write("days", "many")
        self.write("name", "Roma")
        for i, tag in enumerate(TOUR["tags"]):
            self.click("#send .inner > button")
            self.write(f"tags {i + 1}", tag)
        self.click("#send button[type=submit]")
        self.page.wait("document.querySelector('.problem').textContent.includes('whole number')",
                       "what is wrong with days")
        self.write("days", "12")
        self.picture("send")
        self.page.key("Enter", "\r", 13)
        self.page.wait("document.querySelector('.run[data-state=failed] .wrong')", "the failed run")
        self.page.wait("document.querySelectorAll('.step[data-kind=map]').length", "its steps")

    def bars(self):
        """What the flow did, as it is drawn."""
        def states(path):
            return self.page.ask(f"""[...document.querySelectorAll('.step .name')]
                .filter((name) => name.title === {json.dumps(path)})
                .flatMap((name) => [...name.parentElement.querySelectorAll('.track > .bar')])
                .map((bar) => bar.dataset.state)""")
        equal(states("load"), ["failed", "failed", "completed"], "the bars of load")
        equal(states("upgrade"), ["skipped"], "the bars of upgrade")
        equal(states("book/car"), ["caught"], "the bars of car")
        equal(states("send[2]/mail"), ["completed"], "the bars of an item")
        equal(states("report"), ["failed"], "the bars of report")
        equal(self.count(".track .wait"), 2, "the waits between attempts")
        check(self.count(".tick[data-type=error]") == 1, "the error is a tick")
        equal(self.page.ask("""[...document.querySelectorAll('.track > .bar')].filter((bar) => {
            const box = bar.getBoundingClientRect(), track = bar.parentElement.getBoundingClientRect();
            return box.width < 3 || box.left < track.left - 1 || box.right > track.right + 1;
        }).map((bar) => bar.outerHTML)"""), [], "bars that are not seen, or not in their track")
        before = self.page.ask("""(() => {
            const bar = (path) => [...document.querySelectorAll('.step .name')]
                .find((name) => name.title === path).parentElement.querySelector('.bar')
                .getBoundingClientRect();
            return [bar('book/hotel/find').right <= bar('book/hotel/reserve').left + 2,
                    bar('book/flight').right > bar('book/hotel/reserve').left,
                    bar('load').left < bar('book').left];
        })()""")
        equal(before, [True, True, True], "what was before, and what at the same time")

    def failure(self):
        equal(self.text(".wrong h3"), "tour.too_long", "the code of the error")
        equal(self.text(".wrong .message"), "a tour of 12 days: <b>9</b> at most", "its message")
        equal(self.count(".wrong .message b"), 0, "elements that the flow smuggled in")
        check("flows/tour.lua:" in self.text(".wrong .where"), "the error has its file and line")
        check("tour.too_long" in (self.text(".source .hit") or ""), "the line itself is shown")

    def lit(self):
        def state(step):
            return self.page.ask(f"""(document.querySelector('.graph g[id$="-{step}"]') || {{
                dataset: {{}} }}).dataset.state || null""")
        equal(state("report"), "failed", "report in the picture")
        equal(state("book/car"), "caught", "car in the picture")
        equal(state("upgrade"), "skipped", "upgrade in the picture")
        equal(state("send/mail"), "completed", "mail in the picture")

    def many(self):
        """5,000 events while the page looks on; a details that was opened stays what it was."""
        self.page.ask("window.kept = document.querySelector('.others'); kept.open = true;"
                      "window.slow = 0; new PerformanceObserver((list) => list.getEntries().forEach("
                      "(entry) => { slow = Math.max(slow, entry.duration); }))"
                      ".observe({ type: 'longtask' })")
        number = self.page.ask("location.hash")
        check(number in ("#/", "") or number.startswith("#/runs/"), f"the hash is {number}")
        self.page.ask("location.hash = document.querySelector('.row[aria-current]')"
                      ".getAttribute('href')")
        self.watch.request("POST", "/send", {"flow": "many", "payload": {"count": 1000}})
        self.page.wait("[...document.querySelectorAll('.row')].some((row) => row.dataset.state === "
                       "'completed' && row.textContent.includes('many'))", "the run of many", 25)
        check(self.page.ask("kept.isConnected && kept.open"), "what was open stays open")
        began = time.monotonic()
        _, _, html = self.watch.request("GET", self.page.ask(
            "'/runs/' + [...document.querySelectorAll('.row')].find((row) => "
            "row.textContent.includes('many')).dataset.run"))
        drawn_ms = (time.monotonic() - began) * 1000
        self.page.ask("[...document.querySelectorAll('.row')].find((row) => "
                      "row.textContent.includes('many')).click()")
        began = time.monotonic()
        self.page.wait("document.querySelector('.run h2')?.textContent.includes('many') && "
                       "document.querySelectorAll('.step').length > 900", "its steps")
        print(f"5,000 events: {len(html) // 1024} KiB drawn and sent in {drawn_ms:.0f} ms, shown "
              f"after {(time.monotonic() - began) * 1000:.0f} ms; the longest that the page was "
              f"busy: {self.page.ask('slow'):.0f} ms")
        check(self.page.ask("document.querySelector('.more summary').textContent.includes('more')"),
              "most of its steps are folded")

    def under_way(self):
        """A run that waits is seen to wait, and its bar grows."""
        self.watch.request("POST", "/send", {"flow": "slow"})
        self.page.wait("[...document.querySelectorAll('.row[data-state=running]')].some((row) => "
                       "row.textContent.includes('slow'))", "the run of slow")
        self.page.ask("document.querySelector('.row[data-state=running]').click()")
        self.page.wait("document.querySelector('.track > .bar[data-state=running]') && document"
                       ".querySelector('.graph g[data-state=running]')", "its bar, under way")
        total = "Number(document.querySelector('.timeline').style.getPropertyValue('--total'))"
        before = self.page.ask(total)
        self.page.wait(f"{total} > {before}", "time to go by")
        self.page.wait("document.querySelector('.run[data-state=completed]')", "its end")

    def dead_letter(self):
        self.page.ask("location.hash = '#/queue'")
        self.page.wait("document.querySelector('#view table button')", "the dead letter", 25)
        self.picture("queue")
        before = self.count(".row")
        self.click("#view table button")
        self.page.wait(f"document.querySelectorAll('.row').length > {before}", "it being sent again")

    def save(self):
        """An error in a flow is told at once, and goes when it is mended."""
        self.watch.write("broken", 'return flow "broken" {\n    task "a" { run = 5 },\n}\n')
        self.page.wait("!document.querySelector('#findings').hidden && "
                       "document.querySelector('#findings').textContent.includes('broken.lua')",
                       "the finding")
        self.page.ask("location.hash = '#/flows'")
        self.page.wait("document.querySelector('.finding[data-severity=error]')", "it in the list")
        self.picture("flows")
        os.remove(os.path.join(self.folder, "flows", "broken.lua"))
        self.page.wait("document.querySelector('#findings').hidden", "the finding to go")

    def examples(self):
        """The first is there to begin with; one that a form cannot keep stays JSON."""
        self.page.ask("location.hash = '#/send/many'")
        self.page.wait("document.querySelectorAll('#send .actions button.small').length === 2",
                       "the examples")
        equal(self.page.ask("[...document.querySelectorAll('#send input')][0].value"), "3",
              "the first example in the form")
        self.click("#send .actions button.small:last-child")
        check("9007199254740993" in self.page.ask("document.querySelector('#raw').value"),
              "the digits of the second")
        self.picture("examples")

    def json_mode(self):
        self.page.ask("location.hash = '#/send/tour'")
        self.page.wait("document.querySelector('#send .modes')", "the form")
        self.click("#send .modes button:last-child")
        self.page.ask("document.querySelector('#raw').focus(), document.querySelector('#raw').select()")
        self.page.type(json.dumps(TOUR))
        self.click("#send button[type=submit]")
        self.page.wait("document.querySelector('.run[data-state=completed]') && document"
                       ".querySelector('.run h2')?.textContent.includes('tour')", "the good run")

    def keyboard(self):
        """Everything that can be used has a name, and Tab gets to the rows."""
        self.page.call("Accessibility.enable")
        nodes = self.page.call("Accessibility.getFullAXTree")["nodes"]
        usable = {"button", "link", "textbox", "combobox", "checkbox"}
        nameless = [node["role"]["value"] for node in nodes
                    if not node.get("ignored") and node.get("role", {}).get("value") in usable
                    and not node.get("name", {}).get("value")]
        equal(nameless, [], "what has no name")
        self.page.ask("document.activeElement.blur(), document.querySelector('.top h1 a').focus()")
        for _ in range(12):
            self.page.key("Tab", code=9)
            if self.page.ask("document.activeElement.matches('.row')"):
                break
        else:
            raise chromium.Failed("Tab does not get to the runs")
        self.page.key("Tab", code=9)
        wanted = self.page.ask("document.activeElement.getAttribute('href')")
        self.page.key("Enter", "\r", 13)
        self.page.wait(f"location.hash === {json.dumps(wanted)}", "Enter to open a run")

    def strangers(self):
        _, headers, _ = self.watch.request("GET", "/")
        check("default-src 'none'" in headers["Content-Security-Policy"], "the page has a policy")
        check("script-src 'self'" in headers["Content-Security-Policy"], "scripts are its own")
        for path, body in (("/", None), ("/batches", None), ("/send", {"flow": "tour"})):
            for name, value in (("Host", "evil.test"), ("Origin", "http://evil.test")):
                status, _, _ = self.watch.request("POST" if body else "GET", path, body,
                                                  **{name: value})
                equal(status, 403, f"{path} asked with {name}: {value}")

    def comes_back(self):
        """The page finds the next watch by itself."""
        self.no_complaints()
        equal(self.watch.stop(), 0, "the end of watch by Ctrl-C")
        self.page.wait("document.querySelector('#link').dataset.state === 'away'", "the end seen")
        self.watch = self.start("--port", re.search(r"\d+$", self.watch.url)[0])
        self.page.wait("document.querySelector('#link').dataset.state === 'live'", "the new watch")
        self.page.wait("document.body.innerText.includes('Nothing has run yet')", "its empty page")

    def report(self):
        """One file, without scripts, with the same steps and pictures."""
        jobs = os.path.join(self.folder, "event.json")
        file = os.path.join(self.pictures, "report.html")
        with open(jobs, "w") as out:
            json.dump(event(record(1, "tour", TOUR), record(2, "tour", TOUR | {"days": 12})), out)
        done = self.watch.command("replay", "--report", file, jobs)
        equal(done.returncode, 1, f"the end of replay: {done.stderr}")
        with open(file) as text:
            html = text.read()
        check("<script" not in html and "http-equiv" in html, "the report has no script")
        check("eyJ" not in html, "the report has no token")
        self.page = self.browser.page()
        self.page.scripts(False)
        self.page.look(1280)
        self.page.go("file://" + file)
        equal(self.count("details.one"), 2, "the runs of the report")
        equal(self.count("details.one[open]"), 1, "those that failed, open")
        self.bars_of_report()
        self.picture("report")
        self.no_complaints()

    def bars_of_report(self):
        equal(self.page.ask("[...document.querySelectorAll('details.one[open] .track > .bar')]"
                            ".map((bar) => bar.dataset.state).filter((state) => state === 'failed')"
                            ".length"), 3, "the failed bars")
        equal(self.count("details.one[open] .graph g[data-state=failed]"), 1, "the lit picture")
        self.failure()

    def all(self):
        self.first_sight()
        self.poison()
        self.send_from_form()
        self.bars()
        self.failure()
        self.lit()
        self.picture("run")
        self.many()
        self.picture("many")
        self.examples()
        self.json_mode()
        self.picture("completed")
        self.under_way()
        self.save()
        self.keyboard()
        self.strangers()
        self.dead_letter()
        self.page.ask("location.hash = '#/'")
        self.picture("list")
        self.comes_back()
        self.report()


def main():
    program, pictures = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    if not chromium.find():
        print("SKIPPED: no Chromium here; on Debian: apt-get install chromium")
        return 77
    os.makedirs(pictures, exist_ok=True)
    test = Test(program, pictures)
    try:
        test.all()
    except chromium.Failed as failure:
        test.page.picture(os.path.join(pictures, "failure.png"))
        print(f"FAILED: {failure}", *test.watch.lines, *test.watch.errors, sep="\n")
        return 1
    finally:
        test.close()
    print(f"the pictures are in {pictures}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
