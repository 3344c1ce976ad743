"""What each way of working is like, in plain words; claims no more than the evidence bears."""

from __future__ import annotations

from dataclasses import dataclass

from clinic.intake.techniques import load_techniques


@dataclass(frozen=True, slots=True)
class Card:
    """A technique for clients: what it is like, how it is afterwards, oil and clothes."""

    name: str
    about: str
    after: str
    oil: str
    clothes: str


_UNDER_A_SHEET = "Off to your underwear, under a sheet"
_ON = "On. Wear something loose"

CARDS = {
    "swedish": Card(
        "Swedish",
        "Long, flowing strokes with oil, kneading and circles. The classic.",
        "You may feel sleepy",
        "Yes",
        _UNDER_A_SHEET,
    ),
    "deep_tissue": Card(
        "Deep tissue",
        "Slow, firm work with thumbs and forearms, one layer at a time.",
        "You may be tender for a day or two",
        "A little",
        _UNDER_A_SHEET,
    ),
    "trigger_point": Card(
        "Trigger point",
        "Press a sore spot, hold, let go, move on. One area, not the whole body.",
        "A spot may be sore for a day",
        "A little",
        _UNDER_A_SHEET,
    ),
    "myofascial": Card(
        "Myofascial release",
        "Slow holds and stretches with little oil. Starts gentle, then builds.",
        "You may ache a little, or feel tired",
        "Very little",
        _UNDER_A_SHEET,
    ),
    "craniosacral": Card(
        "Craniosacral",
        "Very light, still touch on head, neck and tailbone. Many people find it calming.",
        "You may feel sleepy",
        "No",
        _ON,
    ),
    "shiatsu": Card(
        "Shiatsu",
        "From Japan. Thumbs and palms press along lines, with gentle stretches.",
        "Rest if you are tired",
        "No",
        _ON,
    ),
    "thai": Card(
        "Thai",
        "On a mat. Presses along lines, and stretches that are done for you.",
        "Your muscles may ache for a day",
        "No",
        _ON,
    ),
    "sports": Card(
        "Sports",
        "Firm strokes and stretches round your training. May take the edge off soreness.",
        "You may be a little sore",
        "A little",
        _UNDER_A_SHEET,
    ),
    "chair": Card(
        "Chair",
        "Seated. Neck, shoulders, back and arms, for a short visit.",
        "Nothing special. Get up slowly",
        "No",
        _ON,
    ),
    "pregnancy": Card(
        "Pregnancy",
        "Lying on your side with pillows, light to medium, from 13 weeks.",
        "Rest on your left side",
        "Yes",
        _UNDER_A_SHEET,
    ),
}


def card(technique: str) -> Card:
    """The card of a technique; one with its name alone, where nobody has written one yet."""
    return CARDS.get(technique) or Card(technique.replace("_", " ").capitalize(), "", "", "", _UNDER_A_SHEET)


def firmness(technique: str, cap: int | None = None) -> tuple[int, int, str]:
    """From, to (1 to 5) and the words for how firm it is: (2, 4, 'Light to firm'), at most `cap`."""
    known = load_techniques()
    found = known.by_id.get(technique)
    low, high = (found.lightest, found.firmest) if found else (1, 5)
    high = max(low, min(high, cap or high))
    first, last = known.pressure_word(low), known.pressure_word(high)
    words = first if low == high else f"{first} to {last}"
    return low, high, f"{words[0].upper()}{words[1:]}"
