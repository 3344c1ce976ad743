"""One look: each class has one owner, templates use only classes that exist, colours keep their contrast."""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "clinic" / "static"
CSS = STATIC / "css"
TEMPLATES = ROOT / "templates"
GUIDE = "styleguide.css"  # poses other people's parts, and is loaded nowhere else
APART = {"email.css", GUIDE}  # mails carry their own style
CORE = {"base.css", "components.css", "bodymap.css", "staff.css"}  # what every page builds from
OWNERS = tuple(sorted(path.name for path in CSS.glob("*.css") if path.name not in APART))
CLASS = re.compile(r"\.(-?[a-zA-Z_][\w-]*)")

# Hooks without a style of their own: for scripts, tests, or the drawing library.
UNSTYLED = {
    "call", "chk", "soap", "bm-details", "bm-targets", "bm-wash", "bm-regions", "bm-ink", "bm-alias",
    "bm-front", "bm-back",
}  # fmt: skip


def _without_comments(css: str) -> str:
    return re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)


def selectors(css: str) -> list[str]:
    """Every selector of a stylesheet, one by one, from whatever at-rules it stands in."""
    found: list[str] = []
    for head in re.findall(r"([^{}]+)\{", _without_comments(css)):
        head = head.rsplit(";", 1)[-1].strip()
        if head and not head.startswith("@") and not re.fullmatch(r"from|to|[\d.]+%", head):
            found.extend(_split(head, ","))
    return found


def _split(selector: str, at: str) -> list[str]:
    """Cuts at the signs in `at` that stand outside brackets."""
    parts, depth, part = [], 0, ""
    for sign in selector:
        depth += (sign in "([") - (sign in ")]")
        if depth == 0 and sign in at:
            parts.append(part)
            part = ""
        else:
            part += sign
    return [p.strip() for p in [*parts, part] if p.strip()]


def styled_classes(selector: str) -> set[str]:
    """The classes a selector styles: those of its last part, not what it is asked about in :has or :not."""
    last = _split(selector, " >+~")[-1]
    last = re.sub(r":(?:has|not)\((?:[^()]|\([^()]*\))*\)", "", last)
    return set(CLASS.findall(last))


def owners() -> dict[str, set[str]]:
    """Class → the files that style it. One page's own sheet may place a core part within its own classes."""
    owned: dict[str, set[str]] = defaultdict(set)
    for name in sorted(OWNERS, key=lambda name: name not in CORE):
        for selector in selectors((CSS / name).read_text(encoding="utf-8")):
            around = set(CLASS.findall(" ".join(_split(selector, " >+~")[:-1])))
            is_placing = name not in CORE and any(not owned[class_] & CORE for class_ in around)
            for class_ in styled_classes(selector):
                if not (is_placing and owned[class_] & CORE):
                    owned[class_].add(name)
    return owned


def test_every_class_has_one_owner() -> None:
    shared = {class_: files for class_, files in owners().items() if len(files) > 1}
    assert not shared


def test_a_second_owner_is_found() -> None:
    assert styled_classes(".phone .btn") == {"btn"}
    assert styled_classes(".leg h3:has(.done)") == set()
    assert styled_classes(".best > :is(h2, .lead)") == {"lead"}


def used_classes(template: str) -> set[str]:
    """The classes a template writes out; those put together with Jinja are left aside."""
    used: set[str] = set()
    for value in re.findall(r'\bclass="((?:[^"{]|\{\{.*?\}\}|\{%.*?%\}|\{)*)"', template):
        value = re.sub(r"\{%.*?%\}", " ", value)
        for word in value.split():
            if "{" not in word and "}" not in word and re.fullmatch(r"-?[a-zA-Z_][\w-]*", word):
                used.add(word)
    return used


@pytest.mark.parametrize("folder", ["components", "layout", "styleguide"])
def test_templates_use_only_classes_that_exist(folder: str) -> None:
    known = set(owners()) | UNSTYLED
    for name in (*OWNERS, GUIDE):  # a class may stand as the context of a rule only
        known |= set(CLASS.findall(_without_comments((CSS / name).read_text(encoding="utf-8"))))
    unknown = {}
    for path in sorted((TEMPLATES / folder).glob("*.html")):
        strange = used_classes(re.sub(r"\{\{.*?\}\}", "{}", path.read_text(encoding="utf-8"))) - known
        if strange:
            unknown[path.name] = strange
    assert not unknown


# --- contrast ----------------------------------------------------------------------------------------


