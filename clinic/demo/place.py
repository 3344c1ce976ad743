"""What the demo clinic has: places, rooms, what it offers, who works there and when. Data alone.

Hours are wall times, written from-to as in "8.30-16.00"; lengths are minutes, prices pence. Telephone
numbers are from the ranges kept free for films and books, e-mail addresses from reserved domains.
"""

from __future__ import annotations

from dataclasses import dataclass

CLINIC_NAME = "Linden Rooms"
ZONE = "Europe/London"
CURRENCY = "GBP"
CANAL, MILL = "Canal Street", "Mill Lane"


@dataclass(frozen=True, slots=True)
class DemoRoom:
    """A room, the techniques that can be given in it, and how many people at once."""

    name: str
    site: str
    techniques: frozenset[str]
    is_step_free: bool = False
    places: int = 1


@dataclass(frozen=True, slots=True)
class DemoOffering:
    """An offering; `lengths` are (minutes, price in pence)."""

    name: str
    desk_name: str
    technique: str
    summary: str
    lengths: tuple[tuple[int, int], ...]
    before: int = 0
    after: int = 15
    turnover: int = 10


@dataclass(frozen=True, slots=True)
class DemoTherapist:
    """A therapist. Each line of `hours` is: site, days, from-to, breaks (from-to, any number)."""

    name: str
    hue: int
    gender: str
    techniques: tuple[str, ...]
    hours: tuple[tuple[str, str, str, tuple[str, ...]], ...]
    registration: str
    about: str

    @property
    def email(self) -> str:
        return f"{self.name.split()[0].lower()}@demo.example"

    @property
    def weekly_minutes(self) -> int:
        """The minutes from opening to closing in a week, breaks left out."""
        return sum(
            (length(span) - sum(map(length, breaks))) * len(days.split())
            for _site, days, span, breaks in self.hours
        )


def wall_span(text: str) -> tuple[int, int]:
    """The minutes of the day of '8.30-16.00'."""
    start, end = (int(hour) * 60 + int(minute) for hour, minute in (at.split(".") for at in text.split("-")))
    return start, end


def length(text: str) -> int:
    """The minutes from one end of '8.30-16.00' to the other."""
    start, end = wall_span(text)
    return end - start


SITES = (
    {
        "name": CANAL,
        "slug": "canal-street",
        "address": "14 Canal Street\nLondon",
        "directions": "Green door beside the bakery, first floor, with a lift. Bus 38 and 73 stop at Canal "
        "Bridge, two minutes away.",
        "phone": "+442079460142",
        "email": "canal-street@demo.example",
    },
    {
        "name": MILL,
        "slug": "mill-lane",
        "address": "3 Mill Lane\nLondon",
        "directions": "Ground floor, step-free, two parking places. Ring the bell at the yard gate.",
        "phone": "+442079460143",
        "email": "mill-lane@demo.example",
    },
)

_TABLE = frozenset(
    {"swedish", "deep_tissue", "trigger_point", "myofascial", "craniosacral", "sports", "pregnancy"}
)

ROOMS = (
    DemoRoom("Room 1", CANAL, _TABLE),
    DemoRoom("Room 2", CANAL, _TABLE, places=2),
    DemoRoom("Chair corner", CANAL, frozenset({"chair"})),
    DemoRoom("Room 3", MILL, _TABLE | {"chair"}),
    DemoRoom("Room 4", MILL, _TABLE | {"chair"}, is_step_free=True),
    DemoRoom("Mat room", MILL, frozenset({"thai", "shiatsu"})),
)

OFFERINGS = (
    DemoOffering(
        "Swedish massage", "Swedish", "swedish",
        "Long, flowing strokes with oil, kneading and circles. The classic.",
        ((30, 3600), (45, 4900), (60, 6200), (75, 7600), (90, 8900)),
    ),
    DemoOffering(
        "Deep tissue massage", "Deep tissue", "deep_tissue",
        "Slow, firm work with thumbs and forearms, one layer at a time.",
        ((45, 5400), (60, 6800), (75, 8200)),
    ),
    DemoOffering(
        "Trigger point", "Trigger point", "trigger_point",
        "Press a sore spot, hold, let go, move on. One area, not the whole body.",
        ((30, 3800), (45, 5000), (60, 6400)),
    ),
    DemoOffering(
        "Myofascial release", "Myofascial", "myofascial",
        "Slow holds and stretches with little oil. Starts gentle, then builds.",
        ((45, 5400), (60, 6800), (75, 8200)),
    ),
    DemoOffering(
        "Craniosacral", "Craniosacral", "craniosacral",
        "Very light, still touch on head and neck, clothes on. Many find it calming.",
        ((45, 5200), (60, 6400)),
        before=5, turnover=5,
    ),
    DemoOffering(
        "Shiatsu", "Shiatsu", "shiatsu",
        "From Japan. Thumbs and palms press along lines, clothes on, no oil.",
        ((45, 5200), (60, 6600), (75, 8000)),
        turnover=5,
    ),
    DemoOffering(
        "Thai massage", "Thai", "thai",
        "Stretches and presses on a floor mat, in loose clothes, no oil.",
        ((60, 7000), (75, 8400), (90, 9800)),
    ),
    DemoOffering(
        "Sports massage", "Sports", "sports",
        "Firm, brisk strokes and stretches round your training.",
        ((30, 4000), (45, 5400), (60, 6800)),
    ),
    DemoOffering(
        "Chair massage", "Chair", "chair",
        "Seated, clothes on, no oil. Neck, shoulders, back and arms.",
        ((15, 1800), (20, 2300), (30, 3200)),
        after=5, turnover=5,
    ),
    DemoOffering(
        "Pregnancy massage", "Side-lying", "pregnancy",
        "Gentle strokes, lying on your side with pillows. From 13 weeks on.",
        ((45, 5400), (60, 6800)),
        before=5,
    ),
)  # fmt: skip

