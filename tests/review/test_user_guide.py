"""The whole story of the desk in a real browser, as the guide for officers tells it.

With the variable `CLEARANCE_GUIDE` it is told in both languages of the guide, and each step leaves
the picture that the guide shows.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from clearance.language import language
from review.roles import Role
from tests.commands import SAMPLES
from tests.review.office import CHROMIUM, Office
from tests.review.shots import LARGEST, small_png
from tests.review.test_forms import filled, pages_of, printed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Dialog, Locator, Page

    from clearance.language import Language
    from tests.review.office import Open

DOCS = Path(__file__).parents[2] / "docs"
SHOTS = DOCS / "images" / "desk"
GUIDES = {"fr": DOCS / "guide-desk.fr.md", "de": DOCS / "guide-desk.de.md"}
TABLET = (1280, 800)
LARGEST_SET = 1_200_000
TAKING = bool(os.environ.get("CLEARANCE_GUIDE"))
"""Pictures are taken of all sample photos; what is checked needs two of them."""
PHOTOS = (
    sorted((SAMPLES / "album").iterdir())
    if TAKING
    else [
        SAMPLES / "album" / "01.jpg",
        SAMPLES / "album" / "05.jpg",
    ]
)
ELODIE, ZOE = "Élodie Rochat", "Zoé Amsler"
NEW_YEAR = "2030-01-01"
TITLES = {"fr": "Journée portes ouvertes", "de": "Tag der offenen Tür"}
ADDRESSES = {
    "fr": "https://www.belmont.example/fr/portes-ouvertes",
    "de": "https://www.belmont.example/de/offene-tuer",
}
BADGES = {"fr": "un badge", "de": "ein Namensschild"}
PROOFS = {"fr": "l’adresse répond « introuvable »", "de": "die Adresse antwortet «nicht gefunden»"}


@dataclasses.dataclass
class Storyteller:
    """Walks through the desk in one language, by the words that an officer reads.

    Attributes:
        words: of the language.
        desk: where it listens.
        browser: with which it walks.
    """

    words: Language
    desk: Open
    browser: Browser

    def say(self, text: str, **values: object) -> str:
        """What a page says, in the language of the story."""
        return self.words.gettext(text).format(**values)

    def press(self, page: Page | Locator, text: str, **values: object) -> None:
        """Press the button of that name."""
        page.get_by_role("button", name=self.say(text, **values), exact=True).first.click()

    def follow(self, page: Page | Locator, text: str) -> None:
        """Follow the link of that name."""
        page.get_by_role("link", name=self.say(text)).first.click()

    def reads(self, page: Page, text: str, **values: object) -> None:
        """Wait until an officer reads that on the page."""
        page.get_by_text(self.say(text, **values)).first.wait_for()

    def heads(self, page: Page, text: str, **values: object) -> None:
        """Wait until it is a heading of the page."""
        page.get_by_role("heading", name=self.say(text, **values)).first.wait_for()

    def shot(self, page: Page, name: str, at: Locator | None = None) -> None:
        """Leave a picture of what is seen, with something of it at the top."""
        if not TAKING:
            return
        page.wait_for_load_state("networkidle")
        page.mouse.move(0, 0)
        if at is None:
            page.evaluate("scrollTo(0, 0)")
        else:
            at.evaluate("one => one.scrollIntoView()")
        page.wait_for_timeout(300)
        seen = Image.open(io.BytesIO(page.screenshot()))
        assert seen.size == TABLET
        SHOTS.mkdir(parents=True, exist_ok=True)
        (SHOTS / f"{self.words.code}-{name}.png").write_bytes(small_png(seen))

    @property
    def locale(self) -> str:
        """What the browser asks for."""
        return f"{self.words.code}-CH"

    @contextlib.contextmanager
    def page(self, *roles: Role, name: str) -> Iterator[Page]:
        """The browser of somebody with these roles."""
        browser, asked = self.browser, self.locale
        with self.desk.page(browser, *roles, name=name, size=TABLET, language=asked) as page:
            page.set_default_timeout(20_000)
            yield page


@pytest.fixture(params=["fr", "de"] if TAKING else ["fr"])
def words(request: pytest.FixtureRequest) -> Language:
    """The language of the story."""
    return language(request.param)


@pytest.fixture
def browser(browser: Browser, words: Language) -> Iterator[Browser]:
    """For pictures a browser of its own: how it writes days and buttons is set at its start."""
    if not TAKING:
        yield browser
        return
    arguments = ["--no-sandbox", f"--lang={words.code}-CH"]
    started = browser.browser_type.launch(
        executable_path=CHROMIUM,
        args=arguments,
        env={**os.environ, "LANGUAGE": words.code, "LC_ALL": ""},
    )
    yield started
    started.close()


@pytest.fixture
def story(words: Language, registry: Path, browser: Browser) -> Iterator[Storyteller]:
    """A desk over the fictional people, and who tells of it."""
    with Office.at(registry).open() as desk:
        yield Storyteller(words, desk, browser)


def test_the_first_page_of_all(words: Language, tmp_path: Path, browser: Browser) -> None:
    office = Office.at(tmp_path / "new")
    token = office.desk.new_start_token()
    with office.open() as desk:
        story = Storyteller(words, desk, browser)
        context = browser.new_context(
            base_url=desk.origin,
            locale=story.locale,
            viewport={"width": TABLET[0], "height": TABLET[1]},
        )
        page = context.new_page()
        page.goto(f"/start?token={token}")
        story.heads(page, "Welcome to Clearance")
        story.heads(page, "Or practise first")
        page.fill("#shown", "Marie Dubois")
        story.shot(page, "welcome")
        story.press(page, "Go on")
        story.heads(page, "Your institution")
        context.close()


def test_from_a_dropped_picture_to_the_take_down(story: Storyteller) -> None:
    code = story.words.code
    with story.page(Role.EDITOR, Role.REQUESTER, name="lea-favre") as page:
        _drop(story, page)
        _settle_doubtful(story, page)
        publication = _ask(story, page)
    with story.page(Role.APPROVER, name="bruno-meier") as page:
        page.goto(publication)
        story.reads(
            page, "Look at each copy before you approve: these very bytes may then be published."
        )
        page.fill("#approve-until", NEW_YEAR)
        story.shot(page, "approve", page.locator(".steps"))
        story.press(page, "Approve")
        story.reads(page, "Noted.")
    with story.page(Role.PUBLISHER, name="nora-blanc") as page:
        page.goto(publication)
        page.fill("#publish-where", ADDRESSES[code])
        story.press(page, "Note that it is published")
        story.heads(page, "Where it is out")
    _withdraw(story)
    with story.page(*Role, name="marie-dubois") as page:
        page.goto("/")
        story.heads(page, "Today")
        story.shot(page, "home")
    with story.page(Role.PUBLISHER, name="nora-blanc") as page:
        page.goto("/")
        waits = story.words.ngettext("publication to take down", "publications to take down", 1)
        page.get_by_role("link", name=waits).wait_for()
        page.goto("/publications")
        story.follow(page, "List to print")
        story.heads(page, "Take-down list")
        assert page.get_by_text(ADDRESSES[code]).is_visible()
        story.shot(page, "take-down")
        page.goto(publication)
        page.fill("#down-note", PROOFS[code])
        story.press(page, "Note that it is gone")
        page.locator(".state.taken_down").wait_for()
        page.goto("/publications/take-down")
        story.reads(page, "Nothing to take down")


def _drop(story: Storyteller, page: Page) -> None:
    """A new album, and photos that are dropped into it and judged."""
    page.goto("/pictures")
    story.follow(page, "New album")
    page.fill("#title", TITLES[story.words.code])
    page.check("#channel-2")
    story.press(page, "Make the album")
    page.set_input_files("#files", PHOTOS)
    judged = page.locator(".tile .verdict:not(.waiting)")
    judged.nth(len(PHOTOS) - 1).wait_for(timeout=90_000)
    page.reload()
    assert page.locator('.tile:has-text("05.jpg") .verdict.review').count() == 1
    story.shot(page, "album", page.locator("#progress"))


def _settle_doubtful(story: Storyteller, page: Page) -> None:
    """Look at the suggestions, confirm one, hide a region, and see what the copy would be."""
    page.locator(".tile", has_text="05.jpg").get_by_role("link").click()
    page.wait_for_url("**/picture/*")
    page.locator("#photo").wait_for()
    story.shot(page, "picture")
    asked = story.say("Yes, this is {name}", name=ELODIE)
    page.get_by_role("button", name=asked, exact=True).click()
    page.get_by_role("button", name=asked, exact=True).wait_for(state="detached")
    story.press(page, "Draw a box")
    _drag(page, (860, 865), (955, 945))
    page.fill("#mask-why", BADGES[story.words.code])
    story.press(page, "Hide this region")
    story.heads(page, "Hidden by hand")
    story.follow(page, "Preview the copy")
    story.reads(page, "This is what would be published: checked like every copy, and not kept.")
    story.shot(page, "preview", page.locator(".picture-card"))


def _drag(page: Page, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Draw from one pixel of the picture to another."""
    stage = page.locator("#stage")
    stage.scroll_into_view_if_needed()
    place = stage.bounding_box()
    assert place
    scale = place["width"] / float(stage.get_attribute("data-width") or 1)
    for do, (x, y) in ((page.mouse.down, start), (page.mouse.up, end)):
        page.mouse.move(place["x"] + x * scale, place["y"] + y * scale)
        do()