def _luminance(colour: str) -> float:
    def linear(part: str) -> float:
        value = int(part, 16) / 255
        return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(colour[i : i + 2]) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast of WCAG, 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _mixed(one: str, other: str, share: float) -> str:
    parts = [
        round(int(one[i : i + 2], 16) * share + int(other[i : i + 2], 16) * (1 - share)) for i in (1, 3, 5)
    ]
    return "#" + "".join(f"{part:02x}" for part in parts)


def palette(mode: str) -> dict[str, str]:
    """The colours by name, light or dark."""
    light, dark = _without_comments((CSS / "tokens.css").read_text()).split(
        "@media (prefers-color-scheme: dark)"
    )
    colours = re.compile(r"--([\w-]+):\s*(#[0-9a-fA-F]{6})")
    found = {name: value.lower() for name, value in colours.findall(light)}
    if mode == "dark":
        found |= {n: v.lower() for n, v in colours.findall(dark.split("@media")[0])}
    return found


GROUNDS = ("paper", "sheet", "wash")
OUTCOMES = ("stop", "today", "clear", "book")
TEXT = [
    *((text, ground) for ground in GROUNDS for text in ("ink", "ink-2", "ink-3", "clay")),
    *((text, ground) for ground in GROUNDS for text in ("green", "green-deep")),
    *((text, "green-wash") for text in ("ink", "ink-2", "ink-3", "green")),
    ("ink", "clay-wash"), ("clay", "clay-wash"), ("on-green", "green"), ("on-green", "green-deep"),
    ("on-band", "stop-band"),
    *((f"{o}-ink", ground) for o in OUTCOMES for ground in (*GROUNDS, f"{o}-wash")),
    *((text, f"{o}-wash") for o in OUTCOMES for text in ("ink", "ink-2", "green")),
    *(("on-solid", o) for o in OUTCOMES),
]  # fmt: skip
SIGNS = [
    *((sign, ground) for ground in (*GROUNDS, "green-wash") for sign in ("edge", "clay")),
    *((o, ground) for o in OUTCOMES for ground in ("paper", "sheet", f"{o}-wash")),
    *((f"t{n}", ground) for n in range(1, 9) for ground in ("paper", "sheet")),
]


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(TEXT, 4.5), (SIGNS, 3.0)], ids=["text", "signs"])
def test_colours_keep_their_contrast(mode: str, pairs: list[tuple[str, str]], least: float) -> None:
    colours = palette(mode)
    short = {
        pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2)
        for pair in pairs
        if contrast(colours[pair[0]], colours[pair[1]]) < least
    }
    assert not short


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_lines_of_light_only_stand_out_from_every_ground(mode: str) -> None:
    colours = palette(mode)
    ink, paper = colours["ink"], colours["paper"]
    line = _mixed(ink, paper, 0.78)
    grounds = [_mixed(ink, paper, 0.07)] + [_mixed(colours[c], paper, 0.34) for c in ("green", "clay")]
    assert min(contrast(line, ground) for ground in grounds) >= 3.0


# --- weight and policy -------------------------------------------------------------------------------


def test_the_fonts_named_are_those_that_set_up_brings() -> None:
    from devkit import setup

    named = set(re.findall(r'url\("\.\./\.\./vendor/([^"]+)"\)', (CSS / "tokens.css").read_text()))
    assert len(named) == 2
    assert named <= set(setup.VENDOR_FILES.values())


def test_styles_and_scripts_of_a_first_visit_are_light() -> None:
    sheets = b"".join((CSS / name).read_bytes() for name in ("tokens.css", "base.css", "components.css"))
    scripts = b"".join(path.read_bytes() for path in (STATIC / "js").glob("*.js") if path.name != "board.js")
    assert len(gzip.compress(sheets)) < 16_000
    assert sum(len((STATIC / "js" / n).read_bytes()) for n in ("app.js", "hold.js", "bodymap.js")) < 10_000
    for forbidden in (b"eval(", b"new Function", b"innerHTML", b"document.write"):
        assert forbidden not in scripts


def test_nothing_is_asked_of_another_house() -> None:
    for path in [*CSS.glob("*.css"), *(STATIC / "js").glob("*.js"), *(STATIC / "svg").glob("*.svg")]:
        strange = re.sub(r"http://www\.w3\.org/\S+", "", path.read_text(encoding="utf-8"))
        assert not re.search(r'https?:|url\("//', strange), path.name
