"""Everything that can be done to an appointment, in any order: the services do what a plain model says.

How many runs: CLINIC_MACHINE_EXAMPLES.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy.engine import Engine

from tests.booking.machine_series import WholeDesk

pytestmark = pytest.mark.database
EXAMPLES = int(os.environ.get("CLINIC_MACHINE_EXAMPLES", "12"))


def test_the_services_do_what_the_model_says(shared_engine: Engine) -> None:
    class HereDesk(WholeDesk):
        engine = shared_engine

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        HereDesk,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
