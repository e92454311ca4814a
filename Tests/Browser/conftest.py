"""A real server with the shipped models, and a real browser, for the tests beside this file."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PROBLEM = (
    "Mia has 47 shells. Mia finds 68 more. Mia sells 29. Mia doubles the pile. Mia lends 54. Mia halves the pile. "
    "Mia wins 85 more. Mia loses 37. How many shells does Mia have now?"
)
# No machine ends this within a minute: a thousand iterations of tree search, one after the other, each of which has the
# target generate 64 thoughts, hardly two of them the same, and then up to 16 steps beyond every one of them.
LONG = {
    "temperature": 2,
    "specsearch": {"search": "mcts", "iterations": 1000, "width": 64, "lookahead": 16, "method": "ar"},
}


def program():
    for path in (os.environ.get("SPECSEARCH"), ".build/release/specsearch", ".build/debug/specsearch"):
        if path and (REPOSITORY / path).exists():
            return str(REPOSITORY / path)
    pytest.exit("There is no specsearch: run `make build` or `make test` first.")


class Server:
    """`specsearch serve` on a free port."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [program(), "serve", "--port", "0", *arguments], cwd=REPOSITORY, stderr=subprocess.PIPE, text=True
        )
        self.log = []
        for line in self.process.stderr:
            self.log.append(line)
            found = re.search(r"at (http://\S+/) ", line)
            if found:
                self.url = found.group(1).rstrip("/")
                break
        else:
            raise RuntimeError("".join(self.log))
        self.reader = threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True)
        self.reader.start()

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    def files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self):
        """Resident bytes."""
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def stop(self, wait=60):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(wait)


@pytest.fixture(scope="session")
def server():
    server = Server()
    yield server
    server.process.kill()
    server.process.wait()


@pytest.fixture
def own_server():
    """Starts servers with settings of the test's own."""
    servers = []

    def start(*arguments):
        servers.append(Server(*arguments))
        return servers[-1]

    yield start
    for server in servers:
        server.process.kill()
        server.process.wait()


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        pytest.skip("There is no chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser, server):
    """A page that fails its test if a script fails, or if it asks anybody but its server for anything."""
    context = browser.new_context(viewport={"width": 1300, "height": 900})
    page = context.new_page()
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: message.type == "error" and faults.append(message.text))
    page.on("request", lambda request: request.url.startswith(("http", "ws"))
            and not request.url.startswith(server.url) and faults.append(request.url))
    page.faults = faults
    yield page
    context.close()
    assert faults == []


def ask(page, server, **fields):
    page.goto(server.url)
    page.click("summary")
    for name, value in fields.items():
        page.fill(f"[name={name}]", str(value))
    page.click("#ask")


def answered(page):
    page.wait_for_selector("#answer:not([hidden])", timeout=60000)


def loaded(page, trace):
    """Opens a trace, as a reader does with a file."""
    page.evaluate("(text) => page.guard(() => page.open(text))", trace)
    page.wait_for_selector(".card")


def until(page, condition, seconds=10):
    """Waits for a condition. (Playwright's own way evaluates texts as scripts in the page, which its policy forbids.)"""
    for _ in range(seconds * 20):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{condition} did not come true")