def _ask(story: Storyteller, page: Page) -> str:
    """Answer for the picture in which all agreed, copy it, ask, hand on: the address of it."""
    page.locator(".crumb a").first.click()
    page.locator(".tile", has_text="01.jpg").get_by_role("link").click()
    page.wait_for_url("**/picture/*")
    story.press(page, "Nothing of all that")
    story.shot(page, "checklist", page.locator("section", has=page.locator("#check-title")))
    story.press(page, "Note the answers")
    story.press(page, "Make the copy")
    story.reads(page, "The copy was made and checked.")
    page.locator(".crumb a").first.click()
    story.follow(page, "Ask for a publication")
    page.fill("#creator", "Marie Dubois")
    page.check("#held")
    story.press(page, "Ask")
    page.wait_for_url("**/publications/pub-*")
    page.check("#only-ready")
    story.press(page, "Hand on for approval")
    page.locator(".state.ready").wait_for()
    return str(page.url)


def _withdraw(story: Storyteller) -> None:
    """Somebody takes their consent back; what they agreed to is out."""
    with story.page(Role.CONSENT_DESK, Role.PRIVACY_OFFICER, name="dana-weber") as page:
        page.goto("/people")
        page.fill("#q", "amsler")
        page.press("#q", "Enter")
        page.get_by_role("link", name=ZOE).click()
        story.heads(page, "Signed forms")
        story.shot(page, "person")
        page.get_by_text(story.say("Withdraw a consent"), exact=True).click()
        asked: list[str] = []

        def agree(dialog: Dialog) -> None:
            asked.append(dialog.message)
            dialog.accept()

        page.once("dialog", agree)
        story.press(page, "Withdraw")
        story.reads(page, "Withdrawn for {name}. Take down what is already published.", name=ZOE)
        assert asked == [
            story.say(
                "Withdraw it? It counts at once and cannot be undone; a new form would be needed."
            )
        ]


