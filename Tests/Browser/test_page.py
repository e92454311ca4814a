"""The page in a real browser: ask, watch, choose, replay, reconnect."""

import json
import subprocess

import pytest
from conftest import LONG, PROBLEM, REPOSITORY, answered, ask, program, until


def test_ask_watch_and_choose(page, server):
    ask(page, server, temperature=1.4, seed=5, beams=4)
    page.wait_for_selector(".card.is-sampled, .card.is-accepted")
    answered(page)
    assert page.text_content("#answer strong") == "107"
    assert page.locator(".card.is-rejected").count() > 0
    assert page.locator("#path > li").count() == 8
    page.locator(".card.is-rejected").first.click()
    details = page.text_content("#details")
    assert "rejected" in details and "threshold" in details and "draft" in details
    assert page.text_content("#state") == "done"
    for figure in ("scores", "timeline", "costs"):
        assert page.locator(f"#{figure} svg").count() == 1


def test_keyboard_alone(page, server):
    page.goto(server.url)
    page.focus("#ask")
    page.keyboard.press("Enter")
    answered(page)
    page.evaluate("document.querySelector('.card[tabindex=\"0\"]').focus()")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused.startswith("Step 3") and "on the winning path" in focused
    assert "doubles" in page.text_content("#details")
    assert page.locator('.card[tabindex="0"]').count() == 1 and page.locator('.card[aria-pressed="true"]').count() == 1
    assert page.text_content("#progress") == "The answer is 107."
    unnamed = page.evaluate("[...document.querySelectorAll('button, input, select, textarea')].filter((e) =>"
                            "!(e.textContent.trim() || e.ariaLabel || e.labels?.length)).map((e) => e.id)")
    assert unnamed == []


def test_replay_and_scrub(page, server):
    ask(page, server)
    answered(page)
    whole = page.evaluate("page.tree.places.size")
    page.locator(".card.is-winner").nth(1).click()
    assert "winning path" in page.text_content("#details")
    page.evaluate("page.at('scrub').value = 3; page.at('scrub').dispatchEvent(new Event('input'))")
    assert page.evaluate("page.tree.places.size") < whole
    assert page.is_hidden("#answer")
    assert "winning path" not in page.text_content("#details")
    page.click("#play")
    page.wait_for_selector("#answer:not([hidden])", timeout=30000)
    assert page.evaluate("page.tree.places.size") == whole


def test_a_lost_connection_is_taken_up_again(page, server):
    lost = []

    def once(route):
        if lost:
            route.continue_()
        else:
            lost.append(route.request.url)
            route.abort()

    page.route("**/events", once)
    ask(page, server)
    answered(page)
    assert lost and page.text_content("#answer strong") == "107"
    # A browser reports a lost connection, and that was the test's doing.
    page.faults[:] = [fault for fault in page.faults if "ERR_FAILED" not in fault]


def test_stop_gives_the_best_so_far(page, server):
    page.goto(server.url)
    page.evaluate(f"Page.prototype.request = () => ({json.dumps({'problem': PROBLEM} | LONG)})")
    page.click("#ask")
    page.wait_for_selector(".card:nth-child(5)")
    page.focus("#stop")
    page.keyboard.press("Enter")
    answered(page)
    assert "cancelled" in page.text_content("#answer")
    # The button is gone, and the keyboard is not lost with it.
    assert page.is_hidden("#stop") and page.evaluate("document.activeElement.id") == "ask"


def test_a_stop_that_does_not_reach_the_server_says_so_and_the_search_goes_on(page, server):
    page.goto(server.url)
    page.evaluate(f"Page.prototype.request = () => ({json.dumps({'problem': PROBLEM} | LONG)})")
    page.click("#ask")
    page.wait_for_selector(".card:nth-child(5)")
    page.route("**/v1/searches/*", lambda route: route.abort())
    page.click("#stop")
    page.wait_for_selector("#error:not([hidden])")
    assert "server cannot be reached" in page.text_content("#error") and page.text_content("#state") == "searching"
    page.unroute("**/v1/searches/*")
    page.click("#stop")
    answered(page)
    assert page.text_content("#state") == "done" and page.is_hidden("#error")
    page.faults[:] = [fault for fault in page.faults if "ERR_FAILED" not in fault]


def test_text_is_never_markup(page, server):
    evil = "<img src=x onerror=\"document.title='broken'\"> <script>document.title='broken'</script>"
    ask(page, server, problem=evil + " Mia has 3 shells. How many shells does Mia have now?")
    answered(page)
    assert page.title() == "SpecSearch"
    assert page.locator("img").count() == 0


