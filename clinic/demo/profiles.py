"""Who comes to the demo clinic and what they answer: profiles from which answers are drawn. Data alone.

Areas are written by the number of their region ("B07" for the low back), several in one string. Each
tuple lists what is drawn from. Whether a profile ends clear, with limits or held is for the rules to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of client; `weight` says how common. `pain` and `ages` are from-to, `also` fixed answers."""

    weight: int
    ages: tuple[int, int]
    goals: tuple[str, ...]
    pressures: tuple[int, ...]
    hurts: tuple[str, ...] = ("",)
    work: tuple[str, ...] = ("",)
    leave: str = ""
    pain: tuple[int, int] = (2, 6)
    lengths: tuple[str, ...] = ("subacute", "chronic")
    starts: tuple[str, ...] = ("desk_posture",)
    feels: tuple[str, ...] = ("tight_achy",)
    patterns: tuple[str, ...] = ("eases_moving", "eases_rest")
    trends: tuple[str, ...] = ("same", "better", "comes_goes")
    also: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ("",)


# Those who may book, with or without limits.
WELCOME = (
    Profile(13, (24, 68), ("relax",), (2, 3), work=("", "B05 B02", "B03 B04 B05", "B06 B07")),
    Profile(6, (21, 60), ("relax",), (1, 2), also={"sensitivity": ["first_massage", "touch_worry"]}),
    Profile(
        14, (25, 61), ("ease_pain", "move_better"), (3, 4),
        hurts=("B02 B05", "B02 B03 B04", "B05 B03", "B02 B04 B05"), starts=("desk_posture", "stress"),
        feels=("tight_achy", "knots_refer", "stiff"), work=("", "B05 B06"),
        notes=("", "", "", "Left side more than right."),
    ),
    Profile(
        11, (28, 66), ("ease_pain",), (3, 4), hurts=("B07", "B06 B07", "B07 B09", "B07 B10"),
        lengths=("acute", "subacute", "chronic"), starts=("desk_posture", "lift_twist"),
        feels=("tight_achy", "stiff"),
    ),
    Profile(
        10, (19, 48), ("sport_recovery",), (4, 5), hurts=("B13 B14", "B11 B12", "F09 F10", "B07 B11"),
        lengths=("acute", "subacute"), starts=("sport",), feels=("tight_achy", "stiff"), pain=(1, 5),
        work=("", "B13 B14 F11 F12"), notes=("", "", "Running a half marathon in spring."),
    ),
    Profile(6, (20, 45), ("sport_recovery", "move_better"), (4, 5), work=("B11 B12 B13 B14", "F09 F10 B07")),
    Profile(
        7, (26, 58), ("ease_pain", "move_better"), (4, 5), hurts=("B03", "B04", "B03 B04 B05", "B02 B03"),
        feels=("knots_refer", "tight_achy"), starts=("desk_posture", "stress", "slow_no_reason"),
    ),
    Profile(
        5, (30, 59), ("relax", "ease_pain"), (2, 3), hurts=("B02", "B02 B01"), feels=("band_headache",),
        starts=("stress", "desk_posture"), also={"head_neck_signs": ["tension_headache"]}, pain=(2, 5),
    ),
    Profile(
        5, (27, 63), ("move_better",), (2, 3, 4), hurts=("F03", "F04", "B03 F03"),
        feels=("stiff", "scar_tight"),
        starts=("slow_no_reason", "desk_posture"), also={"ops": ["old_scar"]},
    ),
    Profile(5, (22, 55), ("relax", "move_better"), (3, 4), also={"sensitivity": ["stay_clothed"]}),
    Profile(4, (24, 57), ("move_better",), (4, 5), work=("B07 B11 B12", "B05 B06 B07"), hurts=("", "B07")),
    # With limits.
    Profile(
        7, (25, 39), ("relax", "ease_pain"), (2, 3), hurts=("B07", "B07 B09 B10", ""), work=("B05", "B07"),
        lengths=("acute", "subacute"), starts=("slow_no_reason",), pain=(2, 4),
        also={"pregnancy": "weeks_13_27"}, notes=("", "First baby."),
    ),
    Profile(
        5, (26, 41), ("relax",), (2,), hurts=("B07", ""), lengths=("acute",), starts=("slow_no_reason",),
        pain=(2, 4), also={"pregnancy": "weeks_28_plus"},
    ),
    Profile(6, (45, 74), ("relax", "ease_pain"), (2, 3), hurts=("B02 B05", ""), also={"blood": ["varicose"]}),
    Profile(
        4, (58, 77), ("relax",), (1, 2),
        also={"blood": ["blood_thinner"], "heart": ["heart_past_stable"]},
    ),
    Profile(
        4, (62, 79), ("relax",), (1, 2), hurts=("", "F11"),
        also={"bones": ["osteoporosis", "wear_checked"]},
    ),
    Profile(5, (31, 66), ("ease_pain", "relax"), (3,), hurts=("B05 B02",), also={"allergies": ["nuts"]}),
    Profile(
        4, (23, 62), ("relax",), (2, 3),
        also={"allergies": ["scent"], "sensitivity": ["skin_sensitive"]},
    ),
    Profile(
        4, (48, 72), ("relax", "move_better"), (2, 3), hurts=("", "B07"),
        also={"nerves_brain": ["diabetes"]},
    ),
    Profile(
        4, (44, 70), ("ease_pain",), (3, 4), hurts=("B07", "B07 B08"), also={"bones": ["disc_known"]},
        lengths=("chronic",), starts=("lift_twist",), feels=("stiff", "tight_achy"),
    ),
    Profile(
        4, (22, 64), ("ease_pain", "relax"), (2, 3), hurts=("B05",),
        also={"sensitivity": ["bruise_easily"]},
    ),
    Profile(3, (75, 84), ("relax", "move_better"), (1, 2), hurts=("", "B02")),
    Profile(
        3, (20, 52), ("relax", "ease_pain"), (2, 3), hurts=("B05",),
        also={"skin": ["ecz_pso"], "skin_areas": ["F06_arm_hand_l", "F07_arm_hand_r"]},
    ),
    Profile(
        3, (34, 69), ("move_better", "ease_pain"), (3,), hurts=("F11", "F12"),
        also={"bones": ["joint_metal"]},
    ),
    Profile(
        3, (29, 63), ("ease_pain",), (3, 4), hurts=("B09 B11", "B10 B12"), feels=("shooting_leg",),
        starts=("desk_posture", "lift_twist"), also={"nerve_signs": ["one_limb_tingle_checked"]}, pain=(3, 6),
    ),
    Profile(3, (21, 60), ("relax",), (2, 3), leave="F08 F11 F12", notes=("", "Ticklish feet.")),
    Profile(2, (50, 74), ("relax",), (2,), also={"cancer_history": "past_over_5y"}),
    Profile(
        2, (38, 66), ("relax", "ease_pain"), (2,),
        also={"bones": ["inflam_calm"], "heart": ["bp_controlled"]},
    ),
    Profile(2, (16, 17), ("sport_recovery",), (3, 4), work=("B13 B14",), also={"guardian_ok": "attend"}),
    Profile(2, (26, 40), ("relax",), (2, 3), also={"pregnancy": "birth_6w"}),
    Profile(
        2, (33, 61), ("relax",), (2,),
        also={"sensitivity": ["flare_after_touch"], "head_neck_signs": ["migraine"]},
    ),
)  # fmt: skip

