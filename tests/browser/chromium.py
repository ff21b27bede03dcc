"""A headless Chromium, driven over a pipe by the DevTools protocol; Python's own library is enough.

It has a profile of its own, which goes with it, and ends when it is closed. Whatever is waited for
is waited for with a limit."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome")
ANSWER_SECS = 20
HEIGHT_MAX = 6000
FLAGS = ["--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu",
         "--disable-extensions", "--disable-background-networking", "--disable-sync",
         "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars",
         "--no-default-browser-check", "--mute-audio"]


class Failed(Exception):
    pass


def find():
    """The path of a Chromium on this machine, or None."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Chromium:
    def __init__(self, program):
        self.profile = tempfile.TemporaryDirectory(prefix="moonmill-browser-",
                                                   ignore_cleanup_errors=True)
        to_read, self.to = os.pipe()
        self.out, from_write = os.pipe()
        flags = FLAGS + ([] if os.geteuid() else ["--no-sandbox"])  # root has no other choice
        self.log = open(os.path.join(self.profile.name, "log"), "w+b")
        self.process = subprocess.Popen(
            ["sh", "-c", f'exec "$0" "$@" 3<&{to_read} 4>&{from_write}', program, *flags,
             f"--user-data-dir={self.profile.name}", "about:blank"],
            pass_fds=(to_read, from_write), stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log)
        os.close(to_read)
        os.close(from_write)
        self.unread = b""
        self.count = 0
        self.events = []

    def close(self):
        try:
            self.call("Browser.close")
            self.process.wait(5)
        except (Failed, OSError):
            self.process.kill()
            self.process.wait()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.to)
        os.close(self.out)
        self.log.close()
        self.profile.cleanup()

    def _message(self, until):
        while b"\0" not in self.unread:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.out], [], [], left)[0]:
                raise Failed("Chromium gave no answer in time")
            piece = os.read(self.out, 1 << 20)
            if not piece:
                raise Failed("Chromium ended: " + self.last_words())
            self.unread += piece
        message, self.unread = self.unread.split(b"\0", 1)
        return json.loads(message)

    def last_words(self):
        self.log.seek(0)
        return self.log.read()[-2000:].decode(errors="replace")

    def call(self, method, session=None, **params):
        self.count += 1
        message = {"id": self.count, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + ANSWER_SECS
        while True:
            answer = self._message(until)
            if answer.get("id") == self.count:
                if "error" in answer:
                    raise Failed(f"{method}: {answer['error']['message']}")
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def page(self):
        return Page(self)


class Page:
    """One tab."""

    def __init__(self, browser):
        self.browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target,
                                    flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(domain + ".enable")

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def look(self, width, height=900, scheme="light"):
        """How wide the window is, and what its reader prefers."""
        self.width, self.scheme = width, scheme
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": scheme},
                            {"name": "prefers-reduced-motion", "value": "reduce"}])

    def scripts(self, allowed):
        self.call("Emulation.setScriptExecutionDisabled", value=not allowed)

    def go(self, url):
        answer = self.call("Page.navigate", url=url)
        if "errorText" in answer:
            raise Failed(f"{url}: {answer['errorText']}")
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'", url)

    def ask(self, expression):
        """The value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise Failed(f"{expression}: "
                         f"{details.get('exception', {}).get('description', details['text'])}")
        return answer["result"].get("value")

    def _is(self, expression):
        """A page that is just being loaded has nothing yet."""
        try:
            return self.ask(f"Boolean({expression})")
        except Failed:
            if self.browser.process.poll() is not None:
                raise
            return False

    def wait(self, expression, what, secs=15):
        until = time.monotonic() + secs
        while not self._is(expression):
            if time.monotonic() > until:
                raise Failed(f"waited {secs} s in vain for {what}; the page shows: "
                             + str(self.ask("document.body.innerText"))[:1500])
            time.sleep(0.05)

    def key(self, key, text=None, code=0):
        """As a keyboard does it."""
        given = {"key": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", **given,
                  **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **given)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def picture(self, file, whole=False):
        """What is in view, or all of the page, in a window that is as high."""
        if whole:
            height = self.call("Page.getLayoutMetrics")["cssContentSize"]["height"]
            self.look(self.width, min(int(height), HEIGHT_MAX), self.scheme)
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(file, "wb") as out:
            out.write(base64.b64decode(data))

    def complaints(self):
        """What the page's scripts threw and what the browser refused it."""
        found = []
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            if event["method"] == "Runtime.exceptionThrown":
                details = event["params"]["exceptionDetails"]
                found.append(details.get("exception", {}).get("description", details["text"]))
            elif event["method"] == "Log.entryAdded" and \
                    event["params"]["entry"]["level"] == "error":
                found.append(event["params"]["entry"]["text"])
        return found
