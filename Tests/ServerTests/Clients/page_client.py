"""Uses the page in a headless Chromium, by its DevTools protocol. Arguments: the server's address; a folder for screenshots or
nothing; steps that take longer than anybody waits, and steps that take a second or so. Needs nothing but Python and Chromium."""

import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

address = sys.argv[1]
folder = sys.argv[2] if len(sys.argv) > 2 else None
# Steps that take long with a model, and a while.
endless, some = sys.argv[3:] if len(sys.argv) > 4 else (200, 200)
browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class WebSocket:
    """As much of RFC 6455 as the protocol needs."""

    def __init__(self, url):
        host, path = url.removeprefix("ws://").split("/", 1)
        name, port = host.split(":")
        self.socket = socket.create_connection((name, int(port)))
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.file = self.socket.makefile("rb")
        while self.file.readline() not in (b"\r\n", b""):
            pass

    def send(self, text):
        data, mask = text.encode(), os.urandom(4)
        length = len(data)
        head = b"\x81" + (
            bytes([128 | length]) if length < 126 else b"\xfe" + struct.pack(">H", length) if length < 65536 else b"\xff" + struct.pack(">Q", length)
        )
        repeated = mask * (length // 4 + 1)
        masked = (int.from_bytes(data, "big") ^ int.from_bytes(repeated[:length], "big")).to_bytes(length, "big")
        self.socket.sendall(head + mask + masked)

    def receive(self):
        text = b""
        while True:
            first, second = self.file.read(2)
            length = second & 127
            if length == 126:
                (length,) = struct.unpack(">H", self.file.read(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", self.file.read(8))
            text += self.file.read(length)
            if first & 128:
                return text.decode()


class Page:
    def __init__(self):
        self.profile = tempfile.mkdtemp()
        self.process = subprocess.Popen(
            [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-port=0",
             f"--user-data-dir={self.profile}", "--no-first-run", "--disable-background-networking", "about:blank"],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        for line in self.process.stderr:
            if "DevTools listening on" in line:
                self.connection = WebSocket(line.split()[-1])
                break
        self.number, self.session, self.problems = 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log"]:
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.connection.send(json.dumps(message))
        while True:
            reply = json.loads(self.connection.receive())
            if reply.get("method") == "Runtime.exceptionThrown":
                self.problems.append(json.dumps(reply["params"]["exceptionDetails"])[:500])
            if reply.get("method") == "Log.entryAdded" and reply["params"]["entry"]["level"] == "error":
                self.problems.append(reply["params"]["entry"]["text"] + " " + reply["params"]["entry"].get("url", ""))
            if reply.get("method") == "Page.javascriptDialogOpening":
                raise SystemExit("a dialog: " + reply["params"]["message"])
            if reply.get("id") == self.number:
                if "error" in reply:
                    raise SystemExit(f"{method}: {reply['error']}")
                return reply["result"]

    def run(self, script):
        reply = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True)
        if "exceptionDetails" in reply:
            raise SystemExit(f"{script[:200]}: {json.dumps(reply['exceptionDetails'])[:600]}")
        return reply["result"].get("value")

    def wait(self, condition, what, seconds=60):
        end = time.time() + seconds
        while time.time() < end:
            if self.run(f"Boolean({condition})"):
                return
            time.sleep(0.05)
        raise SystemExit(f"{what}: not within {seconds} s; errors: {self.run('document.getElementById(`errors`).textContent')}")

    def open(self):
        self.call("Page.navigate", url=address + "/")
        self.wait("document.readyState === 'complete' && document.getElementById('model')?.options.length > 0", "the page loads")

    def look(self, name, width, dark):
        if not folder:
            return
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        time.sleep(0.3)
        assert self.run("document.documentElement.scrollWidth <= innerWidth"), f"the page is wider than {width} pixels"
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        shade = "dark" if dark else "light"
        with open(os.path.join(folder, f"{name}-{width}-{shade}.png"), "wb") as file:
            file.write(base64.b64decode(data))

    def looks(self, name):
        for width in (1100, 390):
            for dark in (False, True):
                self.look(name, width, dark)
        self.call("Emulation.clearDeviceMetricsOverride")


page = Page()
try:
    page.open()
    text = lambda name: f"document.getElementById('{name}')"

    # Every control has a name for those who do not see it.
    nameless = page.run("""[...document.querySelectorAll('input, select, textarea, button')].filter(control =>
        !(control.labels?.length || control.textContent.trim() || control.getAttribute('aria-label'))).map(control => control.id)""")
    assert nameless == [], nameless

    # Draws, with steps to scrub through.
    page.run(f"{text('prompt')}.value = 'a red fox'; {text('count')}.value = 4; {text('seed')}.value = 7; {text('lock')}.checked = true; {text('draw')}.requestSubmit()")
    page.wait("document.querySelectorAll('#pictures a[download]').length === 4", "four images")
    assert page.run(f"{text('seed')}.value") == "7"
    page.wait(f"!{text('scrubber')}.hidden", "the scrubber")
    last = page.run(f"{text('scrub-picture')}.src")
    page.run(f"{text('scrub')}.value = 0; {text('scrub')}.dispatchEvent(new Event('input'))")
    assert page.run(f"{text('scrub-picture')}.src") != last and "Step 1 of" in page.run(f"{text('scrub-label')}.textContent")
    page.run(f"{text('scrub')}.value = 4; {text('scrub')}.dispatchEvent(new Event('input'))")
    page.looks("draw")

    # Who works by the keyboard is not left without a place: Draw, Stop while it draws, and Draw again.
    page.run(f"{text('go')}.focus(); {text('go')}.click()")
    page.wait(f"document.activeElement === {text('stop')} || document.activeElement === {text('go')}", "the focus")
    page.wait(f"!{text('go')}.disabled && document.activeElement === {text('go')}", "the focus back on Draw")
    assert page.run(f"{text('spoken')}.getAttribute('role')") == "status"
    page.wait(f"{text('spoken')}.textContent === '4 images drawn'", "what a screen reader says")

    # The arrow keys move between the tabs.
    page.run(f"{text('tab-draw')}.focus()")
    page.call("Input.dispatchKeyEvent", type="keyDown", key="ArrowRight", code="ArrowRight", windowsVirtualKeyCode=39)
    assert page.run("document.activeElement.id") == "tab-morph" and not page.run(f"{text('pane-morph')}.hidden")

    # Morphs where the slider is, and saves all frames.
    page.wait(f"{text('morph-picture')}.src", "an image between two prompts")
    middle = page.run(f"{text('morph-picture')}.src")
    page.run(f"{text('morph-at')}.value = 0.9; {text('morph-at')}.dispatchEvent(new Event('input'))")
    page.wait(f"{text('morph-picture')}.src !== {json.dumps(middle)}", "another image between them")
    page.run(f"{text('frames')}.value = 8; {text('morph')}.requestSubmit()")
    page.wait(f"!{text('morph-save')}.disabled && document.querySelectorAll('#morph-strip img').length === 8", "eight frames")
    page.run("""window.saved = null; HTMLAnchorElement.prototype.click = function () { window.saved = this.download };
        const make = URL.createObjectURL; URL.createObjectURL = blob => { blob.arrayBuffer().then(b => window.bytes = b); return make(blob) }""")
    page.run(f"{text('morph-save')}.click()")
    page.wait("window.bytes", "the animation")
    assert page.run("window.saved") == "a-cat-to-a-dog.png"
    assert page.run("new TextDecoder('latin1').decode(window.bytes).includes('acTL')")
    page.looks("morph")

    # A PNG of flowtok's that is dropped brings its settings; a JPEG of another kind is captioned.
    drop = """async (make, name, type) => { const blob = await make(); const transfer = new DataTransfer();
        transfer.items.add(new File([blob], name, { type })); dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, cancelable: true })) }"""
    page.run(f"{text('prompt')}.value = ''; {text('seed')}.value = ''")
    page.run(f"""({drop})(async () => {{ const text = atob(document.querySelector('#pictures a').href.split(',')[1]);
        return new Blob([Uint8Array.from(text, c => c.charCodeAt(0))]) }}, 'fox.png', 'image/png')""")
    page.wait("document.querySelector('#image-facts dl')", "the settings of the image")
    assert page.run(f"[{text('prompt')}.value, {text('seed')}.value]") == ["a red fox", "7"]
    page.run(f"""({drop})(() => {{ const canvas = Object.assign(document.createElement('canvas'), {{ width: 90, height: 60 }});
        const c = canvas.getContext('2d'); c.fillStyle = '#c33'; c.fillRect(20, 10, 40, 40); return new Promise(r => canvas.toBlob(r, 'image/jpeg')) }}, 'photo.jpg', 'image/jpeg')""")
    page.wait(f"{text('image-caption')}.textContent.startsWith('“')", "a caption")
    page.run(f"{text('variation-count')}.value = 3; {text('variations')}.requestSubmit()")
    page.wait("document.querySelectorAll('#image-pictures a[download]').length === 3", "three variations")
    page.looks("image")
    page.run(f"{text('do-reconstruct')}.click()")
    page.wait("document.querySelectorAll('#image-pictures a[download]').length === 1", "a reconstruction")
    page.run(f"""({drop})(async () => new Blob(['hello']), 'notes.txt', 'text/plain')""")
    page.wait(f"{text('errors')}.textContent.includes('is no PNG, JPEG or WebP')", "a sentence")

    # Telephone and grid.
    page.run(f"openTab('phone'); {text('phone-image')}.checked = false; {text('rounds')}.value = 3; {text('phone')}.requestSubmit()")
    page.wait("document.querySelectorAll('#phone-strip figure').length === 3", "three rounds")
    assert page.run("document.querySelectorAll('#phone-strip .says').length") == 3
    page.looks("telephone")
    page.run(f"openTab('grid'); {text('grid-seeds')}.value = 3; {text('grid')}.requestSubmit()")
    page.wait("document.querySelectorAll('#grid-table img').length === 18", "eighteen images")
    page.looks("grid")
    # The history has grids as grids.
    page.wait("[...document.querySelectorAll('#history button[aria-label]')].some(b => b.ariaLabel === 'Restore grid: a red fox')", "the grid in the history")
    page.run("document.getElementById('grid-table').replaceChildren(); [...document.querySelectorAll('#history button[aria-label]')].find(b => b.ariaLabel === 'Restore grid: a red fox').click()")
    assert page.run("document.querySelectorAll('#grid-table img').length") == 18

    # A model of classes takes the name of one, and what it cannot do is not offered.
    if page.run(f"{text('model')}.options.length") > 1:
        page.run(f"openTab('morph'); {text('model')}.selectedIndex = 1; {text('model')}.dispatchEvent(new Event('change'))")
        assert page.run("[...document.querySelectorAll('[role=tab]')].filter(tab => !tab.hidden).map(tab => tab.textContent)") == ["Draw", "Image", "Grid"]
        assert page.run(f"{text('prompt-label')}.textContent").startswith("Class: a name, or a number from 0 to")
        page.run(f"{text('prompt')}.value = 'golden retreiver'; {text('count')}.value = 2; {text('draw')}.requestSubmit()")
        page.wait(f"{text('errors')}.textContent.includes('golden retriever')", "a sentence that names the class")
        page.run(f"{text('prompt')}.value = 'golden retriever'; {text('draw')}.requestSubmit()")
        page.wait("document.querySelectorAll('#pictures a[download]').length === 2", "two images of a class")
        page.run(f"{text('model')}.selectedIndex = 0; {text('model')}.dispatchEvent(new Event('change'))")

    # What is wrong is said in a sentence.
    page.run(f"openTab('draw'); {text('prompt')}.value = ' '; {text('draw')}.requestSubmit()")
    page.wait(f"{text('errors')}.textContent.includes('The prompt is empty, expected some words')", "a sentence")

    # Stop. So many steps take longer than this test does.
    page.run(f"{text('steps')}.max = 10000")
    page.run(f"{text('prompt')}.value = 'a cat'; {text('count')}.value = 10; {text('steps')}.value = {endless}; {text('draw')}.requestSubmit()")
    page.wait(f"!{text('stop')}.disabled", "something to stop")
    page.wait("document.querySelector('#pictures img')", "an image that forms")
    page.run(f"{text('stop')}.click()")
    page.wait(f"{text('stop')}.disabled && {text('state')}.textContent.includes('Stopped')", "the end")

    # A reload keeps the history, and goes on with what was being drawn.
    page.wait("document.querySelectorAll('#history figure').length >= 5", "the history")
    before = page.run("document.querySelectorAll('#history figure').length")
    # The page goes as soon as the job is there.
    page.run(f"""{text('steps')}.value = {some}; {text('count')}.value = 4; {text('prompt')}.value = 'a blue boat'; {text('draw')}.requestSubmit();
        new Promise(resolve => {{ const look = () => localStorage.getItem('flowtok-pending')?.length > 2 ? resolve() : setTimeout(look, 1); look() }})""")
    page.open()
    page.wait(f"document.querySelectorAll('#history figure').length === {before + 1}", "the history after a reload", 120)
    assert page.run("document.querySelector('#history figcaption span').textContent") == "a blue boat (4)"
    page.run(f"{text('prompt')}.value = ''; [...document.querySelectorAll('#history button[aria-label]')].find(b => b.ariaLabel === 'Restore a red fox').click()")
    assert page.run(f"{text('prompt')}.value") == "a red fox"
    page.wait("document.querySelectorAll('#pictures a[download]').length === 4", "the images of the history")

    # Requests that were refused on purpose are the only errors.
    unexpected = [problem for problem in page.problems if "400 (Bad Request)" not in problem]
    assert unexpected == [], unexpected
    print("ok")
finally:
    page.process.terminate()
    page.process.wait()
    shutil.rmtree(page.profile, ignore_errors=True)
