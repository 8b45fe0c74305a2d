"""What a step of Dagster is called and why it failed, as people read it."""

from __future__ import annotations

from typing import Any

import dagster as dg


def name_of_step(step_key: str | None) -> str:
    """The table of a step, or the name of a step with several tables."""
    return (step_key or "").replace("__", ".", 1)


def failure_of(event: dg.DagsterEvent) -> str:
    """Why a step failed, in one line."""
    data = event.step_failure_data
    description = data.user_failure_data.description if data.user_failure_data else None
    return description or own_message(data.error)


def own_message(error: Any) -> str:
    """The cause of a Dagster error: the message of an error of etl, else the first one not of Dagster."""
    chain: list[str] = []
    while error is not None:
        chain.append(str(error.message).strip())
        error = error.cause
    own = [message.partition(": ")[2] for message in chain if message.startswith("etl.")]
    foreign = [message for message in chain if not message.startswith(("dagster.", "Exceeded max_retries"))]
    return (own or foreign or chain)[0]
