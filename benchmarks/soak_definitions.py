"""The definitions of the project for `benchmarks.soak`: sensor and daily schedule are on, the latter often."""

import dagster as dg

from assets.definitions import definitions

OFTEN = "*/7 * * * *"


@dg.definitions
def defs() -> dg.Definitions:
    """As the project's own, but switched on."""
    made = definitions()
    for sensor in made.sensors or ():
        sensor._default_status = dg.DefaultSensorStatus.RUNNING
    for schedule in made.schedules or ():
        if isinstance(schedule, dg.ScheduleDefinition) and schedule.name == "refresh_daily_every_morning":
            schedule._cron_schedule = OFTEN
            schedule._default_status = dg.DefaultScheduleStatus.RUNNING
    return made
