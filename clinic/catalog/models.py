"""What the clinic offers, and the skills it takes."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.db import Base
from clinic.kernel.money import Money


class Skill(Base):
    """Something a therapist is trained in; an offering asks for one."""

    __tablename__ = "skill"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(80), unique=True)
    is_active: Mapped[bool] = mapped_column(default=True)


class Offering(Base):
    """A session type. `technique` is a key of the clinical content; `desk_name` has no health word."""

    __tablename__ = "offering"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(80), unique=True)
    desk_name: Mapped[str] = mapped_column(sa.String(40))
    technique: Mapped[str] = mapped_column(sa.String(40), index=True)
    skill_id: Mapped[int] = mapped_column(sa.ForeignKey("skill.id"))
    summary: Mapped[str] = mapped_column(sa.Text, default="")
    position: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    skill: Mapped[Skill] = relationship(lazy="joined", innerjoin=True)
    options: Mapped[list[OfferingOption]] = relationship(
        back_populates="offering", lazy="selectin", order_by="OfferingOption.minutes"
    )

    __mapper_args__ = {"version_id_col": version}


class OfferingOption(Base):
    """A length of an offering and what it costs. Minutes are hands-on; buffers are not shown to clients.

    The therapist is taken from `buffer_before_minutes` before the start to `buffer_after_minutes`
    after the end, the room to `turnover_minutes` after the end.
    """

    __tablename__ = "offering_option"

    id: Mapped[int] = mapped_column(primary_key=True)
    offering_id: Mapped[int] = mapped_column(sa.ForeignKey("offering.id"), index=True)
    minutes: Mapped[int]
    price_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(sa.String(3))
    buffer_before_minutes: Mapped[int] = mapped_column(default=0)
    buffer_after_minutes: Mapped[int] = mapped_column(default=0)
    turnover_minutes: Mapped[int] = mapped_column(default=0)
    pressure_lightest: Mapped[int] = mapped_column(default=1)
    pressure_firmest: Mapped[int] = mapped_column(default=5)
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    offering: Mapped[Offering] = relationship(back_populates="options", lazy="joined", innerjoin=True)

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.UniqueConstraint("offering_id", "minutes"),
        sa.CheckConstraint("minutes BETWEEN 5 AND 480 AND minutes % 5 = 0", name="minutes"),
        sa.CheckConstraint("price_minor >= 0", name="price"),
        sa.CheckConstraint(
            "buffer_before_minutes BETWEEN 0 AND 240 AND buffer_after_minutes BETWEEN 0 AND 240 "
            "AND turnover_minutes BETWEEN 0 AND 240",
            name="buffers",
        ),
        sa.CheckConstraint(
            "pressure_lightest BETWEEN 1 AND 5 AND pressure_firmest BETWEEN pressure_lightest AND 5",
            name="pressure",
        ),
    )

    @property
    def price(self) -> Money:
        return Money(self.price_minor, self.currency)
