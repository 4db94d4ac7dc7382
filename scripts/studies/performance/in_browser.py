"""The page as a person sees it: from the choice of a file to the answer that is drawn, and frames while dragging."""

from collections.abc import Sequence
from pathlib import Path

from scripts.tools.headless_browser import headless_browser

# From the moment that the page is given a file, until the old answer was taken away, the new one is there with its
# picture, in a viewer or as an image of the versions before, and the browser has drawn it.
_TIMED = """() => { window.answered = new Promise((done) => document.addEventListener('change', (event) => {
    if (event.target.type !== 'file') return;
    const started = performance.now();
    let emptied = false;
    const look = () => {
        const answer = document.querySelector('#verdict .bar');
        emptied ||= !answer;
        const viewer = document.querySelector('.viewer:not([hidden]) canvas');
        const images = [...document.querySelectorAll('.result img')];
        const pictures = viewer ? viewer.width > 0 : images.length && images.every((i) => i.complete && i.naturalWidth);
        if (!emptied || !answer || !pictures) return requestAnimationFrame(look);
        requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - started)));
    };
    look();
}, {capture: true})); }"""
# Moves the pointer over the first picture in an element, with or without the shift key, a little before each frame for
# three seconds; the milliseconds of each frame.
FRAMES = """async ([within, shiftKey]) => {
    const canvas = document.querySelector(`${within} .viewer-panes canvas`), frame = canvas.getBoundingClientRect();
    const send = (kind, x, y) => canvas.dispatchEvent(new PointerEvent(kind, {
        pointerId: 1, button: 0, buttons: 1, shiftKey, bubbles: true, clientX: frame.x + x, clientY: frame.y + y,
    }));
    canvas.setPointerCapture = () => {};
    send('pointerdown', 200, 200);
    const took = [];
    for (let last = performance.now(), end = last + 3000; last < end; ) {
        send('pointermove', 200 + 100 * Math.sin(took.length / 10), 200 + 60 * Math.cos(took.length / 7));
        const now = await new Promise(requestAnimationFrame);
        took.push(now - last);
        last = now;
    }
    send('pointerup', 200, 200);
    return took.slice(1);
}"""


def seconds_to_answers(address: str, files: Sequence[Path], drag: bool = False) -> tuple[list[float], list[float]]:
    """Give a page one file after the other, in headless Chromium.

    Args:
        address: of the page.
        files: to choose; the first is not counted.
        drag: whether the last answer's picture is then dragged, at twice its size.

    Returns:
        Seconds from the choice of each file to its answer drawn; and of each frame while dragging.

    Raises:
        PageError: as for `headless_browser`.
    """
    with headless_browser() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(address)
        page.wait_for_selector("#upload input[type=file]", state="attached")
        waited = []
        for path in files:
            page.evaluate(_TIMED)
            page.set_input_files("#upload input[type=file]", path)
            waited.append(page.evaluate("window.answered") / 1000)
        took = []
        if drag:
            page.locator("#viewer [data-does=in]").click()
            took = [milliseconds / 1000 for milliseconds in page.evaluate(FRAMES, ["#viewer", False])]
    return waited[1:], took