def test_errors_are_shown(page, own_server, server):
    keyed = own_server("--api-key", "secret")
    page.goto(keyed.url)
    page.click("#ask")
    page.wait_for_selector("#error:not([hidden])")
    assert page.text_content("#error") == "This server asks for a key."
    assert page.evaluate("document.activeElement.id") == "key"
    for key, words in (("wrong", "does not know this key"), ("secret’", "no key has")):
        page.fill("#key", key)
        page.click("#ask")
        until(page, f"document.getElementById('error').textContent.includes('{words}')")
    page.fill("#key", " secret ")
    page.click("#ask")
    answered(page)
    # A link to two searches asks for the key once.
    page.click("#keep")
    page.click("#ask")
    until(page, "/search=.*beside=/.test(location.hash) && !document.getElementById('ask').disabled", 60)
    page.reload()
    page.wait_for_selector("#error:not([hidden])")
    page.fill("#key", "secret")
    page.keyboard.press("Enter")
    answered(page)
    page.wait_for_selector("#kept-tree .card")
    # The other server of this test is the page's own.
    page.faults.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1300])
def test_nothing_is_cut_off_and_text_can_be_read(browser, server, scheme, width):
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    ask(page, server, temperature=1.4, seed=5)
    answered(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    poor = page.evaluate(CONTRAST)
    context.close()
    assert poor == []


# WCAG 2.2: the contrast of text is at least 4.5 (1.4.3).
CONTRAST = """() => {
  const rgb = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => rgb(colour).slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const ground = (element) => {
    for (let next = element; next; next = next.parentElement) {
      const colour = getComputedStyle(next).backgroundColor;
      if ((rgb(colour)[3] ?? 1) > 0.5) return colour;
    }
    return getComputedStyle(document.documentElement).backgroundColor;
  };
  const poor = [];
  for (const element of document.querySelectorAll("p, dt, dd, label, th, td, button, li span, h1, h2, strong, summary")) {
    if (!element.checkVisibility() || !element.textContent.trim() || element.disabled) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(`${element.className || element.tagName}: ${element.textContent}`);
  }
  for (const step of document.querySelectorAll(".path > li")) {
    const [a, b] = [light(getComputedStyle(step, "::before").color), light(ground(step))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(`the number of ${step.textContent}`);
  }
  return poor;
}"""


def test_the_form_asks_by_the_names_of_the_settings(page, server):
    page.goto(server.url)
    page.click("summary")
    page.click(".more summary")
    page.select_option("[name=search]", "mcts")
    page.select_option("[name=tree_policy]", "uct")
    page.fill("[name=iterations]", "3")
    page.fill("[name=deadline]", "9.5")
    asked = page.evaluate("page.request()")["specsearch"]
    assert asked == {"search": "mcts", "tree_policy": "uct", "iterations": 3, "deadline": 9.5}
    page.fill("[name=beams]", "3")
    page.click("#ask")
    page.wait_for_selector("#error:not([hidden])")
    assert "beams has no effect" in page.text_content("#error")
    page.faults[:] = [fault for fault in page.faults if "400" not in fault]


@pytest.mark.parametrize("search", ["beam", "mcts", "mcts-openr", "dvts", "rebase", "best-of-n"])
def test_every_search_can_be_viewed_as_one_file(browser, tmp_path, search):
    trace = tmp_path / "trace.jsonl"
    subprocess.run([program(), "solve", "--example", "--search", search, "--seed", "3", "--trace", trace, "--json"],
                   cwd=REPOSITORY, check=True, capture_output=True)
    result = subprocess.run([program(), "view", trace], cwd=REPOSITORY, check=True, capture_output=True, text=True)
    context = browser.new_context()
    page = context.new_page()
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: message.type == "error" and faults.append(message.text))
    page.on("request", lambda request: request.url.startswith("http") and faults.append(request.url))
    page.goto(f"file://{result.stdout.strip()}")
    answered(page)
    winners = page.evaluate("[...page.tree.places].filter((node) => node.isWinner).length")
    steps = page.locator("#path > li").count()
    # Every thought of the trace is a node under its own id.
    stranded = page.evaluate("page.model.nodes.filter((node, id) => node.id !== id).length")
    thoughts = sum(json.loads(line)["type"] in ("drafted", "generated") for line in trace.read_text().splitlines())
    assert page.evaluate("page.model.nodes.length") == thoughts + 1
    # It begins at the problem, and stays there.
    page.set_viewport_size({"width": 700, "height": 800})
    page.wait_for_timeout(100)
    scrolled = page.evaluate("page.tree.frame.scrollLeft")
    visits = page.evaluate("page.model.root.visits")
    backed_up = trace.read_text().count('"type":"backedUp"')
    page.locator(".card.is-winner").nth(1).click()
    details = page.text_content("#details")
    context.close()
    assert faults == []
    assert winners == steps + 1 and stranded == 0 and scrolled == 0
    assert visits == backed_up and ("mean value" in details) == (backed_up > 0)