THERAPISTS = (
    DemoTherapist(
        "Amara Osei", 4, "woman", ("swedish", "myofascial", "pregnancy"),
        (
            (CANAL, "Mon Tue Wed", "8.30-16.00", ("12.15-13.00",)),
            (CANAL, "Fri", "8.30-15.00", ("12.00-12.30",)),
            (CANAL, "Sat", "9.00-14.00", ()),
        ),
        "LR-1042", "Fifteen years at the table. Unhurried, and good with shoulders that live near the ears.",
    ),
    DemoTherapist(
        "Tom Whitfield", 2, "man", ("deep_tissue", "sports", "trigger_point"),
        (
            (CANAL, "Mon Thu", "12.00-20.00", ("16.00-16.30",)),
            (CANAL, "Tue Fri", "13.00-20.00", ("16.30-17.00",)),
            (CANAL, "Sat", "12.00-18.00", ("15.00-15.30",)),
        ),
        "LR-1187", "Once rowed, badly. Now looks after people who do it well, and people who sit all day.",
    ),
    DemoTherapist(
        "Priya Nair", 6, "woman", ("swedish", "craniosacral", "pregnancy"),
        (
            (CANAL, "Mon Wed Thu", "13.00-20.00", ("16.30-17.00",)),
            (MILL, "Fri", "9.00-16.00", ("12.30-13.15",)),
            (CANAL, "Sun", "10.00-16.00", ("13.00-13.30",)),
        ),
        "LR-1203", "Light hands and long pauses. A midwife in an earlier life.",
    ),
    DemoTherapist(
        "Joseph Kimani", 1, "man", ("deep_tissue", "myofascial", "chair"),
        (
            (CANAL, "Mon Tue Wed Thu", "8.30-14.30", ("11.30-12.00",)),
            (CANAL, "Fri", "9.00-17.00", ("12.30-13.15",)),
        ),
        "LR-1078", "Slow and exact. Ask him about the chair by the window.",
    ),
    DemoTherapist(
        "Elena Marsh", 3, "woman", ("swedish", "trigger_point", "chair"),
        (
            (MILL, "Tue Wed Fri", "9.00-17.00", ("12.30-13.15",)),
            (CANAL, "Thu", "8.30-15.00", ("12.00-12.30",)),
            (CANAL, "Sun", "11.00-17.00", ("13.30-14.00",)),
        ),
        "LR-1121", "Finds the knot before you have shown her. Plays the cello at weekends.",
    ),
    DemoTherapist(
        "Hana Sato", 8, "woman", ("shiatsu", "thai", "swedish"),
        (
            (MILL, "Tue Wed", "9.30-17.30", ("12.30-13.30",)),
            (MILL, "Thu", "11.00-19.00", ("14.00-15.00",)),
            (MILL, "Sat", "9.30-17.00", ("12.30-13.15",)),
        ),
        "LR-1166", "Learned shiatsu in Kyoto and Thai massage in Chiang Mai.",
    ),
    DemoTherapist(
        "Callum Reid", 5, "man", ("sports", "deep_tissue", "myofascial"),
        (
            (MILL, "Tue Wed Thu Fri", "12.00-19.00", ("15.30-16.00",)),
            (MILL, "Sat", "11.00-18.00", ("14.00-14.30",)),
        ),
        "LR-1215", "Looks after two running clubs and a ballet school.",
    ),
    DemoTherapist(
        "Grace Lindqvist", 7, "woman", ("craniosacral", "swedish", "pregnancy"),
        (
            (MILL, "Tue Thu", "9.00-16.00", ("12.30-13.00",)),
            (MILL, "Wed Fri", "12.30-19.00", ("15.30-16.00",)),
            (MILL, "Sat", "14.00-18.30", ()),
        ),
        "LR-1099", "The quietest room in the house. First visits often end in sleep.",
    ),
)  # fmt: skip

DESK = ("Sam Webb", "desk@demo.example")
OWNER = ("Nora Linden", "owner@demo.example")