def test_forms_on_paper_and_on_a_screen(story: Storyteller) -> None:
    with story.page(Role.CONSENT_DESK, name="anna-frei") as page:
        page.goto("/forms")
        story.heads(page, "Read scans")
        story.follow(page, "Print")
        story.heads(page, "Print numbered consent forms")
        page.fill("#event", TITLES[story.words.code])
        page.fill("#until", NEW_YEAR)
        story.shot(page, "print")
        page.goto("/forms/sign")
        page.select_option("#form", "adult")
        page.fill("#event", TITLES[story.words.code])
        story.press(page, "Open it")
        story.heads(page, "On a tablet or another computer")
        story.press(page, "Sign out and open the form")
        page.locator("canvas").first.wait_for(state="attached")
        page.fill("#box-person-surname", "Keller")
        page.fill("#box-person-first_name", "Anna")
        page.fill("#box-person-birth", "1980-02-02")
        story.shot(page, "sign")


@pytest.mark.skipif(not TAKING, reason="tests/review/test_forms.py reads scans already")
def test_a_draft_beside_its_scan(story: Storyteller) -> None:
    office = story.desk.office
    scan = filled(pages_of(printed(office.client(Role.CONSENT_DESK))), doubtful="channel.website")
    with story.page(Role.CONSENT_DESK, name="anna-frei") as page:
        page.goto("/forms")
        page.set_input_files(
            "#scans", {"name": "a.pdf", "mimeType": "application/pdf", "buffer": scan}
        )
        story.press(page, "Read them")
        page.get_by_role("link", name=story.say("Compare"), exact=True).click(timeout=60_000)
        page.locator("#doubtful").wait_for()
        page.fill("#person", ZOE)
        story.shot(page, "draft", page.locator("section", has=page.locator("#doubtful")))


@pytest.mark.parametrize("code", GUIDES)
def test_every_picture_of_the_guide_is_there(code: str) -> None:
    shown = re.findall(r"\]\((images/[^)]+)\)", GUIDES[code].read_text(encoding="utf-8"))
    assert shown
    assert [one for one in shown if not (DOCS / one).is_file()] == []
    # In the language of the guide, and none that no guide shows.
    assert {Path(one).name for one in shown} == {one.name for one in SHOTS.glob(f"{code}-*.png")}


def test_both_guides_show_the_same_and_little_to_carry() -> None:
    sizes = {one.name: one.stat().st_size for one in SHOTS.glob("*.png")}
    french, german = (
        {name.removeprefix(f"{code}-") for name in sizes if name.startswith(f"{code}-")}
        for code in GUIDES
    )
    assert french == german
    assert max(sizes.values()) < LARGEST
    assert sum(sizes.values()) < LARGEST_SET