# Those who wait for somebody's yes.
HELD = (
    Profile(1, (51, 69), ("relax",), (2, 3), also={"heart": ["bp_not_controlled"]}),
    Profile(
        1, (34, 58), ("ease_pain",), (3,),
        hurts=("B07",), pain=(8, 9), lengths=("acute",), starts=("lift_twist",),
    ),
    Profile(1, (44, 66), ("relax",), (2,), also={"cancer_history": "past_under_5y"}),
    Profile(
        1, (30, 62), ("relax",), (2,),
        also={"ops": ["op_6w"], "op_areas": ["F12_knee_shin_foot_r"]},
        notes=("", "Keyhole, three weeks ago."),
    ),
    Profile(1, (26, 38), ("relax",), (2,), also={"pregnancy": "weeks_1_12"}),
    Profile(
        1, (29, 57), ("ease_pain",), (3,), hurts=("B02 B04",), feels=("shooting_arm",),
        also={"nerve_signs": ["one_limb_tingle_unchecked"]},
    ),
    Profile(1, (24, 49), ("relax",), (3,), also={"nerves_brain": ["fit_6m"]}),
    Profile(
        1, (40, 64), ("ease_pain",), (3,), hurts=("B07",), patterns=("cough_strain",), trends=("same",),
        lengths=("subacute",), starts=("lift_twist",),
    ),
    Profile(1, (25, 52), ("relax",), (3,), also={"feeling_ill": ["cold_flu_bug"]}),
)  # fmt: skip
